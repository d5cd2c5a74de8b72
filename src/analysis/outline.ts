/**
 * The flow through one block as a tree: runs of nodes, and splits into columns that meet again at a node. Attention is
 * folded into the multiplication that applies it, so that what is left is the residual structure itself.
 */
import { ArgumentError } from '../errors.ts'
import type { Graph, GraphValue, Node } from '../graph/graph.ts'
import { activationsOf, attentionNodes } from './dataflow.ts'
import { blockNames } from './summary.ts'

export type Item =
  | {
      readonly kind: 'node'
      readonly node: Node
      /** Nodes of the attention whose gate this multiplies by. */
      readonly attention: readonly Node[]
      /** Names of values that it reads beside the one above it. */
      readonly beside: readonly string[]
    }
  | {
      readonly kind: 'split'
      readonly columns: readonly Column[]
      readonly join: Node
    }

export interface Column {
  /** Nothing stands on an identity. */
  readonly items: readonly Item[]
  readonly path: 'branch' | 'shortcut' | undefined
  /** Whether it leads to the join; a gate's column is read by nodes of the others. */
  readonly joined: boolean
}

export interface Outline {
  readonly name: string
  readonly section: string
  readonly input: GraphValue
  readonly output: GraphValue
  readonly items: readonly Item[]
}

/**
 * The outline of a block by its stable name (`layer2.0`) or by stage and block (`2.0`: stage 2, first block).
 *
 * @throws ArgumentError for a block that the network does not have.
 */
export function outlineBlock(graph: Graph, block: string): Outline {
  const { name, section, index } = findBlock(graph, block)
  const flow = flowOf(graph, section, index)
  const [input] = flow.entries
  const output = flow.nodes.at(-1)?.outputs[0]
  if (input === undefined || output === undefined)
    throw new ArgumentError(`block "${block}" computes nothing from the image`)
  return { name, section, input, output, items: new Walk(flow).from(input, undefined) }
}

function findBlock(graph: Graph, block: string): { name: string; section: string; index: number } {
  const names = blockNames(graph)
  for (const [place, name] of names) {
    const [section = '', index = ''] = place.split('/')
    if (name === block || `${section.replace('stage ', '')}.${index}` === block) {
      return { name, section, index: Number(index) }
    }
  }
  const [first = '', ...rest] = names.values()
  throw new ArgumentError(
    `no block "${block}"; the blocks are ${first} to ${rest.at(-1) ?? first}, or stage.block as in 1.0`,
  )
}

/** The nodes of a block that are drawn, and how values run between them. */
interface Flow {
  readonly nodes: readonly Node[]
  /** Values from outside. */
  readonly entries: readonly GraphValue[]
  readonly consumers: ReadonlyMap<GraphValue, readonly Node[]>
  /** What a node reads, without gates, weights and masks. */
  readonly reads: ReadonlyMap<Node, readonly GraphValue[]>
  readonly attention: ReadonlyMap<Node, readonly Node[]>
}

function flowOf(graph: Graph, section: string, block: number): Flow {
  const own = graph.nodes.filter(({ part }) => part.section === section && part.block === block)
  const activations = activationsOf(graph)
  const hidden = hiddenNodes(own, attentionNodes(graph))
  const isDrawn = (node: Node) => !hidden.has(node) && node.outputs.some((output) => activations.has(output))
  const nodes = own.filter((node) => isDrawn(node) && node.operation.name !== 'randomMask')
  const drawn = new Set(nodes)
  const inside = new Set(own)
  const consumers = new Map<GraphValue, Node[]>()
  const reads = new Map<Node, readonly GraphValue[]>()
  const entries = new Set<GraphValue>()
  const attention = new Map<Node, readonly Node[]>()
  for (const node of nodes) {
    const values = node.inputs.filter((value) => {
      if (value.kind !== 'node' || !activations.has(value)) return value.kind === 'input'
      return !inside.has(value.node) || drawn.has(value.node)
    })
    reads.set(node, values)
    attention.set(node, gateBehind(node, hidden))
    for (const value of values) {
      consumers.set(value, [...(consumers.get(value) ?? []), node])
      if (value.kind !== 'node' || !inside.has(value.node)) entries.add(value)
    }
  }
  return { nodes, entries: [...entries], consumers, reads, attention }
}

