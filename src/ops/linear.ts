/** Linear (fully connected) layer, y = x · weightᵀ + bias. x: [N, C], weight: [K, C], bias (optional): [K], y: [N, K]. */
import { ShapeError } from '../errors.ts'
import { matmul } from './matmul.ts'
import { addProductTransposed } from './matrix.ts'
import { item, type Operation, outputGradient } from './operation.ts'
import { type Dim, elements, fixedShape, formatShape, type Shape } from './shape.ts'
import { sumTo } from './sum-to.ts'

function sizes(inputs: readonly Shape[]): { batch: Dim; filters: number; channels: number } {
  const [x, weight, bias] = [item(inputs, 0, 'linear'), item(inputs, 1, 'linear'), inputs[2]]
  const [filters = 0, channels = 0] = fixedShape(weight, 2, "a linear layer's weight")
  const [batch, given] = x
  if (x.length !== 2 || batch === undefined || given !== channels) {
    throw new ShapeError(
      `a linear layer's weight ${formatShape(weight)} needs an input [N, ${channels}], not ${formatShape(x)}`,
    )
  }
  if (bias !== undefined && fixedShape(bias, 1, "a linear layer's bias")[0] !== filters) {
    throw new ShapeError(
      `a linear layer of ${filters} outputs needs as many biases, not ${formatShape(bias)}`,
    )
  }
  return { batch, filters, channels }
}

export const linear: Operation<object> = {
  name: 'linear',
  shapes(inputs) {
    const { batch, filters } = sizes(inputs)
    return [[batch, filters]]
  },
  macs(inputs) {
    const { filters, channels } = sizes(inputs)
    return filters * channels
  },
  gradient(context) {
    const { emit, inputs } = context
    const [x, weight] = [item(inputs, 0, 'linear'), item(inputs, 1, 'linear')]
    const dy = outputGradient(context)
    const filters = item(weight.shape, 0, "a linear layer's weight")
    return [
      context.wants(0) ? emit.one(matmul, { transposeA: false, transposeB: false }, [dy, weight]) : undefined,
      context.wants(1) ? emit.one(matmul, { transposeA: true, transposeB: false }, [dy, x]) : undefined,
      context.wants(2) ? emit.one(sumTo, { shape: [filters], axes: [1] }, [dy]) : undefined,
    ]
  },
  onnx: ({ inputs }) => ({ type: 'Gemm', inputs, attributes: { transB: { int: 1 } } }),
  reference(inputs, _attributes, outputs) {
    const [x, weight, bias] = [item(inputs, 0, 'linear'), item(inputs, 1, 'linear'), inputs[2]]
    const [filters = 0, channels = 0] = weight.shape
    const shape = item(outputs, 0, 'linear')
    const y = new Float64Array(elements(shape)).map((_, i) => bias?.data[i % filters] ?? 0)
    addProductTransposed(y, x.data, weight.data, { rows: shape[0] ?? 0, inner: channels, columns: filters })
    return [y]
  },
}
