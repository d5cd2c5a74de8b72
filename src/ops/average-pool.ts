/**
 * Mean over windows. x: [N, C, H, W], y: [N, C, P, Q]. The divisor is the kernel's size (`countPadding`) or the number of
 * real cells. A kernel of 1 with a stride subsamples: every second row and column of option A.
 */
import { onnxWindow } from './onnx.ts'
import { item, type Operation, outputGradient } from './operation.ts'
import { type BoundShape, checkGradientShape, elements, type Shape } from './shape.ts'
import { forEachWindow, type PoolWindow, pooledShape } from './window.ts'

interface AveragePoolAttributes extends PoolWindow {
  readonly countPadding: boolean
}

/** Calls `visit` with each output, the real cells of its window and what their sum is divided by. */
function forEachMean(
  x: BoundShape,
  y: BoundShape,
  attributes: AveragePoolAttributes,
  visit: (output: number, cells: readonly number[], divisor: number) => void,
): void {
  forEachWindow(x, y, attributes, (output, cells) => {
    const real = cells.filter((cell) => cell >= 0)
    visit(output, real, attributes.countPadding ? cells.length : real.length)
  })
}

export const averagePool: Operation<AveragePoolAttributes> = {
  name: 'averagePool',
  shapes: (inputs, attributes) => [pooledShape(inputs[0], attributes, 'averagePool')],
  gradient(context) {
    const { shape } = item(context.inputs, 0, 'averagePool')
    const attributes = { ...context.attributes, inputShape: shape }
    return [context.emit.one(averagePoolGradient, attributes, [outputGradient(context)])]
  },
  onnx: ({ inputs, attributes }) => ({
    type: 'AveragePool',
    inputs,
    attributes: { ...onnxWindow(attributes), count_include_pad: { int: attributes.countPadding ? 1 : 0 } },
  }),
  reference(inputs, attributes, outputs) {
    const x = item(inputs, 0, 'averagePool')
    const shape = item(outputs, 0, 'averagePool')
    const y = new Float64Array(elements(shape))
    forEachMean(x.shape, shape, attributes, (output, cells, divisor) => {
      y[output] = cells.reduce((total, cell) => total + (x.data[cell] ?? 0), 0) / divisor
    })
    return [y]
  },
}

/** dy -> dx; linear, so its own gradient is the pool again. */
export const averagePoolGradient: Operation<AveragePoolAttributes & { readonly inputShape: Shape }> = {
  name: 'averagePoolGradient',
  shapes(inputs, attributes) {
    const y = pooledShape(attributes.inputShape, attributes, 'averagePoolGradient')
    checkGradientShape(item(inputs, 0, 'averagePoolGradient'), y, 'averagePoolGradient')
    return [attributes.inputShape]
  },
  gradient(context) {
    const { inputShape: _, ...attributes } = context.attributes
    return [context.emit.one(averagePool, attributes, [outputGradient(context)])]
  },
  reference(inputs, attributes, outputs) {
    const dy = item(inputs, 0, 'averagePoolGradient')
    const shape = item(outputs, 0, 'averagePoolGradient')
    const dx = new Float64Array(elements(shape))
    forEachMean(shape, dy.shape, attributes, (output, cells, divisor) => {
      const share = (dy.data[output] ?? 0) / divisor
      for (const cell of cells) dx[cell] = (dx[cell] ?? 0) + share
    })
    return [dx]
  },
}
