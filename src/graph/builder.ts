/** Builds graphs node by node: shapes are inferred and names checked as each node is added. */
import { GraphError, ShapeError } from '../errors.ts'
import type { Emit, Operation } from '../ops/operation.ts'
import type { Shape } from '../ops/shape.ts'
import type {
  Assignment,
  Graph,
  GraphValue,
  Initialiser,
  InputValue,
  Node,
  NodeValue,
  Part,
  StateValue,
} from './graph.ts'

export class GraphBuilder implements Emit<GraphValue> {
  /** Where the nodes added next stand in the network. */
  part: Part
  readonly #inputs = new Map<string, InputValue>()
  readonly #states = new Map<string, StateValue>()
  readonly #nodes: Node[] = []
  readonly #nodeNames = new Set<string>()
  readonly #outputs = new Map<string, GraphValue>()
  readonly #values = new Map<string, GraphValue>()
  readonly #assignments: Assignment[] = []
  readonly #counters = new Map<string, number>()

  constructor(part: Part = { section: 'graph' }) {
    this.part = part
  }

  /** A builder that goes on where a graph ends. */
  static from(graph: Graph, part: Part): GraphBuilder {
    const builder = new GraphBuilder(part)
    for (const [name, input] of graph.inputs) builder.#inputs.set(name, input)
    for (const [name, state] of graph.states) builder.#states.set(name, state)
    for (const node of graph.nodes) {
      builder.#nodes.push(node)
      builder.#nodeNames.add(node.name)
    }
    for (const [name, value] of graph.outputs) builder.#outputs.set(name, value)
    for (const [name, value] of graph.values) builder.#values.set(name, value)
    builder.#assignments.push(...graph.assignments)
    return builder
  }

  input(name: string, shape: Shape): InputValue {
    const input: InputValue = { kind: 'input', name, shape }
    this.#inputs.set(name, input)
    this.name(name, input)
    return input
  }

  parameter(name: string, shape: Shape, initialiser: Initialiser): StateValue {
    return this.state({ kind: 'parameter', name, shape, initialiser })
  }

  buffer(name: string, shape: Shape, initialiser: Initialiser): StateValue {
    return this.state({ kind: 'buffer', name, shape, initialiser })
  }

  /** A state that another graph of the session has too. */
  state(state: StateValue): StateValue {
    this.#states.set(state.name, state)
    this.name(state.name, state)
    return state
  }

  /** Adds a named node and answers its only output. */
  add<A extends object>(
    name: string,
    operation: Operation<A>,
    attributes: A,
    inputs: readonly GraphValue[],
  ): NodeValue {
    return only(operation.name, this.addAll(name, operation, attributes, inputs))
  }

  /** Adds a named node and answers all its outputs, named `name`, `name:1`, `name:2`, ... */
  addAll<A extends object>(
    name: string,
    operation: Operation<A>,
    attributes: A,
    inputs: readonly GraphValue[],
  ): readonly NodeValue[] {
    if (this.#nodeNames.has(name)) throw new GraphError(`the graph has a node named "${name}" already`)
    const outputs: NodeValue[] = []
    const node: Node = { name, operation, attributes, inputs, outputs, part: this.part }
    const shapes = shapesOf(node)
    shapes.forEach((shape, output) => {
      const value: NodeValue = {
        kind: 'node',
        name: output === 0 ? name : `${name}:${output}`,
        shape,
        node,
        output,
      }
      outputs.push(value)
      if (!this.#values.has(value.name)) this.#values.set(value.name, value)
    })
    this.#nodeNames.add(name)
    this.#nodes.push(node)
    return outputs
  }

  one<A extends object>(operation: Operation<A>, attributes: A, inputs: readonly GraphValue[]): GraphValue {
    return this.add(this.#freshName(operation.name), operation, attributes, inputs)
  }

  all<A extends object>(
    operation: Operation<A>,
    attributes: A,
    inputs: readonly GraphValue[],
  ): readonly GraphValue[] {
    return this.addAll(this.#freshName(operation.name), operation, attributes, inputs)
  }

  #freshName(operation: string): string {
    const count = this.#counters.get(operation) ?? 0
    this.#counters.set(operation, count + 1)
    const name = `${this.part.section}/${operation}.${count}`
    return this.#nodeNames.has(name) ? this.#freshName(operation) : name
  }

  /** Gives a value a further stable name, for instance `layer3.1` to a block's output. */
  name(name: string, value: GraphValue): void {
    if (this.#values.has(name)) throw new GraphError(`the graph has a value named "${name}" already`)
    this.#values.set(name, value)
  }

  output(name: string, value: GraphValue): void {
    this.#outputs.set(name, value)
  }

  /** The state takes this value when a run has succeeded. */
  assign(state: StateValue, value: GraphValue): void {
    this.#assignments.push({ state, value })
  }

  build(): Graph {
    return {
      inputs: this.#inputs,
      states: this.#states,
      nodes: this.#nodes,
      outputs: this.#outputs,
      values: this.#values,
      assignments: this.#assignments,
    }
  }
}

/** Infers a node's output shapes; a `ShapeError` gets the node's name in front. */
function shapesOf(node: Node): readonly Shape[] {
  try {
    return node.operation.shapes(
      node.inputs.map((input) => input.shape),
      node.attributes,
    )
  } catch (error) {
    if (error instanceof ShapeError) throw new ShapeError(`${node.name}: ${error.message}`)
    throw error
  }
}

function only<T>(operation: string, outputs: readonly T[]): T {
  const [output, ...rest] = outputs
  if (output === undefined || rest.length > 0)
    throw new GraphError(`${operation} has ${outputs.length} outputs, not one`)
  return output
}
