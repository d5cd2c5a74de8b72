/** Mean of each channel over the whole map: [N, C, H, W] -> [N, C, 1, 1]. */
import { channelSize } from './channels.ts'
import { sumOver } from './moments.ts'
import { item, type Operation, outputGradient } from './operation.ts'
import { scale } from './scale.ts'
import { elements, imageShape } from './shape.ts'
import { broadcastTo } from './sum-to.ts'

export const globalAveragePool: Operation<object> = {
  name: 'globalAveragePool',
  shapes(inputs) {
    const { batch, channels } = imageShape(inputs[0], 'globalAveragePool')
    return [[batch, channels, 1, 1]]
  },
  gradient(context) {
    const x = item(context.inputs, 0, 'globalAveragePool')
    const { height, width } = imageShape(x.shape, 'globalAveragePool')
    const share = context.emit.one(scale, { factor: 1 / (height * width), offset: 0 }, [
      outputGradient(context),
    ])
    return [context.emit.one(broadcastTo, { shape: x.shape, axes: [0, 1, 2, 3] }, [share])]
  },
  onnx: ({ inputs }) => ({ type: 'GlobalAveragePool', inputs }),
  reference(inputs, _attributes, outputs) {
    const x = item(inputs, 0, 'globalAveragePool')
    const length = channelSize(x.shape)
    const means = new Float64Array(elements(item(outputs, 0, 'globalAveragePool')))
    return [means.map((_, i) => sumOver({ starts: [i * length], length }, (at) => x.data[at] ?? 0) / length)]
  },
}
