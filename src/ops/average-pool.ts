/**
 * Mean over windows. x: [N, C, H, W], y: [N, C, P, Q]. The divisor is the kernel's size (`countPadding`) or the number of
 * real cells. A kernel of 1 with a stride subsamples: every second row and column of option A.
 */
import { onnxDepthwise, onnxInput, onnxWindow } from './onnx.ts'
import { item, type Operation, outputGradient } from './operation.ts'
import { type BoundShape, checkGradientShape, elements, imageShape, type Shape } from './shape.ts'
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
  /** Padding that counts is a convolution's: OpenCV 4.6 divides by another number than ONNX says. */
  onnx(context) {
    const { inputs, inputShapes, attributes } = context
    const padded = Object.values(attributes.padding).some((cells) => cells > 0)
    if (!attributes.countPadding || !padded)
      return { type: 'AveragePool', inputs, attributes: onnxWindow(attributes, context) }
    const { channels } = imageShape(inputShapes[0], 'averagePool')
    const [height, width] = attributes.kernel
    const weights = Array.from({ length: height * width }, () => 1 / (height * width))
    return onnxDepthwise(context, onnxInput(context), { ...attributes, channels, weights })
  },
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
