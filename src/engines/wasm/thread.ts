/**
 * What each thread runs: it sleeps until a program is posted, goes through the phases with the others, and meets them at a
 * barrier after each. Some workers get this file as text (scripts/kernels.mjs), so it imports nothing.
 */

/** Words at the bottom of memory by which the threads agree. */
export const control = {
  epoch: 0,
  arrived: 1,
  generation: 2,
  table: 3,
  phases: 4,
  stop: 5,
  times: 6,
  /** The first phase that writes states: from there on all are run. */
  commit: 7,
  /** The generation that a run was stopped in. */
  halted: 8,
  /** Size of the memory in pages. */
  pages: 9,
} as const

/** Words of a phase in the table: kernel, descriptor, units, grain. */
export const phaseWords = 4

export interface ThreadData {
  readonly memory: WebAssembly.Memory
  readonly module: WebAssembly.Module
  readonly kernels: readonly string[]
  readonly index: number
  readonly count: number
  readonly control: typeof control
  readonly phaseWords: number
  /** How often it looks for the others before it sleeps. */
  readonly spins: number
}

/** A thread that was started. */
export interface Thread {
  terminate(): Promise<void>
}

/** Starts a thread; `answer` gets its messages, and an error when it dies. */
export type StartThread = (data: ThreadData, answer: (message: ThreadMessage) => void) => Thread

export type ThreadMessage = { readonly stopped: boolean } | { readonly error: string }

export function threadMain(data: ThreadData, post: (message: ThreadMessage) => void): void {
  const { memory, module, kernels, index, count, control: word, phaseWords: size, spins } = data
  const { exports } = new WebAssembly.Instance(module, { env: { memory } })
  const run = kernels.map((name) => {
    const kernel = exports[name]
    return typeof kernel === 'function' ? kernel : () => undefined
  })
  if (typeof exports.setThread === 'function') exports.setThread(index)
  let shared = new Int32Array(memory.buffer)

  /** Spins for a moment, then sleeps, until a word changes. */
  const waitWhile = (at: number, value: number) => {
    for (let spin = 0; spin < spins; spin++) if (Atomics.load(shared, at) !== value) return
    while (Atomics.load(shared, at) === value) Atomics.wait(shared, at, value)
  }

  /** Waits for all threads; answers whether the run stops before phase `next`. */
  const meet = (next: number): boolean => {
    const generation = Atomics.load(shared, word.generation)
    if (Atomics.add(shared, word.arrived, 1) + 1 < count) {
      waitWhile(word.generation, generation)
    } else {
      Atomics.store(shared, word.arrived, 0)
      // Decided before anybody goes on, so that all threads stop after the same phase.
      const interruptible = next <= Atomics.load(shared, word.commit)
      if (interruptible && Atomics.load(shared, word.stop) !== 0)
        Atomics.store(shared, word.halted, generation + 1)
      Atomics.add(shared, word.generation, 1)
      Atomics.notify(shared, word.generation)
    }
    return Atomics.load(shared, word.halted) === generation + 1
  }

  /**
   * This thread's share of each phase: a multiple of the grain, by the phase's size alone. All words are read before the first
   * barrier: behind the last one, the next run may be posted while this thread is on its way out.
   */
  const runProgram = (): boolean => {
    // V8 does not tell a thread that starts just then of memory that grows; asked to grow by nothing, it looks.
    if (memory.buffer.byteLength < Atomics.load(shared, word.pages) * 65_536) memory.grow(0)
    shared = new Int32Array(memory.buffer)
    // Addresses past 2 GB are negative as words.
    const table = (Atomics.load(shared, word.table) >>> 0) / 4
    // Doubles that the first thread writes the clock into, before and after each phase; none without an address.
    const times = Atomics.load(shared, word.times) >>> 0
    const clock = times === 0 || index > 0 ? undefined : new Float64Array(memory.buffer, times)
    if (clock !== undefined) clock[0] = performance.now()
    const phases = Atomics.load(shared, word.phases)
    for (let phase = 0; phase < phases; phase++) {
      const [kernel = 0, descriptor = 0, units = 0, grain = 1] = shared.subarray(
        table + phase * size,
        table + (phase + 1) * size,
      )
      const share = Math.ceil(units / grain / count) * grain
      const from = Math.min(units, index * share)
      const to = Math.min(units, from + share)
      if (from < to) run[kernel]?.(descriptor, from, to)
      const stopped = meet(phase + 1)
      if (clock !== undefined) clock[phase + 1] = performance.now()
      if (stopped) return true
    }
    return false
  }

  for (let epoch = 0; ; ) {
    waitWhile(word.epoch, epoch)
    epoch = Atomics.load(shared, word.epoch)
    try {
      const stopped = runProgram()
      if (index === 0) post({ stopped })
    } catch (error) {
      post({ error: String(error) })
      return
    }
  }
}
