/**
 * Maximum of sliding windows. x: [N, C, H, W], y: [N, C, P, Q]. Cells of the padding count as minus infinity (the
 * field's habit) or as zero (networks that pad first and pool then: TensorFlow's ResNet v1 and BiT).
 */
import { type Array64, item, type Operation, outputGradient } from './operation.ts'
import { forEachCell, forEachWindow, type PoolAttributes, pooledShape } from './pooling.ts'
import { type BoundShape, checkGradientShape, elements } from './shape.ts'

export interface MaxPoolAttributes extends PoolAttributes {
  readonly paddingValue: 'negative-infinity' | 'zero'
}

/**
 * Calls `visit` for each output with the greatest value of its window and where it stands: the first in scan order
 * among equals, and nowhere if it is padding. A NaN wins.
 */
function forEachMaximum(
  x: Array64,
  y: BoundShape,
  attributes: MaxPoolAttributes,
  visit: (output: number, value: number, index: number | undefined) => void,
): void {
  const outside = attributes.paddingValue === 'zero' ? 0 : undefined
  forEachWindow(x.shape, y, attributes, (output, window) => {
    let best: number | undefined
    let bestIndex: number | undefined
    forEachCell(x.shape, window, attributes.kernel, (index) => {
      const value = index === undefined ? outside : x.data[index]
      if (value === undefined) return
      if (best === undefined || value > best || Number.isNaN(value)) {
        best = value
        bestIndex = index
      }
    })
    visit(output, best ?? Number.NEGATIVE_INFINITY, bestIndex)
  })
}

export const maxPool: Operation<MaxPoolAttributes> = {
  name: 'maxPool',
  shapes: (inputs, attributes) => [pooledShape(item(inputs, 0, 'maxPool'), attributes, 'maxPool')],
  gradient: (context) => [
    context.emit.one(maxPoolGradient, context.attributes, [
      item(context.inputs, 0, 'maxPool'),
      outputGradient(context),
    ]),
  ],
  reference(inputs, attributes, outputs) {
    const shape = item(outputs, 0, 'maxPool')
    const y = new Float64Array(elements(shape))
    forEachMaximum(item(inputs, 0, 'maxPool'), shape, attributes, (output, value) => {
      y[output] = value
    })
    return [y]
  },
}

/** (x, dy) -> dx: each dy goes to the first maximum of its window, and is lost where that is padding. */
export const maxPoolGradient: Operation<MaxPoolAttributes> = {
  name: 'maxPoolGradient',
  shapes(inputs, attributes) {
    const x = item(inputs, 0, 'maxPoolGradient')
    const y = pooledShape(x, attributes, 'maxPoolGradient')
    checkGradientShape(item(inputs, 1, 'maxPoolGradient'), y, 'maxPoolGradient')
    return [x]
  },
  reference(inputs, attributes) {
    const [x, dy] = [item(inputs, 0, 'maxPoolGradient'), item(inputs, 1, 'maxPoolGradient')]
    const dx = new Float64Array(x.data.length)
    forEachMaximum(x, dy.shape, attributes, (output, _value, index) => {
      if (index !== undefined) dx[index] = (dx[index] ?? 0) + (dy.data[output] ?? 0)
    })
    return [dx]
  },
}
