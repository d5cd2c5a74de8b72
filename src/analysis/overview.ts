/** A network on one page: the layers of stem and head, and the blocks of each stage, equal neighbours in one row. */
import type { Graph, Node } from '../graph/graph.ts'
import type { Shape } from '../ops/shape.ts'
import { attentionNodes } from './dataflow.ts'
import { describeWeights, isWeighted, shortName } from './describe.ts'
import type { BlockSummary, Costs, LayerSummary, Summary } from './summary.ts'
import { groupsOf, windowOf } from './window.ts'

export interface OverviewRow extends Costs {
  readonly section: string
  /** A layer, a block, or the first and last of several equal blocks. */
  readonly name: string
  /** The same in short: a layer's name, or stage and blocks as in `2.1-2.3`. */
  readonly place: string
  /** How many equal blocks the row stands for; the costs are those of all of them. */
  readonly count: number
  /** What it does, in a few words. */
  readonly what: string
  readonly outputShape: Shape
  readonly receptiveField: number
}

/** The rows of a readable table of a network. */
export function overview(graph: Graph, summary: Summary): readonly OverviewRow[] {
  const nodes = new Map(graph.nodes.map((node) => [node.name, node]))
  const attention = attentionNodes(graph)
  return summary.sections.flatMap((section) => {
    const layers = summary.layers.filter(({ part }) => part.section === section.name)
    if (section.blocks.length === 0) return layerRows(layers, nodes)
    const blocks = section.blocks.map((block, index) => {
      const own = layers.filter(({ part }) => part.block === index)
      return { block, index, what: describeLayers(own, nodes, attention) }
    })
    return blockRows(section.name, blocks)
  })
}

/** Rows for what has weights or changes the size of the map. */
function layerRows(
  layers: readonly LayerSummary[],
  nodes: ReadonlyMap<string, Node>,
): readonly OverviewRow[] {
  const rows: OverviewRow[] = []
  let unseen = 0
  for (const layer of layers) {
    const node = nodes.get(layer.name)
    const pools = layer.op.endsWith('Pool')
    if (node === undefined || (!isWeighted(node) && !pools)) {
      const last = rows.pop()
      if (last === undefined) unseen += layer.parameters
      else rows.push({ ...last, parameters: last.parameters + layer.parameters })
      continue
    }
    const { name, outputShape, receptiveField, macs, activations } = layer
    const what = isWeighted(node) ? describeWeights(node) : describePool(node)
    const parameters = layer.parameters + unseen
    unseen = 0
    const { section } = layer.part
    const costs = { parameters, macs, activations }
    rows.push({ section, name, place: name, count: 1, what, outputShape, receptiveField, ...costs })
  }
  return rows
}

function describePool(node: Node): string {
  const window = windowOf(node)
  if (window === undefined) return 'average of the whole map'
  const kind = { maxPool: 'maximum', averagePool: 'average', blurPool: 'blur' }
  const name = Object.entries(kind).find(([operation]) => operation === node.operation.name)?.[1] ?? 'pool'
  const stride = window.stride[0] > 1 ? `, stride ${window.stride[0]}` : ''
  return `${window.kernel.join('×')} ${name}${stride}`
}

interface DescribedBlock {
  readonly block: BlockSummary
  /** Its number in the stage. */
  readonly index: number
  readonly what: string
}

function blockRows(section: string, blocks: readonly DescribedBlock[]): readonly OverviewRow[] {
  const groups: DescribedBlock[][] = []
  for (const entry of blocks) {
    const group = groups.at(-1)
    const twin = group?.at(-1)
    if (group !== undefined && twin !== undefined && isEqual(twin, entry)) group.push(entry)
    else groups.push([entry])
  }
  return groups.flatMap((group) => {
    const [first, last] = [group[0], group.at(-1)]
    if (first === undefined || last === undefined) return []
    const sum = (read: (block: BlockSummary) => number) =>
      group.reduce((total, { block }) => total + read(block), 0)
    const stage = section.replace('stage ', '')
    return [
      {
        section,
        place: (first === last ? [first] : [first, last]).map(({ index }) => `${stage}.${index}`).join('-'),
        name: first === last ? first.block.name : `${first.block.name} to ${shortEnd(first, last)}`,
        count: group.length,
        what: first.what,
        outputShape: last.block.outputShape,
        receptiveField: last.block.receptiveField,
        parameters: sum(({ parameters }) => parameters),
        macs: sum(({ macs }) => macs),
        activations: sum(({ activations }) => activations),
      },
    ]
  })
}

function isEqual(a: DescribedBlock, b: DescribedBlock): boolean {
  return (
    a.what === b.what &&
    a.block.parameters === b.block.parameters &&
    a.block.macs === b.block.macs &&
    String(a.block.outputShape) === String(b.block.outputShape)
  )
}

/** `layer1.1 to 2`: the last block without what it shares with the first. */
function shortEnd(first: DescribedBlock, last: DescribedBlock): string {
  const prefix = first.block.name.replace(/[^.]*$/, '').replace(/\.$/, '')
  return shortName(last.block.name, prefix)
}

function groupsIn(node: Node): string {
  const groups = groupsOf(node)
  if (groups === 1) return ''
  return groups === node.inputs[0]?.shape[1] ? ' depthwise' : ` in ${groups} groups`
}

/** The convolutions of a block's branch, and what stands beside them: `1×1 64, 3×3 64, 1×1 256, projection`. */
function describeLayers(
  layers: readonly LayerSummary[],
  nodes: ReadonlyMap<string, Node>,
  attention: ReadonlySet<Node>,
): string {
  const own = layers.flatMap(({ name }) => nodes.get(name) ?? [])
  const weighted = own.filter((node) => isWeighted(node) && !attention.has(node))
  const branch = weighted.filter(({ part }) => part.path !== 'shortcut')
  const words = branch.map((node) => {
    const window = windowOf(node)
    const stride = window !== undefined && window.stride[0] > 1 ? `/${window.stride[0]}` : ''
    return `${window?.kernel.join('×') ?? ''} ${node.outputs[0]?.shape[1]}${stride}${groupsIn(node)}`
  })
  if (own.some((node) => attention.has(node))) words.push('attention')
  if (weighted.length > branch.length) words.push('projection')
  return words.join(', ')
}
