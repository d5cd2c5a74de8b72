/**
 * A step of LAMB (arXiv:1904.00962, algorithm 2) over many tensors: the direction of `adamw`, decay included, at a rate that
 * is multiplied by ‖p‖ / ‖direction‖ for each tensor.
 *
 * As in timm's `Lamb`, that ratio is 1 where a norm is zero or decay is, which is how biases and normalisations are spared,
 * and nothing bounds it. timm's clipping of all gradients to a norm of 1 is the caller's, by `scale`.
 */
import { type AdamAttributes, adamInputs, adamStep } from './adamw.ts'
import type { Operation } from './operation.ts'
import { norm, stepShapes } from './optimiser-step.ts'

/**
 * (rate [], decay [], scale [], step [], parameters..., gradients..., first moments..., second moments...)
 * -> (parameters..., first moments..., second moments...). Steps count from 1.
 */
export const lamb: Operation<AdamAttributes> = {
  name: 'lamb',
  shapes: (inputs) => stepShapes(adamInputs('lamb'), inputs),
  reference: (inputs, attributes) =>
    adamStep('lamb', inputs, attributes, (p, direction, decay) => {
      const [pNorm, directionNorm] = [norm(p), norm(direction)]
      return decay !== 0 && pNorm > 0 && directionNorm > 0 ? pNorm / directionNorm : 1
    }),
}
