/** The WebAssembly engine: graphs as programs over one shared memory, run by threads in lockstep. */
import { keepAlive, parallelism, startThread, type Thread } from '#platform/engines/wasm/worker'
import { EngineError } from '../../errors.ts'
import type { Graph } from '../../graph/graph.ts'
import { bindBatch, elements } from '../../ops/shape.ts'
import type { Engine, EngineOptions, KernelTiming, Session, TensorMap } from '../engine.ts'
import { compile, type Program } from './compile.ts'
import { kernelModules } from './generated/kernels.ts'
import { Heap } from './memory.ts'
import { control, phaseWords } from './thread.ts'

/** Kernels of WebAssembly over all cores: what runs unless another engine is asked for. Inference only. */
export const wasmEngine: Engine = {
  name: 'wasm',
  async open(state, options = {}) {
    return WasmSession.open(state, options)
  },
}

interface Added {
  readonly program: Program
  readonly table: number
}

class WasmSession implements Session {
  readonly #heap = new Heap()
  readonly #state: Map<string, Float32Array>
  readonly #added = new Map<string, Added>()
  readonly #kernels: readonly string[]
  readonly #precise: boolean
  #threads: readonly Thread[] = []
  #queue: Promise<unknown> = Promise.resolve()
  #epoch = 0
  #settle: { resolve(): void; reject(error: Error): void } | undefined
  #failure: EngineError | undefined

  private constructor(state: TensorMap, module: WebAssembly.Module, precise: boolean) {
    this.#precise = precise
    this.#state = new Map([...state].map(([name, values]) => [name, values.slice()]))
    this.#kernels = WebAssembly.Module.exports(module).map(({ name }) => name)
  }

  static async open(
    state: TensorMap,
    { threads = parallelism(), precise = false }: EngineOptions,
  ): Promise<WasmSession> {
    const module = await compileKernels()
    const session = new WasmSession(state, module, precise)
    session.#threads = Array.from({ length: threads }, (_, index) =>
      startThread(
        {
          memory: session.#heap.memory,
          module,
          kernels: session.#kernels,
          index,
          count: threads,
          control,
          phaseWords,
        },
        (message) =>
          session.#answer(
            'error' in message ? new EngineError(`a thread died: ${message.error}`) : undefined,
          ),
      ),
    )
    return session
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
      const program = compile(this.#heap, graph, {
        batch,
        threads: this.#threads.length,
        precise: this.#precise,
      })
      program.pack(this.#state)
      const words = program.phases.flatMap(({ kernel, descriptor, units, grain }) => [
        this.#kernels.indexOf(kernel),
        descriptor,
        units,
        grain,
      ])
      this.#added.set(name, { program, table: this.#heap.writeIntegers(words) })
    })
  }

  run(name: string, inputs: TensorMap, options: { readonly signal?: AbortSignal } = {}): Promise<TensorMap> {
    return this.#enqueue(async () => {
      options.signal?.throwIfAborted()
      const { program, table } = this.#addedNamed(name)
      for (const [input, { address, size }] of program.inputs) {
        const values = inputs.get(input)
        if (values?.length !== size)
          throw new EngineError(
            `input "${input}" must have ${size} elements, not ${values?.length ?? 'none'}`,
          )
        this.#heap.floats.set(values, address / 4)
      }
      await this.#execute(table, program.phases.length)
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
      const { program, table } = this.#addedNamed(name)
      for (const [input, { address }] of program.inputs)
        this.#heap.floats.set(inputs.get(input) ?? [], address / 4)
      const timings: KernelTiming[] = []
      for (const [index, { kernel, nodes }] of program.phases.entries()) {
        const start = performance.now()
        await this.#execute(table + index * phaseWords * 4, 1)
        timings.push({ kernel, nodes, milliseconds: performance.now() - start, macs: 0, bytes: 0 })
      }
      return timings
    })
  }

  readState(names: readonly string[] = [...this.#state.keys()]): Promise<TensorMap> {
    return this.#enqueue(async () => new Map(names.map((name) => [name, this.#stateNamed(name).slice()])))
  }

  writeState(tensors: TensorMap): Promise<void> {
    return this.#enqueue(async () => {
      for (const [name, values] of tensors) {
        const size = this.#stateNamed(name).length
        if (values.length !== size)
          throw new EngineError(`state "${name}" has ${size} elements, not ${values.length}`)
      }
      for (const [name, values] of tensors) this.#state.set(name, values.slice())
      for (const { program } of this.#added.values()) program.pack(this.#state, new Set(tensors.keys()))
    })
  }

  async dispose(): Promise<void> {
    this.#failure = new EngineError('the session was disposed')
    for (const thread of this.#threads) thread.terminate()
    this.#settle?.reject(this.#failure)
    this.#state.clear()
    this.#added.clear()
  }

  /** Has all threads run phases of a table. */
  async #execute(table: number, phases: number): Promise<void> {
    const words = this.#heap.integers
    words[control.table] = table
    words[control.phases] = phases
    const letGo = keepAlive()
    try {
      await new Promise<void>((resolve, reject) => {
        this.#settle = { resolve, reject }
        Atomics.store(words, control.epoch, ++this.#epoch)
        Atomics.notify(words, control.epoch)
      })
    } finally {
      this.#settle = undefined
      letGo()
    }
  }

  /** A thread is done, or dead. */
  #answer(error: EngineError | undefined): void {
    if (error === undefined) this.#settle?.resolve()
    else {
      this.#failure = error
      this.#settle?.reject(error)
    }
  }

  #enqueue<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(() => {
      if (this.#failure !== undefined) throw this.#failure
      return task()
    })
    this.#queue = result.catch(() => undefined)
    return result
  }

  #addedNamed(name: string): Added {
    const added = this.#added.get(name)
    if (added === undefined) throw new EngineError(`no graph named "${name}" was added to this session`)
    return added
  }

  #stateNamed(name: string): Float32Array {
    const values = this.#state.get(name)
    if (values === undefined) throw new EngineError(`the session has no state named "${name}"`)
    return values
  }
}

/** The fastest kernels that this machine's WebAssembly takes. */
async function compileKernels(): Promise<WebAssembly.Module> {
  for (const base64 of [kernelModules.relaxed, kernelModules.simd]) {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
    if (WebAssembly.validate(bytes)) return WebAssembly.compile(bytes)
  }
  throw new EngineError('this machine has no WebAssembly with SIMD and threads')
}
