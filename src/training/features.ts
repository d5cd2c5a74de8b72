/**
 * Features of the part of a network that a run leaves as it is, computed once: of each training picture in some augmented
 * copies, which the epochs take in turn, and of each validation picture as in inference. They are kept as they come, picture by
 * picture, so that each is decoded once and a run that is stopped loses none.
 */
import { answersOf } from '../inference/batches.ts'
import { elements } from '../ops/shape.ts'
import type { FeaturesComputed } from './events.ts'
import type { Inputs, PictureInputs } from './inputs.ts'
import { type Scaling, scalingOf, standardise } from './scaling.ts'
import { Speed } from './speed.ts'
import type { KeptFeatures, RunStore } from './store.ts'

export interface FeatureOptions {
  readonly pictures: PictureInputs
  /** Training and validation pictures. */
  readonly counts: { readonly train: number; readonly val: number }
  /** Augmented copies of each training picture. */
  readonly copies: number
  /** Of the features of one picture. */
  readonly shape: readonly number[]
  /** Whether each feature is shifted and scaled to mean 0 and deviation 1, so that one rate fits every network. */
  readonly standardised: boolean
  readonly store: RunStore | undefined
  /** Tells apart all that features depend on. */
  fingerprint(): Promise<string>
  /** The frozen part: features of images [N, C, H, W]. */
  compute(image: Float32Array, batch: number): Promise<Float32Array>
  /** Hears by what features are standardised, before any is used. */
  scaled(scaling: Scaling): Promise<void>
}

/** Features of many pictures, one after the other; NaN stands for a picture that cannot be read. */
type Table = Float32Array

export class FeatureInputs implements Inputs {
  readonly shape: readonly number[]
  readonly #options: FeatureOptions
  readonly #values: number
  readonly #copies: readonly Table[]
  readonly #val: Table

  constructor(options: FeatureOptions) {
    const { counts, copies, shape } = options
    this.#options = options
    this.shape = shape
    this.#values = elements(shape)
    const table = (count: number) => new Float32Array(count * this.#values).fill(Number.NaN)
    this.#copies = Array.from({ length: copies }, () => table(counts.train))
    this.#val = table(counts.val)
  }

  async *prepare(signal: AbortSignal | undefined): AsyncGenerator<FeaturesComputed, void, undefined> {
    const { store, standardised, fingerprint, scaled } = this.#options
    const of = { fingerprint: await fingerprint(), rows: this.#rows, values: this.#values }
    const kept = await store?.openFeatures(of)
    try {
      yield* this.#compute(await this.#missing(kept), kept, signal)
    } finally {
      await kept?.close()
    }
    if (signal?.aborted === true || !standardised) return
    const scaling = scalingOf(this.#copies, this.#values)
    for (const table of [...this.#copies, this.#val]) standardise(table, scaling)
    await scaled(scaling)
  }

  async training(place: number, epoch: number, to: Float32Array): Promise<boolean> {
    return this.#write(this.#copies[epoch % this.#copies.length], place, to)
  }

  async validation(place: number, to: Float32Array): Promise<boolean> {
    return this.#write(this.#val, place, to)
  }

  #write(table: Table | undefined, place: number, to: Float32Array): boolean {
    const row = table?.subarray(place * this.#values, (place + 1) * this.#values)
    if (row === undefined || Number.isNaN(row[0])) return false
    to.set(row)
    return true
  }

  /** Rows in the order in which they are computed: the copies of each training picture, then the validation pictures. */
  get #rows(): number {
    const { counts, copies } = this.#options
    return copies * counts.train + counts.val
  }

  #placeOf(row: number): { readonly copy: number | undefined; readonly place: number } {
    const { counts, copies } = this.#options
    const training = copies * counts.train
    if (row >= training) return { copy: undefined, place: row - training }
    return { copy: row % copies, place: Math.floor(row / copies) }
  }

  #keep(row: number, values: Float32Array): void {
    const { copy, place } = this.#placeOf(row)
    const table = copy === undefined ? this.#val : this.#copies[copy]
    table?.set(values, place * this.#values)
  }

  /** Takes what is kept; answers the rows that are not. Pictures that could not be read are among them, and tried again. */
  async #missing(kept: KeptFeatures | undefined): Promise<readonly number[]> {
    const missing = new Set(Array.from({ length: this.#rows }, (_, row) => row))
    for await (const { row, values } of kept?.read() ?? []) {
      this.#keep(row, values)
      missing.delete(row)
    }
    return [...missing]
  }

  /** Computes rows until all are there or the signal is aborted. */
  async *#compute(
    items: readonly number[],
    kept: KeptFeatures | undefined,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<FeaturesComputed, void, undefined> {
    const { pictures, compute } = this.#options
    const write = (row: number, to: Float32Array) => {
      const { copy, place } = this.#placeOf(row)
      return copy === undefined ? pictures.validation(place, to) : pictures.training(place, copy, to)
    }
    const total = this.#rows
    const speed = new Speed()
    let done = total - items.length
    for await (const batch of answersOf({
      items,
      values: elements(pictures.shape),
      run: compute,
      write: (row, _, to) => write(row, to),
    })) {
      for (const { item: row, answer: values } of batch) {
        if (values === undefined) continue
        this.#keep(row, values)
        await kept?.append({ row, values })
      }
      speed.add(batch.length)
      done += batch.length
      const { imagesPerSecond } = speed
      const secondsLeft = (total - done) / imagesPerSecond
      yield { kind: 'features', done, total, imagesPerSecond, secondsLeft }
      if (signal?.aborted === true) return
    }
  }
}
