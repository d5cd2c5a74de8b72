/** How often a network in training is right on pictures that it is not trained on. */
import type { DatasetItem } from '../datasets/dataset.ts'
import { answersOf } from '../inference/batches.ts'
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
  const { items, classes, values, write, scores, onAnswer } = validation
  const tally = new Tally(classes.map((label, index) => ({ index, label })))
  const walk = answersOf({ items, values, run: scores, write: (_, place, to) => write(place, to) })
  for await (const batch of walk) {
    for (const { item, answer } of batch) {
      if (answer === undefined) continue
      tally.add(item.class, answer)
      onAnswer?.(item, answer)
    }
  }
  return tally.counts()
}
