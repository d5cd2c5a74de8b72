/** Concatenation along the channels: any number of values [N, Cᵢ, H, W] -> [N, ΣCᵢ, H, W] (arXiv:1608.06993). */
import { ShapeError } from '../errors.ts'
import { channelCount, channelSize, copyChannels } from './channels.ts'
import { item, type Operation, outputGradient } from './operation.ts'
import { elements, formatShape, sameShape } from './shape.ts'
import { slice } from './slice.ts'

export const concat: Operation<{ readonly axis: 1 }> = {
  name: 'concat',
  shapes(inputs) {
    const first = item(inputs, 0, 'concat')
    let channels = 0
    for (const shape of inputs) {
      channels += channelCount(shape, 'concat')
      if (!sameShape(first.with(1, 1), shape.with(1, 1))) {
        throw new ShapeError(
          `concat needs maps of one size, not ${formatShape(first)} and ${formatShape(shape)}`,
        )
      }
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
  onnx: ({ inputs }) => ({ type: 'Concat', inputs, attributes: { axis: { int: 1 } } }),
  reference(inputs, _attributes, outputs) {
    const shape = item(outputs, 0, 'concat')
    const [batch = 0, channels = 0] = shape
    const y = new Float64Array(elements(shape))
    let first = 0
    for (const { data, shape: part } of inputs) {
      const count = part[1] ?? 0
      copyChannels(
        { data, channels: count, first: 0 },
        { data: y, channels, first },
        { batch, count, size: channelSize(shape) },
      )
      first += count
    }
    return [y]
  },
}
