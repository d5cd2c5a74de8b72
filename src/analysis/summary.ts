/**
 * What a network costs: parameters, multiply-adds, activations and memory, by layer, block and section, all read from its
 * graph. Costs are those of one image. Multiply-adds (MACs) are those of convolutions and linear layers; a multiply-add is
 * what some papers count as two operations.
 */
import type { Graph, GraphValue, Node, Part } from '../graph/graph.ts'
import { elementsPerImage, type Shape } from '../ops/shape.ts'
import { activationInputs, activationsOf, outputOf } from './dataflow.ts'
import { depthOf } from './depth.ts'
import { inferenceMemory, trainingMemory } from './memory.ts'
import { type Field, receptiveFields } from './receptive-field.ts'
import { groupsOf, windowOf } from './window.ts'

/** What adds up: over the layers of a block, the blocks of a section, the sections of a network. */
export interface Costs {
  /** Trained numbers. */
  readonly parameters: number
  /** Multiply-adds of one image. */
  readonly macs: number
  /** Elements that convolutions and linear layers write for one image (arXiv:2003.13678). */
  readonly activations: number
}

/** One node that works on activations; what prepares its weights is part of it. */
export interface LayerSummary extends Costs {
  readonly name: string
  /** The operation: `conv2d`, `batchNorm`, `relu`, ... */
  readonly op: string
  /** `[N, C, H, W]` */
  readonly inputShape: Shape
  readonly outputShape: Shape
  /** Side of the square of input pixels that one output cell can see. */
  readonly receptiveField: number
  /** The layer's own stride. */
  readonly stride: number
  /** Height and width of the window that it slides over its map; absent for what looks at one cell, or at all. */
  readonly kernel?: readonly [number, number]
  readonly dilation: number
  /** Groups of a convolution; 1 for everything else. */
  readonly groups: number
  /** Input pixels between two neighbouring output cells. */
  readonly jump: number
  readonly part: Part
}

/** One block of a stage. */
export interface BlockSummary extends Costs {
  /** Its output's name, for instance `layer3.1`. */
  readonly name: string
  readonly inputShape: Shape
  readonly outputShape: Shape
  readonly receptiveField: number
}

/** Stem, a stage, or head. */
export interface SectionSummary extends Costs {
  readonly name: string
  readonly inputShape: Shape
  readonly outputShape: Shape
  readonly receptiveField: number
  readonly blocks: readonly BlockSummary[]
}

/** The sums of a network. */
export interface Totals extends Costs {
  /** Numbers that are kept but not trained: running statistics. */
  readonly buffers: number
  /** Weighted layers on the longest way through the network; shortcuts and attention are not counted. */
  readonly depth: number
}

export interface Summary extends Totals {
  /** Bytes of float32 activations for one image, nothing fused. */
  readonly memory: { readonly inference: number; readonly training: number }
  readonly sections: readonly SectionSummary[]
  readonly layers: readonly LayerSummary[]
}

/** Everything there is to say about a network's costs. */
export function summarise(graph: Graph): Summary {
  const layers = summariseLayers(graph)
  return {
    ...totalsOf(graph),
    memory: { inference: inferenceMemory(graph), training: trainingMemory(graph) },
    sections: sectionsOf(graph, layers),
    layers,
  }
}

/** The sums alone: quick enough for a table of every network. */
export function totalsOf(graph: Graph): Totals {
  let [parameters, buffers, macs, activations] = [0, 0, 0, 0]
  for (const { kind, shape } of graph.states.values()) {
    if (kind === 'parameter') parameters += elementsPerImage(shape)
    else buffers += elementsPerImage(shape)
  }
  for (const node of graph.nodes) {
    macs += macsOf(node)
    activations += activationsWritten(node)
  }
  return { parameters, buffers, macs, activations, depth: depthOf(graph) }
}

