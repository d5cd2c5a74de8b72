/**
 * Features of the part of a network that a run leaves as it is, computed once: of each training picture in some augmented
 * copies, which the epochs take in turn, and of each validation picture as in inference.
 */
import type { TensorMap } from '../engines/engine.ts'
import { answersOf } from '../inference/batches.ts'
import { elements } from '../ops/shape.ts'
import type { FeaturesComputed } from './events.ts'
import type { Inputs, PictureInputs } from './inputs.ts'
import { type Scaling, scalingOf, standardise } from './scaling.ts'
import { Speed } from './speed.ts'
import type { RunStore } from './store.ts'

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
  #copies: readonly Table[] = []
  #val: Table = new Float32Array()

  constructor(options: FeatureOptions) {
    this.#options = options
    this.shape = options.shape
    this.#values = elements(options.shape)
  }

  async *prepare(signal: AbortSignal | undefined): AsyncGenerator<FeaturesComputed, void, undefined> {
    const { store, copies, standardised, scaled } = this.#options
    const kept = this.#fitting(await store?.readFeatures())
    const tables = kept ?? (yield* this.#compute(signal))
    if (tables === undefined) return
    if (kept === undefined) await store?.saveFeatures(tables)
    this.#copies = Array.from(
      { length: copies },
      (_, copy) => tables.get(`train/${copy}`) ?? new Float32Array(),
    )
    this.#val = tables.get('val') ?? this.#val
    if (!standardised) return
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

  /** What is kept of this run, where it is whole. */
  #fitting(tables: TensorMap | undefined): TensorMap | undefined {
    const { counts, copies } = this.#options
    const has = (name: string, count: number) => tables?.get(name)?.length === count * this.#values
    const whole = Array.from({ length: copies }, (_, copy) => has(`train/${copy}`, counts.train)).every(
      Boolean,
    )
    return whole && has('val', counts.val) ? tables : undefined
  }

  /** All tables; nothing where the signal is aborted meanwhile. */
  async *#compute(
    signal: AbortSignal | undefined,
  ): AsyncGenerator<FeaturesComputed, TensorMap | undefined, undefined> {
    const { pictures, counts, copies, compute } = this.#options
    const values = elements(pictures.shape)
    const wanted = [
      ...Array.from({ length: copies }, (_, copy) => ({
        name: `train/${copy}`,
        count: counts.train,
        write: (place: number, to: Float32Array) => pictures.training(place, copy, to),
      })),
      {
        name: 'val',
        count: counts.val,
        write: (place: number, to: Float32Array) => pictures.validation(place, to),
      },
    ]
    const total = copies * counts.train + counts.val
    const tables = new Map<string, Table>()
    const speed = new Speed()
    let done = 0
    for (const { name, count, write } of wanted) {
      const table = new Float32Array(count * this.#values)
      tables.set(name, table)
      const items = Array.from({ length: count }, (_, i) => i)
      for await (const batch of answersOf({
        items,
        values,
        run: compute,
        write: (place, _, to) => write(place, to),
      })) {
        for (const { item, answer } of batch) {
          const row = table.subarray(item * this.#values, (item + 1) * this.#values)
          if (answer === undefined) row.fill(Number.NaN)
          else row.set(answer)
        }
        speed.add(batch.length)
        done += batch.length
        const { imagesPerSecond } = speed
        yield {
          kind: 'features',
          done,
          total,
          imagesPerSecond,
          secondsLeft: (total - done) / imagesPerSecond,
        }
        if (signal?.aborted === true && done < total) return undefined
      }
    }
    return tables
  }
}
