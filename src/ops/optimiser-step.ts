/** What optimisers' steps over many tensors have in common: the order of their inputs, and checks of their shapes. */
import { ShapeError } from '../errors.ts'
import { item } from './operation.ts'
import { checkGradientShape, formatShape, type Shape, sameShape } from './shape.ts'

/**
 * What a step reads: single numbers, then parameters, as many gradients, and as many tensors of each state. It answers the
 * parameters and the states.
 */
export interface StepInputs {
  readonly name: string
  readonly numbers: readonly string[]
  readonly states: readonly string[]
}

/** @throws ShapeError for numbers that are none, and tensors that are missing or of another shape than their parameter. */
export function stepShapes(step: StepInputs, inputs: readonly Shape[]): readonly Shape[] {
  const { name, numbers, states } = step
  for (const [i, what] of numbers.entries()) {
    const shape = item(inputs, i, name)
    if (shape.length !== 0)
      throw new ShapeError(`${name} needs a ${what} of shape [], not ${formatShape(shape)}`)
  }
  const kinds = ['gradient', ...states]
  const tensors = inputs.length - numbers.length
  if (tensors === 0 || tensors % (1 + kinds.length) !== 0) {
    throw new ShapeError(
      `${name} needs a ${kinds.join(' and a ')} for each of its parameters, not ${tensors} tensors`,
    )
  }
  const { parameters, gradients, kept } = stepParts(step, inputs)
  for (const [i, parameter] of parameters.entries()) {
    checkGradientShape(item(gradients, i, name), parameter, name)
    for (const [k, state] of states.entries()) {
      const shape = item(item(kept, k, name), i, name)
      if (!sameShape(shape, parameter)) {
        throw new ShapeError(
          `${name} needs a ${state} of shape ${formatShape(parameter)}, not ${formatShape(shape)}`,
        )
      }
    }
  }
  return [parameters, ...states.map(() => parameters)].flat()
}

/** The tensors that follow the numbers: parameters, gradients, and of each state as many. */
export function stepParts<T>({ numbers, states }: StepInputs, inputs: readonly T[]) {
  const tensors = inputs.slice(numbers.length)
  const count = tensors.length / (2 + states.length)
  const part = (k: number) => tensors.slice(k * count, (k + 1) * count)
  return { parameters: part(0), gradients: part(1), kept: states.map((_, k) => part(2 + k)) }
}

/** Euclidean norm. */
export function norm(values: Float64Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0))
}
