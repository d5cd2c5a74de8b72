/**
 * A step of Adam with decoupled weight decay (arXiv:1711.05101, algorithm 2) over many tensors, by PyTorch's `AdamW`:
 * with g = scale · gradient, m' = beta1 · m + (1 - beta1) · g, v' = beta2 · v + (1 - beta2) · g², both divided by
 * 1 - beta^step for their bias, p' = p - rate · (m̂ / (√v̂ + epsilon) + decay · p).
 */
import { type Array64, item, type Operation } from './operation.ts'
import { type StepInputs, stepParts, stepShapes } from './optimiser-step.ts'

export interface AdamAttributes {
  readonly beta1: number
  readonly beta2: number
  readonly epsilon: number
}

export const adamInputs = (name: string): StepInputs => ({
  name,
  numbers: ['rate', 'decay', 'scale', 'step'],
  states: ['first moment', 'second moment'],
})

/**
 * (rate [], decay [], scale [], step [], parameters..., gradients..., first moments..., second moments...)
 * -> (parameters..., first moments..., second moments...). Steps count from 1.
 */
export const adamw: Operation<AdamAttributes> = {
  name: 'adamw',
  shapes: (inputs) => stepShapes(adamInputs('adamw'), inputs),
  reference: (inputs, attributes) => adamStep('adamw', inputs, attributes, () => 1),
}

/** The step of all tensors; `ratio` answers what multiplies a tensor's rate. */
export function adamStep(
  name: string,
  inputs: readonly Array64[],
  { beta1, beta2, epsilon }: AdamAttributes,
  ratio: (p: Float64Array, direction: Float64Array, decay: number) => number,
): readonly Float64Array[] {
  const at = (input: number) => item(inputs, input, name).data[0] ?? 0
  const [rate, decay, scale, step] = [at(0), at(1), at(2), at(3)]
  const [correction1, correction2] = [1 - beta1 ** step, 1 - beta2 ** step]
  const { parameters, gradients, kept } = stepParts(adamInputs(name), inputs)
  const next = parameters.map(({ data: p }, k) => {
    const g = item(gradients, k, name).data.map((value) => scale * value)
    const before = (state: number) => item(item(kept, state, name), k, name).data
    const m = before(0).map((value, i) => beta1 * value + (1 - beta1) * (g[i] ?? 0))
    const v = before(1).map((value, i) => beta2 * value + (1 - beta2) * (g[i] ?? 0) ** 2)
    const direction = p.map((value, i) => {
      const spread = Math.sqrt((v[i] ?? 0) / correction2) + epsilon
      return (m[i] ?? 0) / correction1 / spread + decay * value
    })
    const ofTensor = rate * ratio(p, direction, decay)
    return { p: p.map((value, i) => value - ofTensor * (direction[i] ?? 0)), m, v }
  })
  return [...next.map(({ p }) => p), ...next.map(({ m }) => m), ...next.map(({ v }) => v)]
}
