/** One block of a network drawn with box characters: branch and shortcut side by side, shapes beside the lines. */
import type { Graph, GraphValue, Node } from '../graph/graph.ts'
import { describeNode, isWeighted, shortName } from './describe.ts'
import { type Column, type Item, type Outline, outlineBlock } from './outline.ts'

/** Lines of the same width with one line of flow through them at column `axis`. */
interface Drawing {
  readonly lines: readonly string[]
  readonly width: number
  readonly axis: number
}

/** What fits a terminal beside an indent. */
const widest = 78

/**
 * Draws a block by its stable name (`layer2.0`) or by stage and block (`2.0`), in at most 80 columns where words can be
 * broken so.
 *
 * @throws ArgumentError for a block that the network does not have.
 */
export function describeBlock(graph: Graph, block: string): string {
  const outline = outlineBlock(graph, block)
  const drawings = densities.map((density) => drawOutline(outline, density))
  const drawing = drawings.find(({ width }) => width <= widest) ?? drawings.at(-1) ?? caption('')
  const title = `${outline.name} (${outline.section})`
  const indent = drawing.width <= widest ? '  ' : ''
  return [title, ...drawing.lines.map((text) => `${indent}${text}`.trimEnd())].join('\n')
}

/** From the most readable to the narrowest: the widest text in a box, and the cells between columns. */
const densities = [60, 32, 26, 20, 16, 13, 10].flatMap((wrap) => [3, 1].map((gap) => ({ wrap, gap })))

function drawOutline(outline: Outline, density: (typeof densities)[number]): Drawing {
  return stack([
    caption(mapOf(outline.input)),
    ...drawItems(outline.items, { block: outline.name, ...density }),
  ])
}

interface Style {
  /** The block's name, left out of those of its layers. */
  readonly block: string
  /** Widest text in a box. */
  readonly wrap: number
  /** Cells between columns. */
  readonly gap: number
}

type NodeItem = Extract<Item, { kind: 'node' }>

/** Draws a run of items from top to bottom. */
function drawItems(items: readonly Item[], style: Style): readonly Drawing[] {
  const [item, ...rest] = items
  if (item === undefined) return []
  if (item.kind === 'split') {
    const end = items.findIndex((other, index) => index > 0 && !isSmall(other))
    const after = rest.slice(0, end === -1 ? rest.length : 0)
    const last = after.at(-1)
    const output = (last?.kind === 'node' ? last.node : item.join).outputs[0]
    return [
      drawSplit(item.columns, style),
      caption([joinText(item.join), ...describeAll(after, style)].join(', then ')),
      line(output === undefined ? '' : mapOf(output)),
      ...drawItems(rest.slice(after.length), style),
    ]
  }
  const length = items.findIndex(({ kind }) => kind === 'split')
  const run = items.slice(0, length === -1 ? items.length : length).filter((entry) => entry.kind === 'node')
  return [
    ...boxes(run).flatMap((box) => {
      const output = box.at(-1)?.node.outputs[0]
      return [drawBox(box, style), line(output === undefined ? '' : mapOf(output))]
    }),
    ...drawItems(items.slice(run.length), style),
  ]
}

function isSmall(item: Item): boolean {
  return item.kind === 'node' && !isWeighted(item.node)
}

function describeAll(items: readonly Item[], style: Style): readonly string[] {
  return items.flatMap((item) => (item.kind === 'node' ? describeItem(item, style) : []))
}

function describeItem({ node, attention, beside }: NodeItem, { block }: Style): string {
  return describeNode(node, { block, attention, beside })
}

const activates = new Set(['batchNorm', 'batchNormTraining', 'groupNorm', 'relu', 'relu6', 'silu'])

/** Cuts a run into boxes of one weighted layer each, with what follows it, or what leads to it in pre-activation order. */
function boxes(run: readonly NodeItem[]): readonly (readonly NodeItem[])[] {
  const leading = run[0] !== undefined && activates.has(run[0].node.operation.name)
  const groups: NodeItem[][] = [[]]
  for (const item of run) {
    const group = groups.at(-1) ?? []
    const full = group.some(({ node }) => isWeighted(node))
    if (full && (leading || isWeighted(item.node))) groups.push([item])
    else group.push(item)
  }
  return groups
}

