/** Changes of layers told once where they repeat: "the second convolution: stride 1 → 2, in the first block of stages 2 to 4". */
import type { LayerComparison } from './layer-comparison.ts'
import type { LayerSummary } from './summary.ts'

export interface ComparedLayer {
  /** What the layer is for, in words that all blocks share. */
  readonly what: string
  readonly comparison: LayerComparison
}

/** A change that several layers share. */
export interface FoldedChange {
  readonly what: string
  /** What changes, for instance `stride 1 → 2`. */
  readonly change: string
  /** Where, for instance `in all 16 blocks`. */
  readonly where: string
  /** How many layers it stands for, and what they cost more (or less) together. */
  readonly layers: number
  readonly parameters: number
  readonly macs: number
}

interface Group {
  readonly what: string
  readonly changes: string[]
  readonly places: LayerSummary[]
  parameters: number
  macs: number
}

/** Folds the changes of layers that do work of their own; `blocks` are the numbers of blocks in the sections of the two. */
export function foldedChanges(
  rows: readonly ComparedLayer[],
  blocks: readonly [ReadonlyMap<string, number>, ReadonlyMap<string, number>],
): readonly FoldedChange[] {
  const groups = new Map<string, Group>()
  for (const { what, comparison } of rows) {
    const a = comparison.change === 'only-b' ? undefined : comparison.a
    const b = comparison.change === 'only-a' ? undefined : comparison.b
    const change = changeWords(a, b)
    const place = b ?? a
    if (change === undefined || place === undefined) continue
    const key = `${what}: ${change.replace(ratio, '')}`
    const group = groups.get(key) ?? { what, changes: [], places: [], parameters: 0, macs: 0 }
    groups.set(key, group)
    group.changes.push(change)
    group.places.push(place)
    group.parameters += (b?.parameters ?? 0) - (a?.parameters ?? 0)
    group.macs += (b?.macs ?? 0) - (a?.macs ?? 0)
  }
  const [inA, inB] = blocks
  return [...groups.values()].map(({ what, changes, places, parameters, macs }) => {
    const change = oneChange(changes)
    const where = whereWords(places, change.startsWith('is gone') ? inA : inB)
    return { what, change, where, layers: places.length, parameters, macs }
  })
}

/** `2` in `channels in × 2`; kernels are written without the space. */
const ratio = /(?<=[×÷] )[\d.]+/g

/** Changes that differ in their ratios alone as one: `channels in × 1.5 to 1.75`. */
function oneChange(changes: readonly string[]): string {
  const found = changes.map((change) => change.match(ratio) ?? [])
  let next = 0
  return (changes[0] ?? '').replace(ratio, () => {
    const values = found.map((ratios) => Number(ratios[next]))
    next++
    const [least, most] = [Math.min(...values), Math.max(...values)]
    return least === most ? `${least}` : `${least} to ${most}`
  })
}

/** What changes in a layer, apart from the maps that others hand to it; nothing where that is all. */
function changeWords(a: LayerSummary | undefined, b: LayerSummary | undefined): string | undefined {
  if (a === undefined) return b !== undefined && isWorth(b) ? `is new${shortWords(b)}` : undefined
  if (b === undefined) return isWorth(a) ? `is gone${shortWords(a)}` : undefined
  const change = (name: string, from: string, to: string) =>
    from === to ? [] : [`${name} ${from} → ${to}`.trim()]
  const words = [
    ...(a.op === b.op ? [] : [`${opWords(a.op)} → ${opWords(b.op)}`]),
    ...change('', kernelWords(a), kernelWords(b)),
    ...change('stride', String(a.stride), String(b.stride)),
    ...change('groups', String(a.groups), String(b.groups)),
    ...change('dilation', String(a.dilation), String(b.dilation)),
    ...(isWeighted(a) || isWeighted(b) ? channelWords(a, b) : []),
  ]
  return words.length === 0 ? undefined : words.join(', ')
}

function isWeighted({ macs }: LayerSummary): boolean {
  return macs > 0
}

