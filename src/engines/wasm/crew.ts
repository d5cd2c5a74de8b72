/** Who runs programs: threads in lockstep over shared memory, or the calling thread where memory cannot be shared. */
import { keepAlive, parallelism } from '#platform/engines/wasm/worker'
import { EngineError } from '../../errors.ts'
import type { Heap } from './memory.ts'
import { Pace, sliceMs } from './pace.ts'
import { control, phaseWords, type StartThread, type Thread } from './thread.ts'

export interface CrewOptions {
  readonly heap: Heap
  readonly module: WebAssembly.Module
  /** Names of the module's kernels, in the order of their numbers in a table. */
  readonly kernels: readonly string[]
}

export interface CrewRunOptions {
  readonly signal?: AbortSignal | undefined
  /** Address of phases + 1 doubles that take the clock's milliseconds before and after each phase. */
  readonly times?: number
  /** The first phase that writes states: from there on a signal no longer counts. */
  readonly commit?: number
}

export interface Crew {
  readonly threads: number
  /** For people: how many threads, and why not more. */
  readonly description: string
  /** Runs phases of a table. Rejects when the signal fires, a thread dies, or the crew is dismissed. */
  run(table: number, phases: number, options?: CrewRunOptions): Promise<void>
  /** Ends what runs, with this error, and gives back the threads. */
  dismiss(reason: Error): Promise<void>
}

/**
 * How often a thread looks whether the others are there before it sleeps, a tenth of a millisecond. Not where threads wait for
 * processors: who looks then takes the time of those that are waited for.
 */
const spins = 20_000

function describe(count: number, processors: number): string {
  if (count > processors) return `${count} threads on ${processors} processor${processors === 1 ? '' : 's'}`
  return `${count} threads`
}

/** Threads over shared memory. The calling thread never computes, so that a page stays responsive. */
export class ThreadCrew implements Crew {
  readonly threads: number
  readonly description: string
  readonly #heap: Heap
  readonly #members: readonly Thread[]
  #epoch = 0
  #failure: Error | undefined
  #settle: { resolve(stopped: boolean): void; reject(error: Error): void } | undefined

  constructor({ heap, module, kernels }: CrewOptions, count: number, startThread: StartThread) {
    this.threads = count
    const processors = parallelism()
    const waits = count > processors
    this.description = describe(count, processors)
    this.#heap = heap
    const shared = {
      memory: heap.memory,
      module,
      kernels,
      count,
      control,
      phaseWords,
      spins: waits ? 0 : spins,
    }
    this.#members = Array.from({ length: count }, (_, index) =>
      startThread({ ...shared, index }, (message) => {
        if ('error' in message) void this.dismiss(new EngineError(`a thread died: ${message.error}`))
        else this.#settle?.resolve(message.stopped)
      }),
    )
  }

  async run(
    table: number,
    phases: number,
    { signal, times = 0, commit = phases }: CrewRunOptions = {},
  ): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    const words = this.#heap.integers
    words[control.table] = table
    words[control.phases] = phases
    words[control.stop] = 0
    words[control.times] = times
    words[control.commit] = commit
    words[control.pages] = words.byteLength / 65_536
    const stop = () => Atomics.store(words, control.stop, 1)
    signal?.addEventListener('abort', stop)
    const letGo = keepAlive()
    try {
      const stopped = await new Promise<boolean>((resolve, reject) => {
        this.#settle = { resolve, reject }
        Atomics.store(words, control.epoch, ++this.#epoch)
        Atomics.notify(words, control.epoch)
      })
      if (stopped) signal?.throwIfAborted()
    } finally {
      this.#settle = undefined
      letGo()
      signal?.removeEventListener('abort', stop)
    }
  }

  async dismiss(reason: Error): Promise<void> {
    this.#failure ??= reason
    this.#settle?.reject(this.#failure)
    await Promise.all(this.#members.map((member) => member.terminate()))
  }
}

/** The calling thread, which computes in slices, so that a page still answers. */
export class CallingThread implements Crew {
  readonly threads = 1
  readonly description: string
  readonly #heap: Heap
  readonly #kernels: readonly Kernel[]
  #failure: Error | undefined

  private constructor(heap: Heap, kernels: readonly Kernel[], description: string) {
    this.description = description
    this.#heap = heap
    this.#kernels = kernels
  }

  /** `why` there are no more threads; nothing where one was asked for. */
  static async open({ heap, module, kernels }: CrewOptions, why?: string): Promise<CallingThread> {
    const { exports } = await WebAssembly.instantiate(module, { env: { memory: heap.memory } })
    return new CallingThread(
      heap,
      kernels.map((name) => kernelNamed(exports, name)),
      why === undefined ? '1 thread' : `1 thread, as ${why}`,
    )
  }

  async run(
    table: number,
    phases: number,
    { signal, times = 0, commit = phases }: CrewRunOptions = {},
  ): Promise<void> {
    const words = this.#heap.integers.slice(table / 4, table / 4 + phases * phaseWords)
    const clock = times === 0 ? undefined : this.#heap.doubles(times, phases + 1)
    clock?.set([performance.now()])
    const pace = new Pace()
    for (let at = 0; at < words.length; at += phaseWords) {
      const [number = 0, descriptor = 0, units = 0, grain = 1] = words.subarray(at, at + phaseWords)
      const kernel = this.#kernels[number]
      for (let from = 0, piece = grain; from < units; ) {
        const start = performance.now()
        const to = Math.min(units, from + piece)
        kernel?.(descriptor, from, to)
        from = to
        if (performance.now() - start < sliceMs / 4) piece *= 2
        if (!pace.isDue) continue
        await pace.rest()
        if (this.#failure !== undefined) throw this.#failure
        if (at < commit * phaseWords) signal?.throwIfAborted()
      }
      clock?.set([performance.now()], at / phaseWords + 1)
    }
  }

  async dismiss(reason: Error): Promise<void> {
    this.#failure ??= reason
  }
}

type Kernel = (descriptor: number, from: number, to: number) => unknown

function kernelNamed(exports: WebAssembly.Exports, name: string): Kernel {
  const kernel = exports[name]
  if (typeof kernel !== 'function') throw new EngineError(`the kernels lack "${name}"`)
  return (descriptor, from, to) => kernel(descriptor, from, to)
}
