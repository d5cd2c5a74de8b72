/** Channels of zeros before and after: option A's way to widen a shortcut (arXiv:1512.03385, section 3.3). */
import { channelCount, channelSize, copyChannels } from './channels.ts'
import { item, type Operation, outputGradient } from './operation.ts'
import { elements } from './shape.ts'
import { slice } from './slice.ts'

export const padChannels: Operation<{ readonly before: number; readonly after: number }> = {
  name: 'padChannels',
  shapes(inputs, { before, after }) {
    const x = item(inputs, 0, 'padChannels')
    return [x.with(1, before + channelCount(x, 'padChannels') + after)]
  },
  gradient(context) {
    const length = channelCount(item(context.inputs, 0, 'padChannels').shape, 'padChannels')
    const attributes = { axis: 1, start: context.attributes.before, length } as const
    return [context.emit.one(slice, attributes, [outputGradient(context)])]
  },
  reference(inputs, { before }, outputs) {
    const { data, shape } = item(inputs, 0, 'padChannels')
    const padded = item(outputs, 0, 'padChannels')
    const [batch = 0, count = 0] = shape
    const y = new Float64Array(elements(padded))
    const run = { batch, count, size: channelSize(shape) }
    copyChannels(
      { data, channels: count, first: 0 },
      { data: y, channels: padded[1] ?? 0, first: before },
      run,
    )
    return [y]
  },
}
