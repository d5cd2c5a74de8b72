/**
 * Channels of zeros before and after a value's own: [N, C, ...] -> [N, before + C + after, ...]. The shortcut without
 * parameters (option A, arXiv:1512.03385, section 3.3).
 */
import { ShapeError } from '../errors.ts'
import { channelCount, channelSize, copyChannels } from './channels.ts'
import { onnxInput } from './onnx.ts'
import { item, type Operation, outputGradient } from './operation.ts'
import { elements } from './shape.ts'
import { slice } from './slice.ts'

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
