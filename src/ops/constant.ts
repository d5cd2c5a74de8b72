/** A value of one number repeated: the fixed scale and shift of a normalisation without parameters, a loss's gradient 1. */
import type { Operation } from './operation.ts'
import { elements, type Shape } from './shape.ts'

export const constant: Operation<{ readonly shape: Shape; readonly value: number }> = {
  name: 'constant',
  shapes: (_inputs, attributes) => [attributes.shape],
  gradient: () => [],
  reference: (_inputs, attributes, outputs) =>
    outputs.map((shape) => new Float64Array(elements(shape)).fill(attributes.value)),
}
