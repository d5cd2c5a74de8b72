/**
 * Depth as the field counts it: weighted layers (convolutions and linear layers) on the longest way from the image to the
 * logits. Projections of shortcuts run beside it, and the layers of channel attention are left out, so ResNet-50 has 50.
 */
import type { Graph, GraphValue } from '../graph/graph.ts'
import { attentionNodes } from './dataflow.ts'

/** Weighted layers on the longest way to an output. */
export function depthOf(graph: Graph): number {
  const attention = attentionNodes(graph)
  const depths = new Map<GraphValue, number>()
  for (const node of graph.nodes) {
    let depth = 0
    for (const input of node.inputs) depth = Math.max(depth, depths.get(input) ?? 0)
    if (node.operation.macs !== undefined && !attention.has(node)) depth++
    for (const output of node.outputs) depths.set(output, depth)
  }
  return Math.max(0, ...[...graph.outputs.values()].map((output) => depths.get(output) ?? 0))
}
