/** Cuts out of a graph what a few of its values need: features of any stage, a network without its head. */
import {
  type Graph,
  type GraphValue,
  type InputValue,
  type Node,
  type StateValue,
  valueNamed,
} from './graph.ts'

/** The part of `graph` that computes the named values, which become its outputs. Throws `GraphError` for unknown names. */
export function select(graph: Graph, names: readonly string[]): Graph {
  const outputs = new Map(names.map((name) => [name, valueNamed(graph, name)]))
  const needed = nodesBehind([...outputs.values()])
  const used = new Set<GraphValue>(outputs.values())
  const nodes = graph.nodes.filter((node) => needed.has(node))
  for (const node of nodes) for (const value of [...node.inputs, ...node.outputs]) used.add(value)
  return {
    inputs: keep<InputValue>(graph.inputs, used),
    states: keep<StateValue>(graph.states, used),
    nodes,
    outputs,
    values: keep(graph.values, used),
    assignments: graph.assignments.filter(({ value }) => value.kind === 'node' && needed.has(value.node)),
  }
}

/** Every node that some of the values depend on. */
export function nodesBehind(values: readonly GraphValue[]): ReadonlySet<Node> {
  const found = new Set<Node>()
  const pending = [...values]
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    if (value.kind !== 'node' || found.has(value.node)) continue
    found.add(value.node)
    pending.push(...value.node.inputs)
  }
  return found
}

function keep<V extends GraphValue>(
  values: ReadonlyMap<string, V>,
  used: ReadonlySet<GraphValue>,
): ReadonlyMap<string, V> {
  return new Map([...values].filter(([, value]) => used.has(value)))
}
