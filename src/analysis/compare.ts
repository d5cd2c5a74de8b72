/** What sets two networks apart: the keys of their configs, their totals, and layer by layer what changed. */
import { buildResNet } from '../architecture/build.ts'
import type { ResNetConfig } from '../architecture/config.ts'
import type { Graph } from '../graph/graph.ts'
import { attentionNodes } from './dataflow.ts'
import { type ComparedLayer, type FoldedChange, foldedChanges } from './fold.ts'
import { type LayerComparison, layerKeys } from './layer-comparison.ts'
import { type Placed, placed } from './roles.ts'
import { type Summary, summarise } from './summary.ts'
import { sentencesOf } from './topics.ts'

export type { LayerComparison, LayerKey } from './layer-comparison.ts'

export interface ConfigDifference {
  /** Path of the field, for instance `block.strideAt`. */
  readonly key: string
  /** The values; absent where that config has no such field. */
  readonly a?: unknown
  readonly b?: unknown
}

export interface TotalDifference {
  readonly a: number
  readonly b: number
  readonly difference: number
}

export interface TotalDifferences {
  readonly depth: TotalDifference
  readonly parameters: TotalDifference
  readonly buffers: TotalDifference
  readonly macs: TotalDifference
  readonly activations: TotalDifference
  /** Of the last map, in front of the head. */
  readonly receptiveField: TotalDifference
  readonly inferenceMemory: TotalDifference
  readonly trainingMemory: TotalDifference
}

export interface Comparison {
  readonly configDifferences: readonly ConfigDifference[]
  readonly totals: TotalDifferences
  /** What sets them apart, in plain English, the most telling first; empty where they are one network. */
  readonly sentences: readonly string[]
  /** Layers of the same role side by side, in the order in which they run; `name` is the first network's where both have one. */
  readonly layers: readonly LayerComparison[]
  /** The same, where a change that repeats is told once. */
  readonly changes: readonly FoldedChange[]
}

export interface CompareOptions {
  /** What the sentences call the two; `A` and `B` without them. */
  readonly names?: readonly [string, string]
  /** The input that both are counted at; each at its own without it. */
  readonly input?: ResNetConfig['input']
}

/** Compares two networks. Throws `ConfigError` when one of them cannot be built. */
export function compare(
  a: ResNetConfig,
  b: ResNetConfig,
  { names = ['A', 'B'], input }: CompareOptions = {},
): Comparison {
  const build = (config: ResNetConfig) => buildResNet({ ...config, input: input ?? config.input })
  const [graphA, graphB] = [build(a), build(b)]
  const [first, second] = [summarise(graphA), summarise(graphB)]
  const differences = configDifferences(a, b)
  const rows = compareLayers(placedIn(graphA, first), placedIn(graphB, second))
  return {
    configDifferences: differences,
    totals: compareTotals(first, second),
    sentences: sentencesOf(
      { name: names[0], config: a },
      { name: names[1], config: b },
      differences.map(({ key }) => key),
    ),
    layers: rows.map(({ comparison }) => comparison),
    changes: foldedChanges(rows, [blocksOf(first), blocksOf(second)]),
  }
}

function placedIn(graph: Graph, { layers }: Summary): readonly Placed[] {
  return placed(layers, new Set([...attentionNodes(graph)].map(({ name }) => name)))
}

/** How many blocks each section has. */
function blocksOf({ sections }: Summary): ReadonlyMap<string, number> {
  return new Map(sections.map(({ name, blocks }) => [name, blocks.length]))
}

function compareTotals(a: Summary, b: Summary): TotalDifferences {
  const pair = (read: (summary: Summary) => number): TotalDifference => ({
    a: read(a),
    b: read(b),
    difference: read(b) - read(a),
  })
  return {
    depth: pair(({ depth }) => depth),
    parameters: pair(({ parameters }) => parameters),
    buffers: pair(({ buffers }) => buffers),
    macs: pair(({ macs }) => macs),
    activations: pair(({ activations }) => activations),
    receptiveField: pair(lastFieldOf),
    inferenceMemory: pair(({ memory }) => memory.inference),
    trainingMemory: pair(({ memory }) => memory.training),
  }
}

function lastFieldOf(summary: Summary): number {
  return summary.sections.findLast(({ blocks }) => blocks.length > 0)?.receptiveField ?? 1
}

/** The fields in which two configs differ, by their paths; lists are compared entry by entry. */
export function configDifferences(a: ResNetConfig, b: ResNetConfig): readonly ConfigDifference[] {
  const [first, second] = [leaves(a), leaves(b)]
  const keys = new Set([...first.keys(), ...second.keys()])
  return [...keys].flatMap((key) => {
    const [left, right] = [first.get(key), second.get(key)]
    if (JSON.stringify(left) === JSON.stringify(right)) return []
    return [
      {
        key,
        ...(first.has(key) ? { a: left } : {}),
        ...(second.has(key) ? { b: right } : {}),
      },
    ]
  })
}

/** A JSON value's plain parts by path. A list of plain values is one part. */
function leaves(value: unknown, path = ''): Map<string, unknown> {
  const plain = typeof value !== 'object' || value === null
  if (plain || (Array.isArray(value) && value.every((entry) => typeof entry !== 'object'))) {
    return new Map([[path, value]])
  }
  const found = new Map<string, unknown>()
  for (const [key, entry] of Object.entries(value)) {
    for (const [inner, leaf] of leaves(entry, path === '' ? key : `${path}.${key}`)) found.set(inner, leaf)
  }
  return found
}

/** Merges two lists of layers; a layer that only one has stands where it runs there. */
function compareLayers(a: readonly Placed[], b: readonly Placed[]): readonly ComparedLayer[] {
  const [inA, inB] = [byRole(a), byRole(b)]
  const rows: ComparedLayer[] = []
  const onlyB = ({ layer, what }: Placed) =>
    rows.push({ what, comparison: { change: 'only-b', name: layer.name, b: layer } })
  let next = 0
  for (const { layer, role, what } of a) {
    const twin = inB.get(role)?.layer
    if (twin === undefined) {
      rows.push({ what, comparison: { change: 'only-a', name: layer.name, a: layer } })
      continue
    }
    // Roles that both have may run in another order: only what stands before the twin is told before it.
    const end = b.findIndex((other) => other.role === role)
    for (; next < end; next++) {
      const other = b[next]
      if (other !== undefined && !inA.has(other.role)) onlyB(other)
    }
    const keys = layerKeys.filter((key) => JSON.stringify(layer[key]) !== JSON.stringify(twin[key]))
    const pair = { name: layer.name, a: layer, b: twin }
    const comparison =
      keys.length === 0
        ? ({ change: 'none', ...pair } as const)
        : ({ change: 'changed', ...pair, keys } as const)
    rows.push({ what, comparison })
  }
  for (const other of b.slice(next)) if (!inA.has(other.role)) onlyB(other)
  return rows
}

function byRole(layers: readonly Placed[]): ReadonlyMap<string, Placed> {
  return new Map(layers.map((layer) => [layer.role, layer]))
}
