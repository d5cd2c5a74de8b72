/** What every analysis asks of a graph first: which values depend on the image, and which are attention's squeezed means. */
import type { Graph, GraphValue, Node, NodeValue } from '../graph/graph.ts'

/** The values that depend on an input; the rest (standardised weights, constants) is known before a run. */
export function activationsOf(graph: Graph): ReadonlySet<GraphValue> {
  const found = new Set<GraphValue>(graph.inputs.values())
  for (const node of graph.nodes) {
    if (node.inputs.some((input) => found.has(input))) for (const output of node.outputs) found.add(output)
  }
  return found
}

/** The inputs of a node that depend on the image, in order. */
export function activationInputs(node: Node, activations: ReadonlySet<GraphValue>): readonly GraphValue[] {
  return node.inputs.filter((input) => activations.has(input))
}

/** A node's first output. */
export function outputOf(node: Node): NodeValue | undefined {
  return node.outputs[0]
}

/**
 * Nodes of channel attention: from a global pool inside a stage to the gate that multiplies the map again. They weigh
 * channels, and stand beside the path that the image takes.
 */
export function attentionNodes(graph: Graph): ReadonlySet<Node> {
  const squeezed = new Set<GraphValue>()
  const nodes = new Set<Node>()
  for (const node of graph.nodes) {
    if (node.part.block === undefined || !isSqueezed(node, squeezed)) continue
    nodes.add(node)
    for (const output of node.outputs) squeezed.add(output)
  }
  return nodes
}

function isSqueezed(node: Node, squeezed: ReadonlySet<GraphValue>): boolean {
  if (node.operation.name === 'globalAveragePool') return true
  return node.operation.name !== 'multiply' && node.inputs.some((input) => squeezed.has(input))
}
