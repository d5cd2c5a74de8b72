/**
 * An engine over ONNX Runtime: inference only, for native speed and for the graphics processors that it drives. Each
 * graph is exported with the session's state; a graph that is added for several batch sizes is held once. The package
 * that computes is an optional peer dependency.
 */
import { loadRuntime } from '#platform/engines/onnxruntime/runtime'
import { EngineError, ExportError } from '../../errors.ts'
import { toOnnx } from '../../export/onnx.ts'
import type { Graph, InputValue } from '../../graph/graph.ts'
import { bindBatch, elements, formatShape } from '../../ops/shape.ts'
import type { Engine, KernelTiming, Session, TensorMap } from '../engine.ts'
import { readTensors, writeTensors } from '../state.ts'
import { timingOf } from '../timing.ts'
import type { LoadedRuntime, Runtime, RuntimeOptions, RuntimeSession, RuntimeTensor } from './runtime.ts'

export type { Runtime } from './runtime.ts'

export interface OnnxRuntimeOptions {
  /** The module that computes, for instance `onnxruntime-web/webgpu`; without it in Node the installed package. */
  readonly runtime?: Runtime
  /** What computes, in order of preference, for instance `['webgpu']`; the module's own choice without it. */
  readonly providers?: readonly string[]
}

/**
 * An engine over a given module of ONNX Runtime or given processors.
 *
 * @throws EngineError from `open` where no module is given and `onnxruntime-node` is not installed, and in a page.
 */
export function onnxruntime(options: OnnxRuntimeOptions = {}): Engine {
  const { runtime, providers } = options
  return {
    name: 'onnxruntime',
    async open(state, { threads } = {}) {
      const loaded = runtime === undefined ? await loadRuntime() : { name: 'the given ONNX Runtime', runtime }
      // A module for pages has threads for all its sessions, and does not heed a session's option.
      if (threads !== undefined && loaded.runtime.env !== undefined)
        loaded.runtime.env.wasm.numThreads = threads
      const settings: RuntimeOptions = {
        ...(providers === undefined ? {} : { executionProviders: providers }),
        ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
      }
      return new OnnxRuntimeSession(loaded, settings, state)
    },
  }
}

/** ONNX Runtime on the processors that it chooses itself. */
export const onnxruntimeEngine: Engine = onnxruntime()

interface Program {
  readonly graph: Graph
  readonly batch: number
}

class OnnxRuntimeSession implements Session {
  readonly runsOn: string
  readonly #runtime: Runtime
  readonly #settings: RuntimeOptions
  readonly #state: Map<string, Float32Array>
  readonly #programs = new Map<string, Program>()
  /** One for each graph, made when it is needed; none survives a change of the state. */
  readonly #sessions = new Map<Graph, RuntimeSession>()
  #queue: Promise<unknown> = Promise.resolve()
  #disposed = false

  constructor({ name, runtime }: LoadedRuntime, settings: RuntimeOptions, state: TensorMap) {
    this.#runtime = runtime
    this.#settings = settings
    this.#state = new Map([...state].map(([key, values]) => [key, values.slice()]))
    const { executionProviders: providers, intraOpNumThreads: threads } = settings
    const on = providers === undefined ? '' : ` on ${providers.join(', ')}`
    this.runsOn = `${name}${on}${threads === undefined ? '' : `, ${threads} ${threads === 1 ? 'thread' : 'threads'}`}`
  }