/** The layers in the order in which they run. */
export function summariseLayers(graph: Graph): readonly LayerSummary[] {
  const activations = activationsOf(graph)
  const fields = receptiveFields(graph)
  const counted = new Set<GraphValue>()
  const layers: LayerSummary[] = []
  for (const node of graph.nodes) {
    const output = outputOf(node)
    if (output === undefined || !activations.has(output)) continue
    const parameters = parametersBehind(node, activations, counted)
    const [input] = activationInputs(node, activations)
    const window = windowOf(node)
    layers.push({
      name: node.name,
      op: node.operation.name,
      inputShape: input?.shape ?? [],
      outputShape: output.shape,
      parameters,
      macs: macsOf(node),
      activations: activationsWritten(node),
      ...positionOf(fields.get(output)),
      stride: Math.max(...(window?.stride ?? [1])),
      ...(window === undefined ? {} : { kernel: window.kernel }),
      dilation: Math.max(...(window?.dilation ?? [1])),
      groups: groupsOf(node),
      part: node.part,
    })
  }
  return layers
}

function positionOf(field: Field | undefined): { receptiveField: number; jump: number } {
  return { receptiveField: Math.max(...(field?.size ?? [1])), jump: Math.max(...(field?.jump ?? [1])) }
}

function macsOf({ operation, attributes, inputs, outputs }: Node): number {
  const shape = (value: GraphValue) => value.shape
  return operation.macs?.(inputs.map(shape), outputs.map(shape), attributes) ?? 0
}

function activationsWritten(node: Node): number {
  const output = outputOf(node)
  return node.operation.macs === undefined || output === undefined ? 0 : elementsPerImage(output.shape)
}

/** Parameters that a node reads, itself or through what prepares its weights; shared ones count where first met. */
function parametersBehind(
  node: Node,
  activations: ReadonlySet<GraphValue>,
  counted: Set<GraphValue>,
): number {
  let parameters = 0
  for (const input of node.inputs) {
    if (activations.has(input) || counted.has(input)) continue
    counted.add(input)
    if (input.kind === 'parameter') parameters += elementsPerImage(input.shape)
    else if (input.kind === 'node') parameters += parametersBehind(input.node, activations, counted)
  }
  return parameters
}

/** Groups layers that follow each other in the same section, and in the same block of it. */
function sectionsOf(graph: Graph, layers: readonly LayerSummary[]): readonly SectionSummary[] {
  const names = blockNames(graph)
  return groupBy(layers, ({ part }) => part.section).map(([name, members]) => {
    const inBlocks = members.filter(({ part }) => part.block !== undefined)
    const blocks = groupBy(inBlocks, ({ part }) => String(part.block)).map(([block, own]) => ({
      name: names.get(`${name}/${block}`) ?? block,
      ...spanOf(own),
    }))
    return { name, ...spanOf(members), blocks }
  })
}

function spanOf(layers: readonly LayerSummary[]): Omit<BlockSummary, 'name'> {
  const sum = (read: (layer: LayerSummary) => number) =>
    layers.reduce((total, layer) => total + read(layer), 0)
  return {
    inputShape: layers[0]?.inputShape ?? [],
    outputShape: layers.at(-1)?.outputShape ?? [],
    receptiveField: layers.at(-1)?.receptiveField ?? 1,
    parameters: sum(({ parameters }) => parameters),
    macs: sum(({ macs }) => macs),
    activations: sum(({ activations }) => activations),
  }
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): readonly [string, readonly T[]][] {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  return [...groups]
}

const sectionName = /^(stem|stage\d+|features|logits)$/

/** Stable names of blocks by `SECTION/BLOCK`: the further names that the builder gave to their outputs. */
export function blockNames(graph: Graph): ReadonlyMap<string, string> {
  const names = new Map<string, string>()
  for (const [name, value] of graph.values) {
    if (value.kind !== 'node' || name === value.name || sectionName.test(name)) continue
    const { section, block } = value.node.part
    if (block !== undefined) names.set(`${section}/${block}`, name)
  }
  return names
}
