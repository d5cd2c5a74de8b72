/**
 * A step of layer-wise adaptive rate scaling (arXiv:1708.03888, algorithm 1) over many tensors: stochastic gradient descent
 * with momentum, in which each tensor's scale · gradient + decay · p is multiplied by
 * trust · ‖p‖ / (‖scale · gradient‖ + decay · ‖p‖).
 *
 * As in timm's `Lars`, the rate multiplies the momentum and is not part of it, as it is in the paper; and the factor is 1
 * where a norm is zero or decay is, which is how biases and normalisations are spared. timm's 1e-8 in the denominator is
 * left out, since none is needed.
 */
import { item, type Operation } from './operation.ts'
import { norm, type StepInputs, stepParts, stepShapes } from './optimiser-step.ts'
import { momentumStep } from './sgd.ts'

export const larsInputs: StepInputs = {
  name: 'lars',
  numbers: ['rate', 'decay', 'scale', 'momentum'],
  states: ['momentum'],
}

/** (rate [], decay [], scale [], momentum [], parameters..., gradients..., momenta...) -> (parameters..., momenta...). */
export const lars: Operation<{ readonly trust: number }> = {
  name: 'lars',
  shapes: (inputs) => stepShapes(larsInputs, inputs),
  reference(inputs, { trust }) {
    const at = (input: number) => item(inputs, input, 'lars').data[0] ?? 0
    const [rate, decay, scale, momentum] = [at(0), at(1), at(2), at(3)]
    const { parameters, gradients, kept } = stepParts(larsInputs, inputs)
    const next = parameters.map(({ data: p }, k) => {
      const gradient = item(gradients, k, 'lars').data
      const v = item(item(kept, 0, 'lars'), k, 'lars').data
      const [pNorm, gradientNorm] = [norm(p), scale * norm(gradient)]
      const adapted = decay !== 0 && pNorm > 0 && gradientNorm > 0
      const ratio = adapted ? (trust * pNorm) / (gradientNorm + decay * pNorm) : 1
      const settings = { rate, decay: decay * ratio, scale: scale * ratio, momentum, nesterov: false }
      return momentumStep({ p, gradient, v }, settings)
    })
    return [...next.map(({ p }) => p), ...next.map(({ v }) => v)]
  },
}
