/**
 * A mask of zeros and ones (or 1 / keep) that a product turns into dropout ([N, C, H, W]), or stochastic depth
 * ([N, 1, 1, 1], arXiv:1603.09382; [1, 1, 1, 1] for one draw a batch). seed: [2] = [seed, step]; imageIndex: [N], each
 * image's place in the global batch. A number depends on seed, step, stream, image and element alone, so masks are the
 * same for any micro-batch or machine.
 */
import { ShapeError } from '../errors.ts'
import { item, type Operation } from './operation.ts'
import { randomUniform } from './random-bits.ts'
import { elements, elementsPerImage, formatShape, type Shape } from './shape.ts'

export interface RandomMaskAttributes {
  /** Tells the random nodes of one network apart. */
  readonly stream: number
  /** Probability of a one, above 0 and at most 1. */
  readonly keep: number
  /** Whether ones are divided by `keep`, so that the mean stays. */
  readonly scale: boolean
  /** The mask's shape; [N, ...] draws for each image, a first dimension of 1 once for the batch. */
  readonly shape: Shape
}

/** Throws `ShapeError` unless the inputs are seed [2] and imageIndex [N], and the mask is one of images. */
export function checkRandom(inputs: readonly Shape[], shape: Shape, what: string): void {
  const [seed, imageIndex] = [item(inputs, 0, what), item(inputs, 1, what)]
  if (seed.length !== 1 || seed[0] !== 2 || imageIndex.length !== 1) {
    throw new ShapeError(
      `${what} needs a seed [2] and an image index [N], not ${formatShape(seed)} and ${formatShape(imageIndex)}`,
    )
  }
  if ((shape[0] !== 1 && shape[0] !== imageIndex[0]) || shape.slice(1).includes('N')) {
    throw new ShapeError(`${what} makes masks [N, ...] or [1, ...], not ${formatShape(shape)}`)
  }
}

export const randomMask: Operation<RandomMaskAttributes> = {
  name: 'randomMask',
  shapes(inputs, { keep, shape }) {
    checkRandom(inputs, shape, 'randomMask')
    if (!(keep > 0 && keep <= 1)) {
      throw new ShapeError(`randomMask keeps with a probability above 0 and at most 1, not ${keep}`)
    }
    return [shape]
  },
  gradient: () => [],
  reference(inputs, { stream, keep, scale, shape }, outputs) {
    const [seed, imageIndex] = [item(inputs, 0, 'randomMask'), item(inputs, 1, 'randomMask')]
    const [run = 0, step = 0] = seed.data
    const size = elementsPerImage(shape)
    const kept = scale ? 1 / keep : 1
    const mask = new Float64Array(elements(item(outputs, 0, 'randomMask')))
    return [
      mask.map((_, i) => {
        const image = shape[0] === 'N' ? [imageIndex.data[Math.floor(i / size)] ?? 0] : []
        return randomUniform(run, step, stream, ...image, i % size) < keep ? kept : 0
      }),
    ]
  },
}
