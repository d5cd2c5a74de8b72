/**
 * DropBlock's mask (arXiv:1810.12890, algorithm 1): squares of `size` cells dropped around random centres, which lie so
 * that the square fits the map; one mask for all channels of an image. Each image's mask is rescaled by its own share of kept cells, where the paper takes the
 * batch's: so the mask of an image does not depend on which images it shares a micro-batch with.
 * Inputs as in randomMask; output [N, 1, H, W].
 */
import { ShapeError } from '../errors.ts'
import { item, type Operation } from './operation.ts'
import { randomUniform } from './random-bits.ts'
import { checkRandom } from './random-mask.ts'
import { formatShape, imageShape, type Shape } from './shape.ts'

interface DropBlockAttributes {
  readonly stream: number
  /** Probability that a cell is a block's centre, from 0 to 1. */
  readonly gamma: number
  /** Side of a block; at most the map's shorter side. */
  readonly size: number
  readonly shape: Shape
}

export const dropBlockMask: Operation<DropBlockAttributes> = {
  name: 'dropBlockMask',
  shapes(inputs, { shape, size }) {
    checkRandom(inputs, shape, 'dropBlockMask')
    const { channels, height, width } = imageShape(shape, 'the mask of dropBlockMask')
    if (channels !== 1 || size > Math.min(height, width)) {
      throw new ShapeError(
        `dropBlockMask drops blocks of ${size}×${size} from masks [N, 1, H, W] of at least that size, not ${formatShape(shape)}`,
      )
    }
    return [shape]
  },
  gradient: () => [],
  reference(inputs, { stream, gamma, size }, outputs) {
    const [seed, imageIndex] = [item(inputs, 0, 'dropBlockMask'), item(inputs, 1, 'dropBlockMask')]
    const [batch = 0, , height = 0, width = 0] = item(outputs, 0, 'dropBlockMask')
    const mask = new Float64Array(batch * height * width).fill(1)
    const [start = 0, step = 0] = seed.data
    for (let n = 0; n < batch; n++) {
      const image = mask.subarray(n * height * width, (n + 1) * height * width)
      for (let cell = 0; cell < image.length; cell++) {
        if (randomUniform(start, step, stream, imageIndex.data[n] ?? 0, cell) < gamma) {
          dropSquare(image, { height, width, size, row: Math.floor(cell / width), column: cell % width })
        }
      }
      const kept = image.reduce((sum, value) => sum + value, 0)
      if (kept > 0) image.set(image.map((value) => (value * image.length) / kept))
    }
    return [mask]
  },
}

/** Zeros the square around a centre if all of it lies in the map. */
function dropSquare(
  image: Float64Array,
  {
    height,
    width,
    size,
    row,
    column,
  }: { height: number; width: number; size: number; row: number; column: number },
): void {
  const top = row - Math.floor(size / 2)
  const left = column - Math.floor(size / 2)
  if (top < 0 || left < 0 || top + size > height || left + size > width) return
  for (let r = top; r < top + size; r++) image.fill(0, r * width + left, r * width + left + size)
}
