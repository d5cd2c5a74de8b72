/**
 * The mask of DropBlock (arXiv:1810.12890): blocks of `size` × `size` cells are dropped, each beginning with probability
 * `gamma` at a cell from which it fits the map, and what is left is multiplied by cells / kept cells. One mask [N, 1, H,
 * W] serves all channels. The paper rescales by the count of the whole batch; here it is each image's own, so that an
 * image's mask does not depend on which others share its micro-batch or machine. seed: [2]; imageIndex: [N].
 */
import { ShapeError } from '../errors.ts'
import { item, type Operation } from './operation.ts'
import { randomUniform } from './random-bits.ts'
import { checkRandom } from './random-mask.ts'
import { elements, formatShape, imageShape, type Shape } from './shape.ts'

export interface DropBlockMaskAttributes {
  /** Tells the random nodes of one network apart. */
  readonly stream: number
  /** Probability that a block begins at a cell. */
  readonly gamma: number
  /** Side of a block; cut to the map's shorter side. */
  readonly size: number
  /** [N, 1, H, W] */
  readonly shape: Shape
}

export const dropBlockMask: Operation<DropBlockMaskAttributes> = {
  name: 'dropBlockMask',
  shapes(inputs, { shape, gamma }) {
    checkRandom(inputs, shape, 'dropBlockMask')
    const { channels } = imageShape(shape, 'the mask of dropBlockMask')
    if (channels !== 1) {
      throw new ShapeError(`dropBlockMask makes masks [N, 1, H, W], not ${formatShape(shape)}`)
    }
    if (!(gamma >= 0 && gamma <= 1)) {
      throw new ShapeError(`dropBlockMask begins blocks with a probability from 0 to 1, not ${gamma}`)
    }
    return [shape]
  },
  gradient: () => [],
  reference(inputs, attributes, outputs) {
    const [seed, imageIndex] = [item(inputs, 0, 'dropBlockMask'), item(inputs, 1, 'dropBlockMask')]
    const [run = 0, step = 0] = seed.data
    const { stream, gamma } = attributes
    const shape = item(outputs, 0, 'dropBlockMask')
    const [images = 0, , height = 0, width = 0] = shape
    const mask = new Float64Array(elements(shape)).fill(1)
    const size = Math.min(attributes.size, height, width)
    for (let n = 0; n < images; n++) {
      const image = imageIndex.data[n] ?? 0
      const map = mask.subarray(n * height * width, (n + 1) * height * width)
      for (let row = 0; row + size <= height; row++) {
        for (let column = 0; column + size <= width; column++) {
          const begins = randomUniform(run, step, stream, image, row * width + column) < gamma
          if (begins) clearBlock(map, { row, column, size, width })
        }
      }
      rescale(map)
    }
    return [mask]
  },
}

function clearBlock(
  map: Float64Array,
  { row, column, size, width }: { row: number; column: number; size: number; width: number },
): void {
  for (let down = row; down < row + size; down++) {
    map.fill(0, down * width + column, down * width + column + size)
  }
}

/** Brings a mask's mean back to 1; a map that was dropped whole stays zero. */
function rescale(map: Float64Array): void {
  const kept = map.reduce((sum, cell) => sum + cell, 0)
  if (kept > 0) for (let i = 0; i < map.length; i++) map[i] = ((map[i] ?? 0) * map.length) / kept
}
