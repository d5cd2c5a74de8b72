/**
 * A session's state tensors. Inference reads them only to pack weights, so they stay the caller's arrays; what a program reads
 * or writes in the engine's memory moves there when the program is made.
 */
import type { TensorMap } from '../engine.ts'
import type { Heap } from './memory.ts'

interface Place {
  readonly address: number
  readonly size: number
}

export class States {
  readonly #heap: Heap
  readonly #given: Map<string, Float32Array>
  readonly #placed: Map<string, Place>

  constructor(heap: Heap, given: TensorMap, placed: ReadonlyMap<string, Place> = new Map()) {
    this.#heap = heap
    this.#given = new Map(given)
    this.#placed = new Map(placed)
  }

  /** The same on a heap that only counts. */
  planned(heap: Heap): States {
    return new States(heap, this.#given, this.#placed)
  }

  *keys(): Generator<string> {
    yield* this.#given.keys()
    yield* this.#placed.keys()
  }

  /** A view that is good until memory grows or the state is written. */
  get(name: string): Float32Array | undefined {
    const place = this.#placed.get(name)
    if (place === undefined) return this.#given.get(name)
    return this.#heap.floats.subarray(place.address / 4, place.address / 4 + place.size)
  }

  set(name: string, values: Float32Array): void {
    const place = this.#placed.get(name)
    if (place !== undefined) this.#heap.floats.set(values, place.address / 4)
    else if (this.#given.has(name)) this.#given.set(name, values)
  }

  /** Where a state lies, to which it moves if it was not there. */
  addressOf(name: string): number | undefined {
    const place = this.#placed.get(name)
    if (place !== undefined) return place.address
    const values = this.#given.get(name)
    if (values === undefined) return undefined
    const address = this.#heap.writeFloats(values)
    this.#placed.set(name, { address, size: values.length })
    this.#given.delete(name)
    return address
  }

  clear(): void {
    this.#given.clear()
    this.#placed.clear()
  }
}
