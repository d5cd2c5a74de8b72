/**
 * The graph: pure nodes over values, named states (parameters and buffers), and assignments of new values to states that
 * an engine commits only when a whole run succeeded. Everything else in the package is derived from it.
 */
import { GraphError } from '../errors.ts'
import type { Operation } from '../ops/operation.ts'
import type { Shape } from '../ops/shape.ts'

/** A value given from outside at every run: the images, the targets. */
export interface InputValue {
  readonly kind: 'input'
  readonly name: string
  readonly shape: Shape
}

/** A tensor that outlives a run: a parameter is trained, a buffer (running statistics) is only assigned. */
export interface StateValue {
  readonly kind: 'parameter' | 'buffer'
  readonly name: string
  readonly shape: Shape
  readonly initialiser: Initialiser
}

/** One output of a node. */
export interface NodeValue {
  readonly kind: 'node'
  readonly name: string
  readonly shape: Shape
  readonly node: Node
  /** Which of the node's outputs. */
  readonly output: number
}

export type GraphValue = InputValue | StateValue | NodeValue

/** One operation applied to values. Nodes stand in an order in which each comes after what it reads. */
export interface Node {
  /** Unique and stable, for instance `layer1.0.conv1`. */
  readonly name: string
  readonly operation: Operation
  readonly attributes: object
  readonly inputs: readonly GraphValue[]
  readonly outputs: readonly NodeValue[]
  /** Where it stands in the network, for tables and diagrams. */
  readonly part: Part
}

/** A place in a network: a section (stem, stage 1 to 4, head), and inside a stage a block and a path through it. */
export interface Part {
  readonly section: string
  readonly block?: number
  readonly path?: 'branch' | 'shortcut'
}

/** How a state starts. */
export type Initialiser =
  | { readonly kind: 'constant'; readonly value: number }
  /** Normal with deviation sqrt(2 / fan), arXiv:1502.01852 equation 10 (fan in) and its twin (fan out). */
  | { readonly kind: 'kaiming-normal'; readonly fan: 'in' | 'out' }
  | { readonly kind: 'normal'; readonly deviation: number }
  /** Uniform between -1 / sqrt(fanIn) and its opposite: PyTorch's start of a linear layer. */
  | { readonly kind: 'uniform'; readonly fanIn: number }

export interface Assignment {
  readonly state: StateValue
  readonly value: GraphValue
}

export interface Graph {
  readonly inputs: ReadonlyMap<string, InputValue>
  /** Parameters and buffers by name, in the order in which the network meets them. */
  readonly states: ReadonlyMap<string, StateValue>
  readonly nodes: readonly Node[]
  /** What a run answers. */
  readonly outputs: ReadonlyMap<string, GraphValue>
  /** Every named value: inputs, states, node outputs, and stable names of feature maps such as `layer3.1`. */
  readonly values: ReadonlyMap<string, GraphValue>
  readonly assignments: readonly Assignment[]
}

/** The parameters of a graph in order. */
export function parametersOf(graph: Graph): readonly StateValue[] {
  return [...graph.states.values()].filter((state) => state.kind === 'parameter')
}

/** A value by its stable name; throws `GraphError` where there is none. */
export function valueNamed(graph: Graph, name: string): GraphValue {
  const value = graph.values.get(name)
  if (value === undefined) throw new GraphError(`the graph has no value named "${name}"`)
  return value
}
