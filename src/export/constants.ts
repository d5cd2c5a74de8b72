/**
 * What of a graph does not depend on its inputs: standardised weights, reshaped ones, fixed scales. It is computed once
 * when a network is exported and written as plain numbers.
 */
import type { Graph, GraphValue, Node } from '../graph/graph.ts'
import type { Array64 } from '../ops/operation.ts'
import { bindBatch } from '../ops/shape.ts'

/** Computes constants by the operations' own arithmetic, from states. */
export class Constants {
  readonly #nodes: ReadonlySet<Node>
  readonly #state: (value: GraphValue) => Float32Array
  readonly #computed = new Map<GraphValue, Array64>()

  /** `state` answers the numbers of a parameter or buffer. */
  constructor(graph: Graph, state: (value: GraphValue) => Float32Array) {
    this.#nodes = constantNodes(graph)
    this.#state = state
  }

  has(node: Node): boolean {
    return this.#nodes.has(node)
  }

  /** The numbers of a state or of a constant node's output. */
  values(value: GraphValue): Float32Array {
    return value.kind === 'node' ? Float32Array.from(this.#compute(value).data) : this.#state(value)
  }

  #compute(value: GraphValue): Array64 {
    const known = this.#computed.get(value)
    if (known !== undefined) return known
    const shape = bindBatch(value.shape, 1)
    const data =
      value.kind === 'node' ? this.#run(value.node, value.output) : Float64Array.from(this.#state(value))
    const array = { shape, data }
    if (value.kind === 'node') this.#computed.set(value, array)
    return array
  }

  #run({ operation, attributes, inputs, outputs }: Node, output: number): Float64Array {
    const given = inputs.map((input) => this.#compute(input))
    const shapes = outputs.map(({ shape }) => bindBatch(shape, 1))
    return operation.reference(given, attributes, shapes)[output] ?? new Float64Array(0)
  }
}

/** Nodes that read nothing but states and each other, and whose shapes know no batch. */
function constantNodes(graph: Graph): ReadonlySet<Node> {
  const found = new Set<Node>()
  const isConstant = (value: GraphValue) =>
    value.kind === 'node' ? found.has(value.node) : value.kind !== 'input'
  for (const node of graph.nodes) {
    if (node.inputs.every(isConstant) && !node.outputs.some(({ shape }) => shape.includes('N')))
      found.add(node)
  }
  return found
}
