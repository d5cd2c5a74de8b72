/** Applies one operation's reference arithmetic to arrays whose shapes are known. */
import type { Array64, Operation } from '../src/ops/operation.ts'
import { bindBatch, elements } from '../src/ops/shape.ts'

export function array(shape: readonly number[], data: readonly number[]): Array64 {
  if (data.length !== elements(shape)) throw new Error(`[${shape.join(', ')}] is not ${data.length} elements`)
  return { shape, data: Float64Array.from(data) }
}

/** The elements of each output. */
export function apply<A extends object>(
  operation: Operation<A>,
  attributes: A,
  inputs: readonly Array64[],
): readonly number[][] {
  const shapes = operation.shapes(
    inputs.map(({ shape }) => shape),
    attributes,
  )
  const bound = shapes.map((shape) => bindBatch(shape, 1))
  return operation.reference(inputs, attributes, bound).map((values) => [...values])
}
