/** Rewrites what a graph reads and assigns, so that graphs of one session can hand states to each other. */
import type { Graph, GraphValue, Node, NodeValue, StateValue } from './graph.ts'

/** The same graph with other targets: where it assigns one of `targets`, it assigns its successor and reads what it read. */
export function withTargets(graph: Graph, targets: ReadonlyMap<StateValue, StateValue>): Graph {
  const added = [...targets.values()].map((state) => [state.name, state] as const)
  return {
    ...graph,
    states: new Map([...graph.states, ...added]),
    values: new Map([...graph.values, ...added]),
    assignments: graph.assignments.map(({ state, value }) => ({ state: targets.get(state) ?? state, value })),
  }
}

/** The same graph over other states: where it reads or assigns one of `replaced`, it reads or assigns its successor. */
export function withStates(graph: Graph, replaced: ReadonlyMap<StateValue, StateValue>): Graph {
  const { nodes, now } = copyNodes(graph.nodes, replaced)
  const stateNow = (state: StateValue) => replaced.get(state) ?? state
  const successors = new Map([...replaced].map(([{ name }, state]) => [name, state.name]))
  const nameNow = (name: string) => successors.get(name) ?? name
  return {
    inputs: graph.inputs,
    states: new Map([...graph.states].map(([name, state]) => [nameNow(name), stateNow(state)])),
    nodes,
    outputs: new Map([...graph.outputs].map(([name, value]) => [name, now(value)])),
    values: new Map([...graph.values].map(([name, value]) => [nameNow(name), now(value)])),
    assignments: graph.assignments.map(({ state, value }) => ({ state: stateNow(state), value: now(value) })),
  }
}

/** Nodes that read the successors of `replaced` in their places, and how to find what any value has become. */
export function copyNodes(
  nodes: readonly Node[],
  replaced: ReadonlyMap<GraphValue, GraphValue>,
): { readonly nodes: readonly Node[]; readonly now: (value: GraphValue) => GraphValue } {
  const values = new Map(replaced)
  const now = (value: GraphValue) => values.get(value) ?? value
  const copies = nodes.map((node) => {
    const outputs: NodeValue[] = []
    const copy: Node = { ...node, inputs: node.inputs.map(now), outputs }
    for (const output of node.outputs) {
      const value: NodeValue = { ...output, node: copy }
      outputs.push(value)
      values.set(output, value)
    }
    return copy
  })
  return { nodes: copies, now }
}
