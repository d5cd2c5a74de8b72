/** How often a network in training is right on pictures that it is not trained on. */
import type { DatasetItem } from '../datasets/dataset.ts'
import { batchFor } from '../inference/batch-size.ts'
import { type Counts, Tally } from '../inference/tally.ts'

export interface Validation {
  readonly items: readonly DatasetItem[]
  readonly classes: readonly string[]
  /** Values of what the network reads of a picture. */
  readonly values: number
  /** Writes them for the picture at a place of `items`; answers false where it cannot be read. */
  write(place: number, to: Float32Array): Promise<boolean>
  /** Scores [N, classes] of N pictures. */
  scores(image: Float32Array, batch: number): Promise<Float32Array>
  /** Hears of every picture and its scores `[classes]`. */
  onAnswer?(item: DatasetItem, scores: Float32Array): void
}

export async function validate(validation: Validation): Promise<Counts> {
  const { items, classes, values, write, scores } = validation
  const batch = batchFor(values)
  const tally = new Tally([...classes.keys()], classes, classes.length)
  for (let start = 0; start < items.length; start += batch) {
    const taken = items.slice(start, start + batch)
    const image = new Float32Array(batch * values)
    const readable = await Promise.all(
      taken.map((_, i) => write(start + i, image.subarray(i * values, (i + 1) * values))),
    )
    const logits = await scores(image, batch)
    taken.forEach((item, i) => {
      if (readable[i] !== true) return
      const own = logits.subarray(i * classes.length, (i + 1) * classes.length)
      tally.add(item.class, own)
      validation.onAnswer?.(item, own)
    })
  }
  return tally.counts()
}
