/** Pictures of a batch mixed with each other, and their targets alike: mixup (arXiv:1710.09412), CutMix (arXiv:1905.04899). */
import type { Rectangle } from '../cut.ts'
import { symmetricBeta } from './beta.ts'
import type { Random } from './random.ts'
import type { Augmentation } from './settings.ts'

export interface MixedBatch {
  /** `[N, C, H, W]`, changed in place. */
  readonly images: Float32Array
  /** `[N, classes]`, rows that sum to 1, changed in place. */
  readonly targets: Float32Array
  /** `[C, H, W]` of one image. */
  readonly shape: readonly [channels: number, height: number, width: number]
  readonly augmentation: Pick<Augmentation, 'mixup' | 'cutMix'>
  readonly random: Random
}

/**
 * Mixes each image with the one at the mirrored place of the batch (N - 1 - i), which is of any class since the order is
 * random; one share for the whole batch. Where both ways are asked for, each batch takes one of them.
 */
export function mixBatch(batch: MixedBatch): void {
  const { augmentation, random } = batch
  const { mixup, cutMix } = augmentation
  if (cutMix !== null && (mixup === null || random.chance(0.5)))
    exchangePieces(batch, symmetricBeta(cutMix, random))
  else if (mixup !== null) blendPictures(batch, symmetricBeta(mixup, random))
}

/** Each image keeps the share `own` of itself and takes the rest from the other of its pair. */
function blendPictures({ images, targets, shape }: MixedBatch, own: number): void {
  const count = countOf(images, shape)
  blendPairs(images, count, own)
  blendPairs(targets, count, own)
}

/** Each image exchanges a rectangle of the share `1 - own` with the other of its pair; cut off at the border, its exact area counts. */
function exchangePieces({ images, targets, shape, random }: MixedBatch, own: number): void {
  const [channels, height, width] = shape
  const piece = pieceOf(1 - own, { height, width }, random)
  const count = countOf(images, shape)
  for (const [one, other] of pairs(images, count)) {
    for (let row = 0; row < channels * height; row++) {
      const y = row % height
      if (y < piece.top || y >= piece.top + piece.height) continue
      const start = row * width + piece.left
      const kept = one.slice(start, start + piece.width)
      one.set(other.subarray(start, start + piece.width), start)
      other.set(kept, start)
    }
  }
  blendPairs(targets, count, 1 - (piece.height * piece.width) / (height * width))
}

/** A rectangle of that share of the area and the picture's proportions around a random place. */
function pieceOf(
  share: number,
  { height, width }: Pick<Rectangle, 'height' | 'width'>,
  random: Random,
): Rectangle {
  const [top, bottom] = span(height, share, random)
  const [left, right] = span(width, share, random)
  return { top, left, height: bottom - top, width: right - left }
}

function span(size: number, share: number, random: Random): readonly [from: number, to: number] {
  const length = Math.floor(size * Math.sqrt(share))
  const from = random.integer(size) - (length >> 1)
  return [Math.max(0, from), Math.min(size, from + length)]
}

function countOf(images: Float32Array, [channels, height, width]: MixedBatch['shape']): number {
  return images.length / (channels * height * width)
}

function blendPairs(rows: Float32Array, count: number, own: number): void {
  for (const [one, other] of pairs(rows, count)) {
    for (let i = 0; i < one.length; i++) {
      const [a, b] = [one[i] ?? 0, other[i] ?? 0]
      one[i] = own * a + (1 - own) * b
      other[i] = own * b + (1 - own) * a
    }
  }
}

/** Row i of `count` with row count - 1 - i; the middle one of an odd number stays alone. */
function* pairs(rows: Float32Array, count: number): Generator<readonly [Float32Array, Float32Array]> {
  const size = rows.length / count
  const row = (i: number) => rows.subarray(i * size, (i + 1) * size)
  for (let i = 0; i < count >> 1; i++) yield [row(i), row(count - 1 - i)]
}