  add(name: string, graph: Graph, { batch }: { readonly batch: number }): Promise<void> {
    return this.#enqueue(async () => {
      if (!Number.isInteger(batch) || batch < 1)
        throw new EngineError(`a batch must be a whole number from 1, not ${batch}`)
      if (graph.assignments.length > 0)
        throw new EngineError(`onnxruntime infers only, and "${name}" changes its states; train with wasm`)
      await this.#sessionOf(graph)
      this.#programs.set(name, { graph, batch })
    })
  }

  run(name: string, inputs: TensorMap, options: { readonly signal?: AbortSignal } = {}): Promise<TensorMap> {
    return this.#enqueue(() => this.#execute(this.#programNamed(name), inputs, options.signal))
  }

  /** The whole run as one kernel: what happens inside is the runtime's own affair. */
  profile(name: string, inputs: TensorMap): Promise<readonly KernelTiming[]> {
    return this.#enqueue(async () => {
      const program = this.#programNamed(name)
      const start = performance.now()
      await this.#execute(program, inputs, undefined)
      const milliseconds = performance.now() - start
      const { graph, batch } = program
      const numberBytes = Float32Array.BYTES_PER_ELEMENT
      return [timingOf({ kernel: 'onnxruntime', nodes: graph.nodes, batch, milliseconds, numberBytes })]
    })
  }

  readState(names?: readonly string[]): Promise<TensorMap> {
    return this.#enqueue(async () => readTensors(this.#state, names))
  }

  writeState(tensors: TensorMap): Promise<void> {
    return this.#enqueue(async () => {
      writeTensors(this.#state, tensors)
      await this.#release()
    })
  }

  async dispose(): Promise<void> {
    this.#disposed = true
    await this.#queue
    await this.#release()
    this.#programs.clear()
    this.#state.clear()
  }

  /** Runs one task after all earlier ones, whether they succeeded or not. */
  #enqueue<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(async () => {
      this.#checkOpen()
      const answer = await task()
      this.#checkOpen()
      return answer
    })
    this.#queue = result.catch(() => undefined)
    return result
  }

  async #execute(
    { graph, batch }: Program,
    inputs: TensorMap,
    signal: AbortSignal | undefined,
  ): Promise<TensorMap> {
    signal?.throwIfAborted()
    const given = [...graph.inputs.values()].map((input) => checkInput(input, batch, inputs.get(input.name)))
    const session = await this.#sessionOf(graph)
    const feeds = given.map(({ name, data, shape }) => [
      name,
      new this.#runtime.Tensor('float32', data, shape),
    ])
    const results = await attempt(() => session.run(Object.fromEntries(feeds)))
    const outputs = new Map<string, Float32Array>()
    for (const name of graph.outputs.keys()) outputs.set(name, await take(name, results[name]))
    signal?.throwIfAborted()
    return outputs
  }

  async #sessionOf(graph: Graph): Promise<RuntimeSession> {
    const open = this.#sessions.get(graph)
    if (open !== undefined) return open
    const model = exported(graph, this.#state)
    const session = await attempt(() => this.#runtime.InferenceSession.create(model, this.#settings))
    this.#sessions.set(graph, session)
    return session
  }

  async #release(): Promise<void> {
    const sessions = [...this.#sessions.values()]
    this.#sessions.clear()
    for (const session of sessions) await session.release()
  }

  #programNamed(name: string): Program {
    const program = this.#programs.get(name)
    if (program === undefined) throw new EngineError(`no graph named "${name}" was added to this session`)
    return program
  }

  #checkOpen(): void {
    if (this.#disposed) throw new EngineError('the session was disposed')
  }
}

/** A graph that cannot be exported cannot run here either. */
function exported(graph: Graph, state: TensorMap): Uint8Array {
  try {
    return toOnnx(graph, state)
  } catch (error) {
    if (!(error instanceof ExportError)) throw error
    throw new EngineError(`onnxruntime: ${error.message}`, { cause: error })
  }
}

/** The runtime's own failures, as ours. */
async function attempt<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw new EngineError(`onnxruntime: ${error instanceof Error ? error.message : error}`, { cause: error })
  }
}

function checkInput(
  { name, shape: symbolic }: InputValue,
  batch: number,
  data: Float32Array | undefined,
): { readonly name: string; readonly data: Float32Array; readonly shape: readonly number[] } {
  const shape = bindBatch(symbolic, batch)
  if (data === undefined) throw new EngineError(`input "${name}" ${formatShape(shape)} is missing`)
  if (data.length === elements(shape)) return { name, data, shape }
  throw new EngineError(
    `input "${name}" must have ${elements(shape)} elements ${formatShape(shape)}, not ${data.length}`,
  )
}

/** A copy of an output, whose own memory is given back. */
async function take(name: string, tensor: RuntimeTensor | undefined): Promise<Float32Array> {
  const data = await tensor?.getData()
  if (!(data instanceof Float32Array)) throw new EngineError(`onnxruntime: answered no float32 "${name}"`)
  const values = data.slice()
  tensor?.dispose()
  return values
}
