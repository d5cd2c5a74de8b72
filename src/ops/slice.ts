/** A run of channels, and channels of zeros around a value's own: each is the other's gradient. */
import { ShapeError } from '../errors.ts'
import { channelCount, channelSize, copyChannels } from './channels.ts'
import { onnxInput } from './onnx.ts'
import { item, type Operation, outputGradient } from './operation.ts'
import { elements, formatShape } from './shape.ts'

/** [N, C, ...] -> [N, length, ...]. */
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

/**
 * [N, C, ...] -> [N, before + C + after, ...]. The shortcut without parameters (option A, arXiv:1512.03385, section 3.3).
 */
export const padChannels: Operation<{ readonly before: number; readonly after: number }> = {
  name: 'padChannels',
  shapes(inputs, { before, after }) {
    const x = item(inputs, 0, 'padChannels')
    if (before < 0 || after < 0) {
      throw new ShapeError(`padChannels cannot add ${before} channels before and ${after} after`)
    }
    return [x.with(1, before + channelCount(x, 'padChannels') + after)]
  },
  gradient(context) {
    const length = channelCount(item(context.inputs, 0, 'padChannels').shape, 'padChannels')
    const attributes = { axis: 1, start: context.attributes.before, length } as const
    return [context.emit.one(slice, attributes, [outputGradient(context)])]
  },
  onnx(context) {
    const { before, after } = context.attributes
    const cells = (count: number) => context.outputShape.map((_, axis) => (axis === 1 ? count : 0))
    const pads = context.integers([...cells(before), ...cells(after)])
    return { type: 'Pad', inputs: [onnxInput(context), pads] }
  },
  reference(inputs, { before }, outputs) {
    const [x, shape] = [item(inputs, 0, 'padChannels'), item(outputs, 0, 'padChannels')]
    const [batch = 0, channels = 0] = shape
    const count = channelCount(x.shape, 'padChannels')
    const y = new Float64Array(elements(shape))
    const to = { data: y, channels, first: before }
    copyChannels({ data: x.data, channels: count, first: 0 }, to, { batch, count, size: channelSize(shape) })
    return [y]
  },
}
