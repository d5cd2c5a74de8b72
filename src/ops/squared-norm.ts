/** Sum of the squares of many tensors: the length of a whole gradient, and a number that is finite only if all are. */
import { ShapeError } from '../errors.ts'
import type { Operation } from './operation.ts'

/** (tensors...) -> []. */
export const squaredNorm: Operation<object> = {
  name: 'squaredNorm',
  shapes(inputs) {
    if (inputs.length === 0) throw new ShapeError('squaredNorm needs at least one tensor')
    return [[]]
  },
  reference(inputs) {
    let sum = 0
    for (const { data } of inputs) for (const value of data) sum += value * value
    return [Float64Array.of(sum)]
  },
}
