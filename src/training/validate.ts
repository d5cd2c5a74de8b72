/** How often a network in training is right on pictures that it is not trained on. */
import type { Preprocessing } from '../architecture/preprocessing.ts'
import type { DatasetItem } from '../datasets/dataset.ts'
import { croppedPixels, writeInput } from '../images/preprocess.ts'
import { type Counts, Tally } from '../inference/tally.ts'
import type { Pictures } from './pictures.ts'

export interface Validation {
  readonly items: readonly DatasetItem[]
  readonly pictures: Pictures
  readonly preprocessing: Preprocessing
  /** Channels that the network reads. */
  readonly channels: number
  readonly classes: readonly string[]
  readonly signal: AbortSignal | undefined
  /** Scores [N, classes] of images [N, C, H, W]. */
  scores(image: Float32Array, batch: number): Promise<Float32Array>
  /** Hears of every picture and its scores `[classes]`. */
  onAnswer?(item: DatasetItem, scores: Float32Array): void
}

/** Values of a batch's images together, so that small pictures go many at a time. */
const batchValues = 1_000_000
const largestBatch = 64

export async function validate(validation: Validation): Promise<Counts> {
  const { items, pictures, preprocessing, channels, classes, signal, scores } = validation
  const values = channels * preprocessing.crop[0] * preprocessing.crop[1]
  const batch = Math.min(largestBatch, Math.max(1, Math.floor(batchValues / values)))
  const tally = new Tally([...classes.keys()], classes, classes.length)
  for (let start = 0; start < items.length; start += batch) {
    signal?.throwIfAborted()
    const found = await Promise.all(
      items.slice(start, start + batch).map(async (item) => ({ item, picture: await pictures.get(item) })),
    )
    const image = new Float32Array(batch * values)
    found.forEach(({ picture }, i) => {
      if (picture === undefined) return
      writeInput(croppedPixels(picture, preprocessing), preprocessing, image, i * values)
    })
    const logits = await scores(image, batch)
    found.forEach(({ item, picture }, i) => {
      if (picture === undefined) return
      const own = logits.subarray(i * classes.length, (i + 1) * classes.length)
      tally.add(item.class, own)
      validation.onAnswer?.(item, own)
    })
  }
  return tally.counts()
}
