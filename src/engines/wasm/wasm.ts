/** The WebAssembly engine: graphs as programs over one shared memory, run by threads in lockstep. */
import { withOptimisedKernels } from '#platform/engines/wasm/experimental-simd'
import { parallelism, threadStarter } from '#platform/engines/wasm/worker'
import { EngineError } from '../../errors.ts'
import type { Graph } from '../../graph/graph.ts'
import { bindBatch, elements } from '../../ops/shape.ts'
import type { Engine, EngineOptions, KernelTiming, Session, TensorMap } from '../engine.ts'
import { readTensors, writeTensors } from '../state.ts'
import { compile, draw, type Program } from './compile.ts'
import { CallingThread, type Crew, type CrewOptions, ThreadCrew } from './crew.ts'
import { checkFits } from './fit.ts'
import { chooseKernels, compileKernels, type KernelOptions, type Kernels } from './kernels.ts'
import type { LevelName } from './levels.ts'
import { Heap } from './memory.ts'
import { Pace } from './pace.ts'
import { Packs } from './packs.ts'
import { timingsOf } from './profile.ts'
import type { Phase } from './program.ts'
import { computesRight } from './self-test.ts'
import { States } from './states.ts'

/** Kernels of WebAssembly over all cores: what runs unless another engine is asked for. */
export const wasmEngine: Engine = {
  name: 'wasm',
  async open(state, options = {}) {
    return openSession(state, options)
  },
}

/**
 * Opens a session on threads that share memory, or, where there is none to share, on the calling thread.
 *
 * @throws EngineError for a number of threads that is none.
 */
export async function openSession(
  state: TensorMap,
  { threads = parallelism(), precise = false, threadProgram }: EngineOptions,
  shared = sharesMemory(),
  level?: LevelName,
): Promise<Session> {
  if (!Number.isInteger(threads) || threads < 1)
    throw new EngineError(`threads must be a whole number from 1, not ${threads}`)
  const kernels =
    level === undefined
      ? await chooseKernels({ shared }, revectorizedKernels)
      : await compileKernels(level, { shared })
  if (kernels === undefined) throw new EngineError(`this machine's WebAssembly has no ${level} level`)
  return sessionOn(kernels, state, { shared, precise, threads, threadProgram })
}

/** Node has no isolation, and always memory to share. */
function sharesMemory(): boolean {
  return typeof SharedArrayBuffer !== 'undefined' && globalThis.crossOriginIsolated !== false
}

/** Kernels of the widest level by kind of memory: tested once in a process, and compiled for all of its sessions. */
const revectorized = new Map<boolean, Promise<Kernels | undefined>>()

/** The widest kernels, where they pass their test. */
export function revectorizedKernels({ shared }: KernelOptions): Promise<Kernels | undefined> {
  const known = revectorized.get(shared) ?? testedKernels({ shared })
  revectorized.set(shared, known)
  return known
}

async function testedKernels({ shared }: KernelOptions): Promise<Kernels | undefined> {
  const kernels = await compileKernels('wide', { shared })
  if (kernels === undefined) return undefined
  const right = await withOptimisedKernels(() =>
    computesRight((state) => sessionOn(kernels, state, { shared })),
  )
  return right ? kernels : undefined
}

interface Placement {
  readonly shared: boolean
  readonly precise?: boolean
  /** One without it. */
  readonly threads?: number
  readonly threadProgram?: string | URL | undefined
}

async function sessionOn(kernels: Kernels, state: TensorMap, placement: Placement): Promise<Session> {
  const { shared, precise = false } = placement
  const heap = new Heap({ shared })
  const crew = await crewOn({ heap, module: kernels.module, kernels: kernels.names }, placement)
  return new WasmSession({ state: new States(heap, state), heap, kernels, crew, precise })
}

/** The calling thread needs no worker: it computes where one thread is asked for, and where there cannot be more. */
async function crewOn(
  options: CrewOptions,
  { shared, threads = 1, threadProgram }: Placement,
): Promise<Crew> {
  if (!shared) return CallingThread.open(options, notShared())
  if (threads === 1) return CallingThread.open(options)
  const starter = await threadStarter(threadProgram)
  return typeof starter === 'string'
    ? CallingThread.open(options, starter)
    : new ThreadCrew(options, threads, starter)
}

function notShared(): string {
  return globalThis.crossOriginIsolated === true
    ? 'this browser gives no memory to share (SharedArrayBuffer), though the page is cross-origin isolated'
    : 'the page is not cross-origin isolated and cannot share memory'
}

interface SessionParts {
  readonly state: States
  readonly heap: Heap
  readonly kernels: Kernels
  readonly crew: Crew
  readonly precise: boolean
}

interface Added {
  readonly graph: Graph
  readonly batch: number
  readonly program: Program
  readonly table: number
  /** Where a profiled run writes the clock, before and after each phase. */
  readonly clock: number
}

class WasmSession implements Session {
  readonly runsOn: string
  readonly #heap: Heap
  readonly #state: States
  readonly #packs = new Packs()
  readonly #added = new Map<string, Added>()
  readonly #kernels: Kernels
  readonly #crew: Crew
  readonly #precise: boolean
  #queue: Promise<unknown> = Promise.resolve()
  #disposed = false

