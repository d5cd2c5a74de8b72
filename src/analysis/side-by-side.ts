/** A block or a stem as lines of text, so that those of two networks can stand side by side. */
import type { Graph, Node } from '../graph/graph.ts'
import { activationsOf } from './dataflow.ts'
import { describeNode, describeWeights, isWeighted } from './describe.ts'
import { type Item, outlineBlock } from './outline.ts'
import { blockNames } from './summary.ts'
import { windowOf } from './window.ts'

/** What a block does, from top to bottom: the columns of a split one under the other, each under its name. */
export function blockSteps(graph: Graph, block: string): readonly string[] {
  const { items, name } = outlineBlock(graph, block)
  const lines = stepsOf(items, name)
  if (items.some(({ kind }) => kind === 'split')) return lines
  return ['branch', ...lines.map((line) => `  ${line}`), 'shortcut: none']
}

function stepsOf(items: readonly Item[], block: string): readonly string[] {
  const lines: string[] = []
  let small: string[] = []
  const flush = () => {
    if (small.length > 0) lines.push(small.join(' · '))
    small = []
  }
  for (const item of items) {
    if (item.kind === 'node') {
      const { node } = item
      if (isWeighted(node)) {
        flush()
        lines.push(describeWeights(node))
      } else {
        const words = describeNode(node, { block, attention: item.attention, beside: [] })
        if (words.length > 12) flush()
        small.push(words)
        if (words.length > 12) flush()
      }
      continue
    }
    flush()
    for (const { items: own, path } of item.columns) {
      lines.push(`${own.length === 0 ? 'shortcut: identity' : (path ?? 'path')}`)
      lines.push(...stepsOf(own, block).map((line) => `  ${line}`))
    }
    small.push(
      { add: '+', multiply: '×', concat: 'concatenate' }[item.join.operation.name] ??
        item.join.operation.name,
    )
  }
  flush()
  return lines
}

/** What the stem does, from top to bottom. */
export function stemSteps(graph: Graph): readonly string[] {
  const activations = activationsOf(graph)
  const own = graph.nodes.filter(
    ({ part, outputs }) => part.section === 'stem' && outputs.some((output) => activations.has(output)),
  )
  const lines: string[] = []
  for (const node of own) {
    if (isWeighted(node)) lines.push(describeWeights(node))
    else if (windowOf(node) !== undefined) lines.push(stepWords(node))
    else
      lines.push(`${lines.length > 0 && !isFull(lines.at(-1)) ? `${lines.pop()} · ` : ''}${stepWords(node)}`)
  }
  return lines
}

/** Lines of weights and windows stand alone. */
function isFull(line: string | undefined): boolean {
  return line === undefined || /\d/.test(line.replace('ReLU6', ''))
}

function stepWords(node: Node): string {
  return describeNode(node, { block: '', attention: [], beside: [] })
}

/** One drawing: what it shows, and the steps of both networks. */
export interface SideBySide {
  readonly title: string
  readonly a: readonly string[]
  readonly b: readonly string[]
}

/** The parts of two networks that do not do the same: the stem, and the first block (of two a stage) that differs. */
export function sideBySide(a: Graph, b: Graph): readonly SideBySide[] {
  const stem = { title: 'the stem', a: stemSteps(a), b: stemSteps(b) }
  const blocks = ['2.0', '2.1', '1.0', '1.1'].flatMap((place) => {
    if (!hasBlock(a, place) || !hasBlock(b, place)) return []
    const [stage, block] = place.split('.')
    const title = `the ${block === '0' ? 'first' : 'second'} block of stage ${stage}`
    return [{ title, a: blockSteps(a, place), b: blockSteps(b, place) }]
  })
  const differing = (part: SideBySide) => part.a.join('\n') !== part.b.join('\n')
  const block = blocks.find(differing)
  return [...(differing(stem) ? [stem] : []), ...(block === undefined ? [] : [block])]
}

function hasBlock(graph: Graph, place: string): boolean {
  const [stage, block] = place.split('.')
  return blockNames(graph).has(`stage ${stage}/${block}`)
}
