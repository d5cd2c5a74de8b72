/**
 * What follows from states and rests in memory until they change: weights in the order of the kernels, scales and shifts of
 * normalisations. All programs of a session share it, so that a network at two batch sizes keeps its weights once.
 */
import type { ReadableState } from '../state.ts'
import type { Heap } from './memory.ts'
import type { Phase } from './program.ts'

export interface Pack {
  readonly address: number
  readonly states: readonly string[]
  /** Writes what is small, and answers the phases that do the rest. */
  readonly write: (address: number, states: ReadableState) => readonly Phase[]
  /** Whether a state was written since. */
  stale: boolean
}

export type PackRecipe = Omit<Pack, 'address' | 'stale'> & { readonly bytes: number }

export class Packs {
  readonly #byKey: Map<string, Pack>

  constructor(packs: ReadonlyMap<string, Pack> = new Map()) {
    this.#byKey = new Map(packs)
  }

  /** Those of a plan, which come and go with it. */
  planned(): Packs {
    return new Packs(this.#byKey)
  }

  /** What has this key, or its place, taken now and written before it is used. */
  take(key: string, heap: Heap, recipe: () => PackRecipe): Pack {
    const there = this.#byKey.get(key)
    if (there !== undefined) return there
    const { bytes, states, write } = recipe()
    const pack = { address: heap.allocate(bytes), states, write, stale: true }
    this.#byKey.set(key, pack)
    return pack
  }

  markWritten(names: ReadonlySet<string>): void {
    for (const pack of this.#byKey.values()) {
      if (pack.states.some((name) => names.has(name))) pack.stale = true
    }
  }

  clear(): void {
    this.#byKey.clear()
  }
}