  constructor({ state, heap, kernels, crew, precise }: SessionParts) {
    this.runsOn = `${kernels.description}, ${crew.description}`
    this.#heap = heap
    this.#kernels = kernels
    this.#crew = crew
    this.#precise = precise
    this.#state = state
  }

  add(name: string, graph: Graph, { batch }: { readonly batch: number }): Promise<void> {
    return this.#enqueue(async () => {
      if (!Number.isInteger(batch) || batch < 1)
        throw new EngineError(`a batch must be a whole number from 1, not ${batch}`)
      for (const { name: state, shape } of graph.states.values()) {
        const [size, given] = [elements(bindBatch(shape, batch)), this.#state.get(state)?.length]
        if (size !== given)
          throw new EngineError(`state "${state}" must have ${size} elements, not ${given ?? 'none'}`)
      }
      const memory = { heap: this.#heap, states: this.#state, packs: this.#packs }
      const settings = {
        batch,
        threads: this.#crew.threads,
        precise: this.#precise,
        columns: this.#kernels.columns,
      }
      checkFits(memory, graph, settings)
      const program = compile(memory, graph, settings)
      const table = this.#heap.writeIntegers(this.#wordsOf(program.phases))
      const clock = this.#heap.allocate((program.phases.length + 1) * Float64Array.BYTES_PER_ELEMENT)
      this.#added.set(name, { graph, batch, program, table, clock })
      await this.#renew(program)
    })
  }

  run(name: string, inputs: TensorMap, options: { readonly signal?: AbortSignal } = {}): Promise<TensorMap> {
    return this.#enqueue(async () => {
      options.signal?.throwIfAborted()
      const added = this.#addedNamed(name)
      const { program, table } = added
      await this.#renew(program)
      options.signal?.throwIfAborted()
      this.#place(inputs, added)
      const { commit, assigned } = program
      await this.#crew.run(table, program.phases.length, { signal: options.signal, commit })
      this.#markWritten(assigned)
      return new Map(
        [...program.outputs].map(([output, { address, size }]) => [
          output,
          this.#heap.floats.slice(address / 4, address / 4 + size),
        ]),
      )
    })
  }

  profile(name: string, inputs: TensorMap): Promise<readonly KernelTiming[]> {
    return this.#enqueue(async () => {
      const added = this.#addedNamed(name)
      const { graph, batch, program, table, clock } = added
      await this.#renew(program)
      this.#place(inputs, added)
      const count = program.phases.length
      await this.#crew.run(table, count, { times: clock })
      this.#markWritten(program.assigned)
      return timingsOf(program.phases, this.#heap.doubles(clock, count + 1), { graph, batch })
    })
  }

  readState(names?: readonly string[]): Promise<TensorMap> {
    return this.#enqueue(async () => readTensors(this.#state, names))
  }

  writeState(tensors: TensorMap): Promise<void> {
    return this.#enqueue(async () => {
      writeTensors(this.#state, tensors)
      this.#markWritten(tensors.keys())
    })
  }

  async dispose(): Promise<void> {
    this.#disposed = true
    await this.#crew.dismiss(new EngineError(disposed))
    await this.#queue
    this.#heap.free()
    this.#state.clear()
    this.#added.clear()
    this.#packs.clear()
  }

  #enqueue<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(() => {
      if (this.#disposed) throw new EngineError(disposed)
      return task()
    })
    this.#queue = result.catch(() => undefined)
    return result
  }

  /** What follows from written states is renewed before the next run that reads it. */
  #markWritten(states: Iterable<string>): void {
    this.#packs.markWritten(new Set(states))
  }

  async #renew({ packs }: Program): Promise<void> {
    const pace = new Pace()
    for (const pack of packs) {
      if (!pack.stale) continue
      const phases = pack.write(pack.address, this.#state)
      if (phases.length > 0) {
        const words = this.#wordsOf(phases)
        const table = this.#heap.scratch('table', words.length * 4)
        this.#heap.integers.set(words, table / 4)
        await this.#crew.run(table, phases.length)
      }
      pack.stale = false
      if (pace.isDue) await pace.rest()
    }
  }

  #wordsOf(phases: readonly Phase[]): readonly number[] {
    return phases.flatMap(({ kernel, descriptor, units, grain }) => [
      this.#kernels.names.indexOf(kernel),
      descriptor,
      units,
      grain,
    ])
  }

  /** Copies each input, and the random numbers that follow from them, to where the program reads it. */
  #place(inputs: TensorMap, { program, batch }: Added): void {
    for (const [input, { address, size }] of program.inputs) {
      const values = inputs.get(input)
      if (values?.length !== size)
        throw new EngineError(`input "${input}" must have ${size} elements, not ${values?.length ?? 'none'}`)
      this.#heap.floats.set(values, address / 4)
    }
    for (const drawn of program.drawn)
      this.#heap.floats.set(draw(drawn, inputs, batch), drawn.region.address / 4)
  }

  #addedNamed(name: string): Added {
    const added = this.#added.get(name)
    if (added === undefined) throw new EngineError(`no graph named "${name}" was added to this session`)
    return added
  }
}

const disposed = 'the session was disposed'