/** A weighted layer has a line of its own; what has no weights shares one. */
function drawBox(box: readonly NodeItem[], style: Style): Drawing {
  const rows: string[] = []
  let small: string[] = []
  const flush = () => {
    if (small.length > 0) rows.push(small.join(' · '))
    small = []
  }
  for (const item of box) {
    const text = describeItem(item, style)
    if (isWeighted(item.node) || text.length > 16) {
      flush()
      rows.push(...wrapped(text, style.wrap))
    } else {
      if ([...small, text].join(' · ').length > style.wrap) flush()
      small.push(text)
    }
  }
  flush()
  const inner = Math.max(...rows.map((row) => row.length)) + 2
  const axis = Math.floor((inner + 2) / 2)
  const edge = (left: string, middle: string, right: string) => {
    const bar = '─'.repeat(inner)
    return `${left}${bar.slice(0, axis - 1)}${middle}${bar.slice(axis)}${right}`
  }
  const lines = [
    edge('┌', '┴', '┐'),
    ...rows.map((row) => `│ ${row.padEnd(inner - 1)}│`),
    edge('└', '┬', '┘'),
  ]
  return { lines, width: inner + 2, axis }
}

/** Breaks a text between words; what follows the first line is indented. */
function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = []
  for (const word of text.split(/(?<=[,:)]) /)) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= width) lines.push(`${lines.pop()} ${word}`)
    else lines.push(last === undefined ? word : `  ${word}`)
  }
  return lines
}

/** Columns side by side, between a line that parts and one that joins. */
function drawSplit(columns: readonly Column[], style: Style): Drawing {
  const drawn = columns.map((column) => {
    const label = column.items.length === 0 ? 'identity' : (column.path ?? '')
    return { ...stack([line(label), ...drawItems(column.items, style)]), joined: column.joined }
  })
  const height = Math.max(...drawn.map(({ lines }) => lines.length))
  const { gap } = style
  let left = 0
  const placed = drawn.map((drawing) => {
    const offset = left
    left += drawing.width + gap
    return { ...drawing, offset, axis: offset + drawing.axis }
  })
  const width = left - gap
  const ends = placed.map(({ axis }) => axis)
  const axis = Math.floor((Math.min(...ends) + Math.max(...ends)) / 2)
  const rows = Array.from({ length: height }, (_, row) =>
    placed.map((column) => column.lines[row] ?? continued(column)).join(' '.repeat(gap)),
  )
  const joining = placed.filter(({ joined }) => joined).map((column) => column.axis)
  return {
    lines: [crossbar(width, axis, ends, 'part'), ...rows, crossbar(width, axis, joining, 'join')],
    width,
    axis,
  }
}

function continued(column: Drawing & { readonly joined: boolean; readonly offset: number }): string {
  const axis = column.axis - column.offset
  return place(column.joined ? '│' : '', axis, column.width)
}

/** `┌───┴───┐` or `└───┬───┘`: a bar over the columns' axes with the flow's own line in the middle. */
function crossbar(width: number, axis: number, ends: readonly number[], kind: 'part' | 'join'): string {
  const [first, last] = [Math.min(axis, ...ends), Math.max(axis, ...ends)]
  const corners = kind === 'part' ? ['┌', '┬', '┐', '┴', '┼'] : ['└', '┴', '┘', '┬', '┼']
  const [left = '', inner = '', right = '', own = '', both = ''] = corners
  const cells = Array.from({ length: width }, (_, x) => {
    if (x < first || x > last) return ' '
    if (x === axis) return ends.includes(x) ? both : own
    if (!ends.includes(x)) return '─'
    return x === first ? left : x === last ? right : inner
  })
  return cells.join('')
}

/** A line of flow with a word beside it. */
function line(text: string): Drawing {
  const lines = [text === '' ? '│' : `│ ${text}`]
  return { lines, width: lines[0]?.length ?? 1, axis: 0 }
}

/** A word on the line of flow. */
function caption(text: string): Drawing {
  return { lines: [text], width: text.length, axis: Math.floor(text.length / 2) }
}

/** One drawing under the other, axis under axis. */
function stack(drawings: readonly Drawing[]): Drawing {
  const axis = Math.max(...drawings.map((drawing) => drawing.axis))
  const width = axis + Math.max(...drawings.map((drawing) => drawing.width - drawing.axis))
  const lines = drawings.flatMap((drawing) =>
    drawing.lines.map((text) => place(text, axis - drawing.axis, width)),
  )
  return { lines, width, axis }
}

function place(text: string, offset: number, width: number): string {
  return `${' '.repeat(offset)}${text}`.padEnd(width)
}

const joinSigns: ReadonlyMap<string, string> = new Map([
  ['add', '(+) add'],
  ['multiply', '(×) multiply'],
  ['concat', '(‖) concatenate'],
])

function joinText(node: Node): string {
  return joinSigns.get(node.operation.name) ?? shortName(node.name)
}

/** `64 × 56 × 56`: a map without its batch. */
function mapOf({ shape }: GraphValue): string {
  return shape.filter((dim) => dim !== 'N').join(' × ')
}
