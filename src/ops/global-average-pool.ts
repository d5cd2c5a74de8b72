/** Mean of each channel's whole map (arXiv:1312.4400): the head of every residual network. [N, C, H, W] -> [N, C, 1, 1]. */
import { item, type Operation, outputGradient } from './operation.ts'
import { scale } from './scale.ts'
import { elements, imageShape } from './shape.ts'
import { broadcastTo } from './sum-to.ts'

export const globalAveragePool: Operation<object> = {
  name: 'globalAveragePool',
  shapes(inputs) {
    const { batch, channels } = imageShape(inputs[0], 'the input of globalAveragePool')
    return [[batch, channels, 1, 1]]
  },
  gradient(context) {
    const { shape } = item(context.inputs, 0, 'globalAveragePool')
    const { height, width } = imageShape(shape, 'the input of globalAveragePool')
    const dy = outputGradient(context)
    const share = context.emit.one(scale, { factor: 1 / (height * width), offset: 0 }, [dy])
    return [context.emit.one(broadcastTo, { shape, axes: [0, 1, 2, 3] }, [share])]
  },
  reference(inputs, _attributes, outputs) {
    const x = item(inputs, 0, 'globalAveragePool')
    const y = new Float64Array(elements(item(outputs, 0, 'globalAveragePool')))
    const size = x.data.length / y.length
    return [
      y.map(
        (_, i) => x.data.subarray(i * size, (i + 1) * size).reduce((sum, value) => sum + value, 0) / size,
      ),
    ]
  },
}
