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
  /**
   * What images of each class were taken for: the answers that were given, right ones too, by class and answer. So there are
   * no more than images, however many the classes.
   */
  readonly confusion: readonly Answered[]
}

/** Images of one class that got the same answer. */
export interface Answered {
  /** The class that they are of: its place in `perClass`. */
  readonly truth: number
  /** Number of the model's class that was answered. */
  readonly answer: number
  /** How many they are. */
  readonly count: number
}

/** A class of the dataset: which of the model's it is, and what it is called. */
export interface Target {
  readonly index: number
  readonly label: string
}

/** What turns scores into probabilities, in a room of as many numbers where it needs one. */
type Probabilities = (scores: ArrayLike<number>, room: Float64Array) => Float64Array

interface Row extends Target {
  images: number
  /** How often each of the model's classes was answered. */
  readonly answers: Map<number, number>
}

export class Tally {
  readonly #rows: readonly (Row | undefined)[]
  readonly #probabilities: Probabilities
  /** Used for one image after the other. */
  #room = new Float64Array()
  #images = 0
  #correct = 0
  #correct5 = 0
  #loss = 0

  /** `targets`: for each class of the dataset; undefined for one without images that the model has not. */
  constructor(targets: readonly (Target | undefined)[], probabilities: Probabilities = softmax) {
    this.#rows = targets.map((target) =>
      target === undefined ? undefined : { ...target, images: 0, answers: new Map() },
    )
    this.#probabilities = probabilities
  }

  /** One image of the dataset's class `row`. */
  add(row: number, logits: ArrayLike<number>): void {
    const entry = this.#rows[row]
    if (entry === undefined) return
    if (this.#room.length !== logits.length) this.#room = new Float64Array(logits.length)
    const probabilities = this.#probabilities(logits, this.#room)
    const best = bestClasses(probabilities, 5)
    const [first = 0] = best
    entry.images++
    entry.answers.set(first, (entry.answers.get(first) ?? 0) + 1)
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
        const correct = answers.get(index) ?? 0
        return {
          label,
          index,
          images: own,
          correct,
          top1: own === 0 ? 0 : correct / own,
        }
      }),
      confusion: rows.flatMap(({ answers }, truth) =>
        [...answers].sort(([a], [b]) => a - b).map(([answer, count]) => ({ truth, answer, count })),
      ),
    }
  }
}
