/** Counts how often a network is right, image by image. */
import { bestClasses, softmax } from './predictions.ts'

export interface ClassTally {
  readonly label: string
  /** Number of the model's class. */
  readonly index: number
  readonly images: number
  readonly correct: number
  /** Share of its images that are answered rightly at first. */
  readonly top1: number
}

export interface Counts {
  readonly images: number
  /** Shares of the images whose class comes first, and is among the first five. */
  readonly top1: number
  readonly top5: number
  readonly correct: number
  readonly correct5: number
  /** Mean of -log(probability of the right class), in nats. */
  readonly loss: number
  /** One entry for each class of the dataset. */
  readonly perClass: readonly ClassTally[]
  /** How many images of each class of the dataset (rows, as in `perClass`) got each class of the model (columns). */
  readonly confusion: readonly (readonly number[])[]
}

/** A class of the dataset: which of the model's it is, and what it is called. */
export interface Target {
  readonly index: number
  readonly label: string
}

interface Row extends Target {
  images: number
  readonly answers: Uint32Array
}

export class Tally {
  readonly #rows: readonly (Row | undefined)[]
  readonly #probabilities: (scores: ArrayLike<number>) => Float64Array
  #images = 0
  #correct = 0
  #correct5 = 0
  #loss = 0

  /** `targets`: for each class of the dataset; undefined for one without images that the model has not. */
  constructor(
    targets: readonly (Target | undefined)[],
    classes: number,
    probabilities: (scores: ArrayLike<number>) => Float64Array = softmax,
  ) {
    this.#rows = targets.map((target) =>
      target === undefined ? undefined : { ...target, images: 0, answers: new Uint32Array(classes) },
    )
    this.#probabilities = probabilities
  }

  /** One image of the dataset's class `row`. */
  add(row: number, logits: ArrayLike<number>): void {
    const entry = this.#rows[row]
    if (entry === undefined) return
    const probabilities = this.#probabilities(logits)
    const best = bestClasses(probabilities, 5)
    const [first = 0] = best
    entry.images++
    entry.answers[first] = (entry.answers[first] ?? 0) + 1
    this.#images++
    if (first === entry.index) this.#correct++
    if (best.includes(entry.index)) this.#correct5++
    this.#loss -= Math.log(Math.max(probabilities[entry.index] ?? 0, Number.MIN_VALUE))
  }

  get images(): number {
    return this.#images
  }

  get correct(): number {
    return this.#correct
  }

  counts(): Counts {
    const images = this.#images
    const rows = this.#rows.filter((row) => row !== undefined)
    return {
      images,
      top1: this.#correct / images,
      top5: this.#correct5 / images,
      correct: this.#correct,
      correct5: this.#correct5,
      loss: this.#loss / images,
      perClass: rows.map(({ index, label, images: own, answers }) => {
        const correct = answers[index] ?? 0
        return {
          label,
          index,
          images: own,
          correct,
          top1: own === 0 ? 0 : correct / own,
        }
      }),
      confusion: rows.map(({ answers }) => [...answers]),
    }
  }
}
