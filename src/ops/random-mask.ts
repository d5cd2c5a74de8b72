/**
 * A random mask of zeros and ones: dropout, and stochastic depth (arXiv:1603.09382) where one number stands for a whole
 * image or batch. Inputs: seed [2] (seed, step) and imageIndex [N], each image's place in the global batch; a number
 * depends on these, on the node's `stream` and on the element, so the mask is the same for any split of the work.
 */
import { item, type Operation } from './operation.ts'
import { randomUniform } from './random-bits.ts'
import { elements, type Shape } from './shape.ts'

interface RandomMaskAttributes {
  /** Which of the network's random operations. */
  readonly stream: number
  /** Probability of a one. */
  readonly keep: number
  /** Whether ones become 1 / keep, so that the mask's expectation is 1. */
  readonly scale: boolean
  /** `[N, ...]`, or without N one draw for the whole batch. */
  readonly shape: Shape
}

export const randomMask: Operation<RandomMaskAttributes> = {
  name: 'randomMask',
  shapes: (_inputs, { shape }) => [shape],
  gradient: () => [],
  reference(inputs, attributes, outputs) {
    const [seed, imageIndex] = [item(inputs, 0, 'randomMask'), item(inputs, 1, 'randomMask')]
    const { stream, keep, scale } = attributes
    const perImage = attributes.shape.includes('N') ? elements(item(outputs, 0, 'randomMask').slice(1)) : 0
    const kept = scale ? 1 / keep : 1
    const mask = new Float64Array(elements(item(outputs, 0, 'randomMask')))
    const [start = 0, step = 0] = seed.data
    return [
      mask.map((_, i) => {
        const image = perImage === 0 ? 0 : (imageIndex.data[Math.floor(i / perImage)] ?? 0)
        const element = perImage === 0 ? i : i % perImage
        return randomUniform(start, step, stream, image, element) < keep ? kept : 0
      }),
    ]
  },
}