/** Attention, and what only attention reads (the sum of selective kernels' paths). */
function hiddenNodes(own: readonly Node[], attention: ReadonlySet<Node>): ReadonlySet<Node> {
  const hidden = new Set(own.filter((node) => attention.has(node)))
  const readers = (node: Node) => own.filter((other) => other.inputs.some((value) => isOutput(value, node)))
  for (const node of [...own].reverse()) {
    const read = readers(node)
    if (read.length > 0 && read.every((reader) => hidden.has(reader))) hidden.add(node)
  }
  return hidden
}

function isOutput(value: GraphValue, node: Node): boolean {
  return value.kind === 'node' && value.node === node
}

function gateBehind(node: Node, hidden: ReadonlySet<Node>): readonly Node[] {
  const found = new Set<Node>()
  const visit = (value: GraphValue) => {
    if (value.kind !== 'node' || !hidden.has(value.node) || found.has(value.node)) return
    for (const input of value.node.inputs) visit(input)
    found.add(value.node)
  }
  for (const input of node.inputs) visit(input)
  return [...found]
}

/** Places each node once, under the first value that it reads. */
class Walk {
  readonly #flow: Flow
  constructor(flow: Flow) {
    this.#flow = flow
  }

  /** What stands under a value, down to `stop`. */
  from(start: GraphValue, stop: Node | undefined): readonly Item[] {
    const items: Item[] = []
    let value: GraphValue | undefined = start
    while (value !== undefined) {
      const followers = this.#followers(value, stop)
      const [next] = followers
      if (next === undefined || (followers.length === 1 && next === stop)) break
      const join: Node | undefined = followers.length > 1 ? this.#joinBelow(value) : undefined
      if (join === undefined) {
        items.push(this.#item(next, value))
        value = next.outputs[0]
      } else {
        items.push({ kind: 'split', columns: this.#columns(value, followers, join), join })
        value = join === stop ? undefined : join.outputs[0]
      }
    }
    return items
  }

  #followers(value: GraphValue, stop: Node | undefined): readonly Node[] {
    const consumers = this.#flow.consumers.get(value) ?? []
    return consumers.filter((node) => node === stop || this.#flow.reads.get(node)?.[0] === value)
  }

  #item(node: Node, above: GraphValue): Item {
    const others = (this.#flow.reads.get(node) ?? []).filter((value) => value !== above)
    return {
      kind: 'node',
      node,
      attention: this.#flow.attention.get(node) ?? [],
      beside: others.map(({ name }) => name),
    }
  }

  /** One column for each path; what meets again before the join does so in a split of its own. */
  #columns(value: GraphValue, followers: readonly Node[], join: Node): readonly Column[] {
    const paths = ['branch', undefined, 'shortcut'] as const
    return paths.flatMap((path) => {
      const group = followers.filter((node) => (node === join ? 'shortcut' : node.part.path) === path)
      const meeting = group.length > 1 ? this.#meeting(group) : undefined
      if (meeting === undefined || meeting === join)
        return group.map((node) => this.#column(value, node, join, group.length > 1 ? undefined : path))
      const columns = group.map((node) => this.#column(value, node, meeting, undefined))
      const below = meeting.outputs.flatMap((output) => this.from(output, join))
      const items: readonly Item[] = [{ kind: 'split', columns, join: meeting }, ...below]
      return [{ items, path, joined: this.#reaches(items, join) }]
    })
  }

  #column(value: GraphValue, node: Node, join: Node, path: Column['path']): Column {
    if (node === join) return { items: [], path, joined: true }
    const below = node.outputs.flatMap((output) => this.from(output, join))
    const items = [this.#item(node, value), ...below]
    return { items, path, joined: this.#reaches(items, join) }
  }

  #reaches(items: readonly Item[], join: Node): boolean {
    const last = items.at(-1)
    const end = last?.kind === 'split' ? last.join : last?.node
    return end === join || (end?.outputs ?? []).some((output) => this.#flow.reads.get(join)?.includes(output))
  }

  /** The first node that every way from a value to the block's end passes. */
  #joinBelow(value: GraphValue): Node | undefined {
    return this.#meeting(this.#flow.consumers.get(value) ?? [])
  }

  /** The first node that every way from these nodes to the block's end passes. */
  #meeting(nodes: readonly Node[]): Node | undefined {
    return this.#flow.nodes.find((node) => nodes.every((from) => !this.#endWithout(from, node)))
  }

  #endWithout(from: Node, avoided: Node): boolean {
    if (from === avoided) return false
    if (from === this.#flow.nodes.at(-1)) return true
    const consumers = from.outputs.flatMap((output) => this.#flow.consumers.get(output) ?? [])
    return consumers.some((node) => this.#endWithout(node, avoided))
  }
}
