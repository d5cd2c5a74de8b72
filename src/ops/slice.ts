/** Some of a value's channels: [N, C, ...] -> [N, length, ...], from channel `start` on. */
import { ShapeError } from '../errors.ts'
import { channelCount, channelSize, copyChannels } from './channels.ts'
import { item, type Operation, outputGradient } from './operation.ts'
import { padChannels } from './pad-channels.ts'
import { elements, formatShape } from './shape.ts'

export interface SliceAttributes {
  readonly axis: 1
  readonly start: number
  readonly length: number
}

export const slice: Operation<SliceAttributes> = {
  name: 'slice',
  shapes(inputs, { start, length }) {
    const x = item(inputs, 0, 'slice')
    if (start < 0 || length < 1 || start + length > channelCount(x, 'slice')) {
      throw new ShapeError(
        `slice cannot take channels ${start} to ${start + length - 1} of ${formatShape(x)}`,
      )
    }
    return [x.with(1, length)]
  },
  gradient(context) {
    const { start, length } = context.attributes
    const after = channelCount(item(context.inputs, 0, 'slice').shape, 'slice') - start - length
    return [context.emit.one(padChannels, { before: start, after }, [outputGradient(context)])]
  },
  reference(inputs, { start, length }, outputs) {
    const [x, shape] = [item(inputs, 0, 'slice'), item(outputs, 0, 'slice')]
    const [batch = 0] = shape
    const y = new Float64Array(elements(shape))
    const from = { data: x.data, channels: channelCount(x.shape, 'slice'), first: start }
    const to = { data: y, channels: length, first: 0 }
    copyChannels(from, to, { batch, count: length, size: channelSize(shape) })
    return [y]
  },
}
