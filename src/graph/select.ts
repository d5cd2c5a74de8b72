/** Cuts graphs: what a few of their values need (features of any stage), and what lies beyond one (a head on features). */
import { GraphError } from '../errors.ts'
import {
  type Graph,
  type GraphValue,
  type InputValue,
  type Node,
  type StateValue,
  valueNamed,
} from './graph.ts'
import { copyNodes } from './states.ts'

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

/**
 * The part of `graph` that lies beyond the named value: the value becomes the input `input`, and what was needed for it
 * alone is left out.
 *
 * @throws GraphError for unknown names, and where something beyond it still reads an input of that name.
 */
export function beyond(graph: Graph, name: string, input: string): Graph {
  const start = valueNamed(graph, name)
  const given: InputValue = { kind: 'input', name: input, shape: start.shape }
  const wanted = [...graph.outputs.values(), ...graph.assignments.map(({ value }) => value)]
  const needed = nodesBehind(wanted, start)
  const { nodes, now } = copyNodes(
    graph.nodes.filter((node) => needed.has(node)),
    new Map([[start, given]]),
  )
  const used = new Set<GraphValue>([
    given,
    ...wanted.map(now),
    ...graph.assignments.map(({ state }) => state),
  ])
  for (const node of nodes) for (const value of [...node.inputs, ...node.outputs]) used.add(value)
  const inputs = keep(graph.inputs, used)
  if (inputs.has(input)) throw new GraphError(`what lies beyond "${name}" still reads "${input}"`)
  const values = new Map([...graph.values].map(([each, value]) => [each, now(value)]))
  return {
    inputs: new Map([...inputs, [input, given]]),
    states: keep(graph.states, used),
    nodes,
    outputs: new Map([...graph.outputs].map(([each, value]) => [each, now(value)])),
    values: new Map([...keep(values, used), [input, given]]),
    assignments: graph.assignments.map(({ state, value }) => ({ state, value: now(value) })),
  }
}

/** Every node that some of the values depend on, not through `start` where one is given. */
export function nodesBehind(values: readonly GraphValue[], start?: GraphValue): ReadonlySet<Node> {
  const found = new Set<Node>()
  const pending = [...values]
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    if (value === start || value.kind !== 'node' || found.has(value.node)) continue
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