function isWorth({ macs, stride }: LayerSummary): boolean {
  return macs > 0 || stride > 1
}

function kernelWords({ kernel }: LayerSummary): string {
  return kernel === undefined ? '' : kernel.join('×')
}

function shortWords(layer: LayerSummary): string {
  const words = [
    isWeighted(layer) ? kernelWords(layer) : poolWords(layer),
    ...(layer.stride > 1 ? [`stride ${layer.stride}`] : []),
    ...(layer.groups > 1 ? [`${layer.groups} groups`] : []),
  ].filter((word) => word !== '')
  return words.length === 0 ? '' : ` (${words.join(', ')})`
}

/** A window of one cell leaves the others out. */
function poolWords(layer: LayerSummary): string {
  const kernel = kernelWords(layer)
  return kernel === '1×1' ? 'subsample' : `${kernel} ${opWords(layer.op)}`
}

/** Channels as a share, so that it is the same in all stages: `channels out × 2`. */
function channelWords(a: LayerSummary, b: LayerSummary): readonly string[] {
  return (['inputShape', 'outputShape'] as const).flatMap((side) => {
    const [from, to] = [Number(a[side][1]), Number(b[side][1])]
    const name = side === 'inputShape' ? 'channels in' : 'channels out'
    if (from === to || !(from > 0)) return []
    const ratio = to / from
    const rounded = ratio >= 1 ? ratio : 1 / ratio
    return [`${name} ${ratio >= 1 ? '×' : '÷'} ${Number(rounded.toFixed(2))}`]
  })
}

const operationWords: ReadonlyMap<string, string> = new Map([
  ['conv2d', 'convolution'],
  ['batchNorm', 'batch norm'],
  ['groupNorm', 'group norm'],
  ['relu', 'ReLU'],
  ['relu6', 'ReLU6'],
  ['silu', 'SiLU'],
  ['maxPool', 'maximum'],
  ['averagePool', 'average'],
  ['blurPool', 'blur'],
  ['globalAveragePool', 'average of the whole map'],
])

function opWords(op: string): string {
  return operationWords.get(op) ?? op
}

/** `in all 16 blocks`, `in the first block of stages 2 to 4`, `in stage 3`; nothing in stem and head. */
function whereWords(places: readonly LayerSummary[], blocks: ReadonlyMap<string, number>): string {
  const inBlocks = places.filter(({ part }) => part.block !== undefined)
  if (inBlocks.length === 0) return [...new Set(places.map(({ part }) => part.section))].join(', ')
  const found = new Map<string, Set<number>>()
  for (const { part } of inBlocks) {
    const set = found.get(part.section) ?? new Set()
    found.set(part.section, set.add(part.block ?? 0))
  }
  const total = [...blocks.values()].reduce((sum, count) => sum + count, 0)
  const count = [...found.values()].reduce((sum, set) => sum + set.size, 0)
  if (count === total) return `in all ${total} blocks`
  const sections = [...found.keys()]
  const whole = sections.every((section) => found.get(section)?.size === blocks.get(section))
  const first = sections.every((section) => [...(found.get(section) ?? [])].join() === '0')
  const later = sections.every(
    (section) => found.get(section)?.size === (blocks.get(section) ?? 0) - 1 && !found.get(section)?.has(0),
  )
  const stages = stageWords(sections)
  if (whole) return `in every block of ${stages}`
  if (first) return `in the first block of ${stages}`
  if (later) return `in every block but the first of ${stages}`
  return `in ${count === 1 ? 'one block' : `${count} blocks`} of ${stages}`
}

/** `stage 2`, `stages 2 to 4`, `stages 1 and 3`. */
function stageWords(sections: readonly string[]): string {
  const numbers = sections.map((section) => Number(section.replace('stage ', '')))
  const [first = 0] = numbers
  const last = numbers.at(-1) ?? first
  if (numbers.length === 1) return `stage ${first}`
  const run = numbers.every((number, i) => number === first + i)
  if (run && numbers.length > 2) return `stages ${first} to ${last}`
  return `stages ${numbers.slice(0, -1).join(', ')} and ${last}`
}
