/**
 * Mean of sliding windows. x: [N, C, H, W], y: [N, C, P, Q]. The divisor is the window's size, or the number of its
 * cells that are no padding.
 */
import { item, type Operation, outputGradient } from './operation.ts'
import { forEachCell, forEachWindow, type PoolAttributes, pooledShape } from './pooling.ts'
import { type BoundShape, checkGradientShape, elements, type Shape } from './shape.ts'

export interface AveragePoolAttributes extends PoolAttributes {
  /** Whether cells of the padding count in the divisor. */
  readonly countPadding: boolean
}

/** Calls `visit` with each output, the indices of its window's cells and the share 1 / divisor of each. */
function forEachMean(
  x: BoundShape,
  y: BoundShape,
  attributes: AveragePoolAttributes,
  visit: (output: number, cells: readonly number[], share: number) => void,
): void {
  const { kernel, countPadding } = attributes
  forEachWindow(x, y, attributes, (output, window) => {
    const cells: number[] = []
    forEachCell(x, window, kernel, (index) => {
      if (index !== undefined) cells.push(index)
    })
    visit(output, cells, 1 / (countPadding ? kernel[0] * kernel[1] : cells.length))
  })
}

export const averagePool: Operation<AveragePoolAttributes> = {
  name: 'averagePool',
  shapes: (inputs, attributes) => [pooledShape(item(inputs, 0, 'averagePool'), attributes, 'averagePool')],
  gradient(context) {
    const x = item(context.inputs, 0, 'averagePool')
    const attributes = { ...context.attributes, inputShape: x.shape }
    return [context.emit.one(averagePoolGradient, attributes, [outputGradient(context)])]
  },
  reference(inputs, attributes, outputs) {
    const [x, shape] = [item(inputs, 0, 'averagePool'), item(outputs, 0, 'averagePool')]
    const y = new Float64Array(elements(shape))
    forEachMean(x.shape, shape, attributes, (output, cells, share) => {
      y[output] = share * cells.reduce((sum, index) => sum + (x.data[index] ?? 0), 0)
    })
    return [y]
  },
}

/** dy -> dx [inputShape]: each cell gets its share. Linear, so its gradient is the pool itself. */
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
    const [dy, shape] = [item(inputs, 0, 'averagePoolGradient'), item(outputs, 0, 'averagePoolGradient')]
    const dx = new Float64Array(elements(shape))
    forEachMean(shape, dy.shape, attributes, (output, cells, share) => {
      for (const index of cells) dx[index] = (dx[index] ?? 0) + share * (dy.data[output] ?? 0)
    })
    return [dx]
  },
}
