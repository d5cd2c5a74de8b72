/** Long work of the calling thread in slices, so that a page still answers and a signal is noticed. */
import { nextTask } from '#platform/engines/wasm/worker'

/** Milliseconds of a slice: a busy machine may stretch it tenfold, and a page still answers. */
export const sliceMs = 4

export class Pace {
  #start = performance.now()

  /** Whether the slice is over and `rest` is due. */
  get isDue(): boolean {
    return performance.now() - this.#start > sliceMs
  }

  /** Lets everything else that waits have its turn. */
  async rest(): Promise<void> {
    await nextTask()
    this.#start = performance.now()
  }
}
