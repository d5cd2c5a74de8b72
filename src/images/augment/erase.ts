/** Random erasing (arXiv:1708.04896). */
import { type PieceRange, randomPiece } from './piece.ts'
import type { Random } from './random.ts'

/**
 * Sets a random rectangle of one image, `[C, H, W]`, to zero, which after normalisation is
 * the mean colour. Its proportions are drawn on a logarithmic scale as torchvision does, so that wide and tall ones are as
 * likely.
 */
export function erase(
  image: Float32Array,
  [channels, height, width]: readonly [channels: number, height: number, width: number],
  { probability, ...range }: PieceRange & { readonly probability: number },
  random: Random,
): void {
  if (!random.chance(probability)) return
  const piece = randomPiece({ width, height }, range, random)
  if (piece === undefined) return
  for (let row = 0; row < channels * height; row++) {
    const y = row % height
    if (y < piece.top || y >= piece.top + piece.height) continue
    const start = row * width + piece.left
    image.fill(0, start, start + piece.width)
  }
}
