/** Feature maps [N, Ci, ...] side by side along the channels: [N, C1 + C2 + ..., ...]. What dense blocks are made of. */
import { ShapeError } from '../errors.ts'
import { channelCount, channelSize, copyChannels } from './channels.ts'
import { item, type Operation, outputGradient } from './operation.ts'
import { elements, formatShape, sameShape } from './shape.ts'
import { slice } from './slice.ts'

export const concat: Operation<{ readonly axis: 1 }> = {
  name: 'concat',
  shapes(inputs) {
    const [first, rest] = [item(inputs, 0, 'concat'), inputs.slice(1)]
    let channels = channelCount(first, 'concat')
    for (const next of rest) {
      const count = channelCount(next, 'concat')
      if (!sameShape(next, first.with(1, count))) {
        throw new ShapeError(
          `concat needs values that differ in channels alone, not ${formatShape(first)} and ${formatShape(next)}`,
        )
      }
      channels += count
    }
    return [first.with(1, channels)]
  },
  gradient(context) {
    const dy = outputGradient(context)
    let start = 0
    return context.inputs.map((input, index) => {
      const length = channelCount(input.shape, 'concat')
      const from = start
      start += length
      return context.wants(index)
        ? context.emit.one(slice, { axis: 1, start: from, length }, [dy])
        : undefined
    })
  },
  reference(inputs, _attributes, outputs) {
    const shape = item(outputs, 0, 'concat')
    const [batch = 0, channels = 0] = shape
    const y = new Float64Array(elements(shape))
    let first = 0
    for (const x of inputs) {
      const count = channelCount(x.shape, 'concat')
      const from = { data: x.data, channels: count, first: 0 }
      copyChannels(from, { data: y, channels, first }, { batch, count, size: channelSize(shape) })
      first += count
    }
    return [y]
  },
}
