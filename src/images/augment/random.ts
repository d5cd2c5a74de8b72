/** Random numbers of one picture's augmentation: a function of what they are for, never of what was drawn before. */
import { randomUniform } from '../../ops/random-bits.ts'

export class Random {
  readonly #counters: readonly number[]
  #drawn = 0

  /** `counters` name the use: seed, epoch, the picture's place. */
  constructor(...counters: readonly number[]) {
    this.#counters = counters
  }

  /** Uniform in [0, 1). */
  uniform(): number {
    return randomUniform(...this.#counters, this.#drawn++)
  }

  /** Uniform in [from, to). */
  between(from: number, to: number): number {
    return from + (to - from) * this.uniform()
  }

  /** A whole number from 0 to `below - 1`. */
  integer(below: number): number {
    return Math.min(below - 1, Math.floor(this.uniform() * below))
  }

  chance(probability: number): boolean {
    return this.uniform() < probability
  }
}
