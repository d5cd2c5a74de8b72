/**
 * The engine's one memory. Addresses are handed out once and never taken back but as a whole; values of a graph that have
 * the same geometry take turns in the same place, so that their zero borders are written once.
 */
import { EngineError, ResourceError } from '../../errors.ts'
import { type Layout, type Storage, totalBytes } from './layout.ts'

const pageBytes = 65_536
const cacheLine = 64
const maximumPages = 65_536
/** A quarter of a gigabyte, which holds most networks. */
const leastPages = 4096
/** V8 reserves 10 GB of addresses for each memory, so that it need not check each access. */
const inNode =
  'process' in globalThis
    ? ', raise the limit of addresses (ulimit -v), or start Node with NODE_OPTIONS=--disable-wasm-trap-handler'
    : ''
/** What WebAssembly can address. */
export const memoryLimit = maximumPages * pageBytes

/**
 * What lives no longer than the phases of one node: each thread's own scratch, the table of a few phases, a state on its way into panels, packed
 * weights that change in each run, sums
 * by block, maps in Winograd's places, the direction in which an optimiser moves a tensor, and products whose rows are still in the order of
 * panels.
 */
export type ScratchPurpose =
  | 'threads'
  | 'table'
  | 'states'
  | 'weights'
  | 'sums'
  | 'places'
  | 'gradientPlaces'
  | 'direction'
  | 'product'

export class Heap {
  #memory: WebAssembly.Memory | undefined
  #top = 4096
  /** Whether addresses are only counted, to see what a program would take. */
  #planned = false
  readonly #scratch = new Map<string, { readonly address: number; readonly bytes: number }>()

  /** Throws `ResourceError` where the system gives no memory. A heap that only counts takes none. */
  constructor(kind: { readonly shared: boolean } | 'planned') {
    this.#memory = kind === 'planned' ? undefined : reserve(kind)
  }

  /** A heap that goes on where this one ends, but only counts. */
  planned(): Heap {
    const plan = new Heap('planned')
    plan.#planned = true
    plan.#top = this.#top
    for (const [purpose, place] of this.#scratch) plan.#scratch.set(purpose, place)
    return plan
  }

  /** Bytes that are handed out, and a cache line more: a tile as wide as one may read on past the last operand. */
  get used(): number {
    return this.#top + cacheLine
  }

  get memory(): WebAssembly.Memory {
    if (this.#memory === undefined) throw new EngineError('the session was disposed')
    return this.#memory
  }

  /** Lets go of the memory, whoever still holds the session. */
  free(): void {
    this.#memory = undefined
  }

  /** Zeroed bytes at an address that a cache line divides. Throws `ResourceError` past 4 GB. */
  allocate(bytes: number): number {
    const address = this.#top
    this.#top = Math.ceil((address + bytes) / cacheLine) * cacheLine
    if (this.#planned) return address
    const missing = Math.ceil((this.used - this.memory.buffer.byteLength) / pageBytes)
    if (missing > 0) this.#grow(missing)
    return address
  }

  /** Bytes that everybody may use in turn for one purpose: the same as before where those suffice. */
  scratch(purpose: ScratchPurpose, bytes: number): number {
    const there = this.#scratch.get(purpose)
    if (there !== undefined && there.bytes >= bytes) return there.address
    const address = this.allocate(bytes)
    this.#scratch.set(purpose, { address, bytes })
    return address
  }

  #grow(pages: number): void {
    try {
      this.memory.grow(pages)
    } catch (error) {
      const gigabytes = (this.#top / 2 ** 30).toFixed(1)
      throw new ResourceError(
        `this machine does not give the ${gigabytes} GB of memory that the network needs; take a smaller batch`,
        { cause: error },
      )
    }
  }

  /** Views are made anew each time: growing leaves old ones at their old length. */
  get floats(): Float32Array {
    return new Float32Array(this.memory.buffer)
  }

  get integers(): Int32Array {
    return new Int32Array(this.memory.buffer)
  }

  /** A view of doubles at an address that 8 divides. */
  doubles(address: number, count: number): Float64Array {
    return new Float64Array(this.memory.buffer, address, count)
  }

  /** Copies numbers in and answers their address. */
  writeFloats(values: ArrayLike<number>): number {
    const address = this.allocate(values.length * 4)
    if (!this.#planned) this.floats.set(values, address / 4)
    return address
  }

  writeIntegers(values: ArrayLike<number>): number {
    const address = this.allocate(values.length * 4)
    if (!this.#planned) this.integers.set(values, address / 4)
    return address
  }
}

/** Some platforms reserve all that a memory may ever be, and refuse what is too much for them: less is asked for then. */
function reserve({ shared }: { readonly shared: boolean }): WebAssembly.Memory {
  for (let maximum = maximumPages; ; maximum /= 2) {
    try {
      return new WebAssembly.Memory({ initial: 16, maximum, shared })
    } catch (error) {
      if (maximum > leastPages) continue
      throw new ResourceError(
        `the system gives no memory for WebAssembly, of which every model that is open reserves addresses; dispose of models that are no longer used${inNode}`,
        { cause: error },
      )
    }
  }
}

/** Places for the values of one graph, taken and given back in the order of its nodes. */
export class Places {
  readonly #heap: Heap
  readonly #free = new Map<string, number[]>()

  constructor(heap: Heap) {
    this.#heap = heap
  }

  take(layout: Layout): Storage {
    const address = this.#free.get(geometry(layout))?.pop() ?? this.#heap.allocate(totalBytes(layout))
    return { ...layout, address }
  }

  giveBack(storage: Storage): void {
    const key = geometry(storage)
    const free = this.#free.get(key)
    if (free === undefined) this.#free.set(key, [storage.address])
    else free.push(storage.address)
  }
}

function geometry({ batch, channels, height, width, pitch, halo }: Layout): string {
  return [batch, channels, height, width, pitch, halo.top, halo.left, halo.bottom, halo.right].join()
}
