/**
 * The reference engine: each operation's own arithmetic in double precision, one node after the other. Slow and
 * obviously right; what every other engine is tested against. float32 only at the borders: inputs, states, outputs.
 */
import { EngineError } from '../../errors.ts'
import type { Graph, GraphValue, Node } from '../../graph/graph.ts'
import type { Array64 } from '../../ops/operation.ts'
import { bindBatch, elements, formatShape } from '../../ops/shape.ts'
import type { Engine, KernelTiming, Session, TensorMap } from '../engine.ts'
import { readTensors, writeTensors } from '../state.ts'
import { timingOf } from '../timing.ts'

/** The engine of plain loops: for tests, for learning, and until a faster one runs everything. */
export const referenceEngine: Engine = {
  name: 'reference',
  async open(state) {
    return new ReferenceSession(state)
  },
}

interface Program {
  readonly graph: Graph
  readonly batch: number
  /** For each node, the values that nothing after it reads. */
  readonly lastUses: ReadonlyMap<Node, readonly GraphValue[]>
}

interface RunOptions {
  readonly signal?: AbortSignal
  readonly timings?: KernelTiming[]
}

class ReferenceSession implements Session {
  readonly runsOn = '1 thread, plain loops'
  readonly #state: Map<string, Float32Array>
  readonly #programs = new Map<string, Program>()
  #queue: Promise<unknown> = Promise.resolve()
  #disposed = false

  constructor(state: TensorMap) {
    this.#state = new Map([...state].map(([name, values]) => [name, values.slice()]))
  }

  async add(name: string, graph: Graph, { batch }: { readonly batch: number }): Promise<void> {
    this.#checkOpen()
    if (!Number.isInteger(batch) || batch < 1)
      throw new EngineError(`a batch must be a whole number from 1, not ${batch}`)
    for (const state of graph.states.values()) {
      checkSize('state', state, batch, this.#state.get(state.name))
    }
    this.#programs.set(name, { graph, batch, lastUses: lastUses(graph) })
  }

  run(name: string, inputs: TensorMap, options: { readonly signal?: AbortSignal } = {}): Promise<TensorMap> {
    return this.#enqueue(() => this.#execute(name, inputs, options))
  }

  async profile(name: string, inputs: TensorMap): Promise<readonly KernelTiming[]> {
    const timings: KernelTiming[] = []
    await this.#enqueue(() => this.#execute(name, inputs, { timings }))
    return timings
  }

  readState(names?: readonly string[]): Promise<TensorMap> {
    return this.#enqueue(async () => readTensors(this.#state, names))
  }

  writeState(tensors: TensorMap): Promise<void> {
    return this.#enqueue(async () => {
      writeTensors(this.#state, tensors)
    })
  }

  async dispose(): Promise<void> {
    this.#disposed = true
    this.#programs.clear()
    this.#state.clear()
  }

  /** Runs one task after all earlier ones, whether they succeeded or not. */
  #enqueue<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(() => {
      this.#checkOpen()
      return task()
    })
    this.#queue = result.catch(() => undefined)
    return result
  }

  async #execute(name: string, inputs: TensorMap, options: RunOptions): Promise<TensorMap> {
    const program = this.#programs.get(name)
    if (program === undefined) throw new EngineError(`no graph named "${name}" was added to this session`)
    const { graph } = program
    const values = this.#givenValues(program, inputs)
    const breath = new Breath()
    for (const node of graph.nodes) {
      await breath.taken()
      options.signal?.throwIfAborted()
      this.#checkOpen()
      const start = performance.now()
      runNode(node, program, values)
      options.timings?.push(
        timingOf({
          kernel: node.operation.name,
          nodes: [node],
          batch: program.batch,
          milliseconds: performance.now() - start,
          numberBytes: Float64Array.BYTES_PER_ELEMENT,
        }),
      )
      for (const value of program.lastUses.get(node) ?? []) values.delete(value)
    }
    for (const { state, value } of graph.assignments) {
      this.#state.set(state.name, Float32Array.from(computed(values, value).data))
    }
    return new Map(
      [...graph.outputs].map(([output, value]) => [output, Float32Array.from(computed(values, value).data)]),
    )
  }

  #givenValues({ graph, batch }: Program, inputs: TensorMap): Map<GraphValue, Array64> {
    const values = new Map<GraphValue, Array64>()
    const give = (what: string, value: GraphValue, given: Float32Array | undefined) => {
      const data = Float64Array.from(checkSize(what, value, batch, given))
      values.set(value, { shape: bindBatch(value.shape, batch), data })
    }
    for (const input of graph.inputs.values()) give('input', input, inputs.get(input.name))
    for (const state of graph.states.values()) give('state', state, this.#state.get(state.name))
    return values
  }

  #checkOpen(): void {
    if (this.#disposed) throw new EngineError('the session was disposed')
  }
}

/** Lets the event loop turn now and then, so that a signal or Ctrl-C is noticed. */
class Breath {
  #last = performance.now()

  async taken(): Promise<void> {
    if (performance.now() - this.#last < 50) return
    await new Promise((resolve) => setTimeout(resolve, 0))
    this.#last = performance.now()
  }
}

function checkSize(
  what: string,
  value: GraphValue,
  batch: number,
  given: Float32Array | undefined,
): Float32Array {
  const shape = bindBatch(value.shape, batch)
  if (given === undefined) throw new EngineError(`${what} "${value.name}" ${formatShape(shape)} is missing`)
  if (given.length !== elements(shape)) {
    throw new EngineError(
      `${what} "${value.name}" must have ${elements(shape)} elements ${formatShape(shape)}, not ${given.length}`,
    )
  }
  return given
}

function runNode(node: Node, { batch }: Program, values: Map<GraphValue, Array64>): void {
  const inputs = node.inputs.map((input) => computed(values, input))
  const shapes = node.outputs.map((output) => bindBatch(output.shape, batch))
  const results = node.operation.reference(inputs, node.attributes, shapes)
  node.outputs.forEach((output, index) => {
    const [data, shape] = [results[index], shapes[index]]
    if (data === undefined || shape === undefined || data.length !== elements(shape)) {
      throw new EngineError(
        `${node.name}: ${node.operation.name} gave ${data?.length ?? 'no'} elements for ${formatShape(output.shape)}`,
      )
    }
    values.set(output, { shape, data })
  })
}

function computed(values: ReadonlyMap<GraphValue, Array64>, value: GraphValue): Array64 {
  const array = values.get(value)
  if (array === undefined) throw new EngineError(`the value "${value.name}" was read before it was computed`)
  return array
}

/** Which values can be let go after each node; outputs and assigned values stay to the end. */
function lastUses(graph: Graph): ReadonlyMap<Node, readonly GraphValue[]> {
  const seen = new Set<GraphValue>([
    ...graph.outputs.values(),
    ...graph.assignments.map(({ value }) => value),
  ])
  const uses = new Map<Node, readonly GraphValue[]>()
  for (const node of [...graph.nodes].reverse()) {
    const last = [...new Set([...node.inputs, ...node.outputs])].filter((value) => !seen.has(value))
    for (const value of last) seen.add(value)
    uses.set(node, last)
  }
  return uses
}
