/**
 * A step of stochastic gradient descent with momentum and weight decay over many tensors, by PyTorch's rules:
 * g = scale · gradient + decay · p, v' = momentum · v + g, p' = p - rate · v', or p - rate · (g + momentum · v') by Nesterov's.
 * A momentum that starts at zero makes the first step PyTorch's too.
 */
import { item, type Operation } from './operation.ts'
import { type StepInputs, stepParts, stepShapes } from './optimiser-step.ts'

export const sgdInputs: StepInputs = {
  name: 'sgd',
  numbers: ['rate', 'decay', 'scale', 'momentum'],
  states: ['momentum'],
}

/** (rate [], decay [], scale [], momentum [], parameters..., gradients..., momenta...) -> (parameters..., momenta...). */
export const sgd: Operation<{ readonly nesterov: boolean }> = {
  name: 'sgd',
  shapes: (inputs) => stepShapes(sgdInputs, inputs),
  reference(inputs, { nesterov }) {
    const at = (input: number) => item(inputs, input, 'sgd').data[0] ?? 0
    const settings = { rate: at(0), decay: at(1), scale: at(2), momentum: at(3), nesterov }
    const { parameters, gradients, kept } = stepParts(sgdInputs, inputs)
    const next = parameters.map(({ data }, k) =>
      momentumStep(
        { p: data, gradient: item(gradients, k, 'sgd').data, v: item(item(kept, 0, 'sgd'), k, 'sgd').data },
        settings,
      ),
    )
    return [...next.map(({ p }) => p), ...next.map(({ v }) => v)]
  },
}

/** The step of one tensor: its next values and momenta. */
export function momentumStep(
  { p, gradient, v }: { readonly p: Float64Array; readonly gradient: Float64Array; readonly v: Float64Array },
  {
    rate,
    decay,
    scale,
    momentum,
    nesterov,
  }: Readonly<Record<'rate' | 'decay' | 'scale' | 'momentum', number>> & { readonly nesterov: boolean },
): { readonly p: Float64Array; readonly v: Float64Array } {
  const g = p.map((value, i) => scale * (gradient[i] ?? 0) + decay * value)
  const nextV = g.map((value, i) => momentum * (v[i] ?? 0) + value)
  const moved = nesterov ? g.map((value, i) => value + momentum * (nextV[i] ?? 0)) : nextV
  return { p: p.map((value, i) => value - rate * (moved[i] ?? 0)), v: nextV }
}
