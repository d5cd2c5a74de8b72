/** A session's state tensors in the engine's memory, row-major, where kernels read and write them. */
import type { TensorMap } from '../engine.ts'
import { roundUp } from './layout.ts'
import type { Heap } from './memory.ts'
import { Pace } from './pace.ts'

interface Place {
  readonly address: number
  readonly size: number
}

export class States {
  readonly #heap: Heap
  readonly #places = new Map<string, Place>()

  private constructor(heap: Heap) {
    this.#heap = heap
  }

  /** Copies tensors in, in slices. */
  static async of(heap: Heap, tensors: TensorMap): Promise<States> {
    const states = new States(heap)
    const pace = new Pace()
    for (const [name, values] of tensors) {
      // Room for whole panels: kernels read biases 16 at a time.
      const address = heap.allocate(roundUp(values.length, 16) * 4)
      states.#places.set(name, { address, size: values.length })
      states.set(name, values)
      if (pace.isDue) await pace.rest()
    }
    return states
  }

  keys(): IterableIterator<string> {
    return this.#places.keys()
  }

  /** A view that is good until memory grows. */
  get(name: string): Float32Array | undefined {
    const place = this.#places.get(name)
    return place && this.#heap.floats.subarray(place.address / 4, place.address / 4 + place.size)
  }

  set(name: string, values: Float32Array): void {
    const place = this.#places.get(name)
    if (place !== undefined) this.#heap.floats.set(values, place.address / 4)
  }

  addressOf(name: string): number | undefined {
    return this.#places.get(name)?.address
  }

  clear(): void {
    this.#places.clear()
  }
}
