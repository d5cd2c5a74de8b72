/** A run of channels: [N, C, ...] -> [N, length, ...]. */
import { ShapeError } from '../errors.ts'
import { channelCount, channelSize, copyChannels } from './channels.ts'
import { item, type Operation, outputGradient } from './operation.ts'
import { padChannels } from './pad-channels.ts'
import { elements, formatShape } from './shape.ts'

export const slice: Operation<{ readonly axis: 1; readonly start: number; readonly length: number }> = {
  name: 'slice',
  shapes(inputs, { start, length }) {
    const x = item(inputs, 0, 'slice')
    if (start < 0 || length < 1 || start + length > channelCount(x, 'slice')) {
      throw new ShapeError(`channels ${start} to ${start + length - 1} are not all in ${formatShape(x)}`)
    }
    return [x.with(1, length)]
  },
  gradient(context) {
    const { start, length } = context.attributes
    const after = channelCount(item(context.inputs, 0, 'slice').shape, 'slice') - start - length
    return [context.emit.one(padChannels, { before: start, after }, [outputGradient(context)])]
  },
  onnx: ({ inputs, attributes: { axis, start, length }, integers }) => ({
    type: 'Slice',
    inputs: [...inputs, integers([start]), integers([start + length]), integers([axis])],
  }),
  reference(inputs, { start, length }, outputs) {
    const { data, shape } = item(inputs, 0, 'slice')
    const [batch = 0, channels = 0] = shape
    const y = new Float64Array(elements(item(outputs, 0, 'slice')))
    const run = { batch, count: length, size: channelSize(shape) }
    copyChannels({ data, channels, first: start }, { data: y, channels: length, first: 0 }, run)
    return [y]
  },
}
