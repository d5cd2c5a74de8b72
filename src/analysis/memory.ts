/**
 * Memory for activations, as the graph stands: every node writes its own values, nothing is fused or done in place.
 * Engines do better; the figures compare networks. Weights are not counted.
 */

import { GraphBuilder } from '../graph/builder.ts'
import { differentiate } from '../graph/differentiate.ts'
import { type Graph, type GraphValue, parametersOf } from '../graph/graph.ts'
import { elementsPerImage } from '../ops/shape.ts'
import { sumTo } from '../ops/sum-to.ts'
import { activationsOf } from './dataflow.ts'

const bytesPerElement = 4

/** The largest number of bytes that one image needs at any moment of inference: what later nodes still read. */
export function inferenceMemory(graph: Graph): number {
  const activations = activationsOf(graph)
  const lastUse = new Map<GraphValue, number>()
  graph.nodes.forEach((node, index) => {
    for (const value of [...node.inputs, ...node.outputs])
      if (activations.has(value)) lastUse.set(value, index)
  })
  for (const output of graph.outputs.values()) lastUse.set(output, graph.nodes.length)
  const released: GraphValue[][] = graph.nodes.map(() => [])
  for (const [value, index] of lastUse) released[index]?.push(value)
  let live = 0
  for (const input of graph.inputs.values()) live += elementsPerImage(input.shape)
  let peak = live
  graph.nodes.forEach((node, index) => {
    for (const output of node.outputs) if (activations.has(output)) live += elementsPerImage(output.shape)
    peak = Math.max(peak, live)
    for (const value of released[index] ?? []) live -= elementsPerImage(value.shape)
  })
  return peak * bytesPerElement
}

/** The bytes of one image that the forward pass of a training step keeps: what the gradients of all parameters read. */
export function trainingMemory(graph: Graph): number {
  const activations = activationsOf(graph)
  const builder = GraphBuilder.from(graph, { section: 'loss' })
  const [output] = graph.outputs.values()
  if (output === undefined) return 0
  builder.name('summed outputs', builder.one(sumTo, { shape: [], axes: [] }, [output]))
  const names = parametersOf(graph).map(({ name }) => name)
  const kept = new Set<GraphValue>()
  for (const node of differentiate(builder.build(), 'summed outputs', names).nodes) {
    if (node.part.section !== 'gradient') continue
    for (const input of node.inputs) if (activations.has(input)) kept.add(input)
  }
  let elements = 0
  for (const value of kept) elements += elementsPerImage(value.shape)
  return elements * bytesPerElement
}
