/** What sets two networks apart: the keys of their configs, their totals, and layer by layer what changed. */
import { buildResNet } from '../architecture/build.ts'
import type { ResNetConfig } from '../architecture/config.ts'
import { type LayerSummary, type Summary, summarise } from './summary.ts'

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

const layerKeys = [
  'op',
  'inputShape',
  'outputShape',
  'parameters',
  'macs',
  'stride',
  'receptiveField',
] as const

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

export type LayerKey = (typeof layerKeys)[number]

export type LayerComparison =
  | { readonly change: 'none'; readonly name: string; readonly a: LayerSummary; readonly b: LayerSummary }
  | {
      readonly change: 'changed'
      readonly name: string
      readonly a: LayerSummary
      readonly b: LayerSummary
      /** Which of the figures differ. */
      readonly keys: readonly LayerKey[]
    }
  | { readonly change: 'only-a'; readonly name: string; readonly a: LayerSummary }
  | { readonly change: 'only-b'; readonly name: string; readonly b: LayerSummary }

export interface Comparison {
  readonly configDifferences: readonly ConfigDifference[]
  readonly totals: TotalDifferences
  /** Layers of the same name side by side, in the order in which they run. */
  readonly layers: readonly LayerComparison[]
}

/** Compares two networks. Throws `ConfigError` when one of them cannot be built. */
export function compare(a: ResNetConfig, b: ResNetConfig): Comparison {
  const [first, second] = [summarise(buildResNet(a)), summarise(buildResNet(b))]
  return {
    configDifferences: configDifferences(a, b),
    totals: compareTotals(first, second),
    layers: compareLayers(first.layers, second.layers),
  }
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
function compareLayers(a: readonly LayerSummary[], b: readonly LayerSummary[]): readonly LayerComparison[] {
  const [inA, inB] = [byName(a), byName(b)]
  const rows: LayerComparison[] = []
  let next = 0
  for (const layer of a) {
    const twin = inB.get(layer.name)
    if (twin === undefined) {
      rows.push({ change: 'only-a', name: layer.name, a: layer })
      continue
    }
    for (let other = b[next]; other !== undefined && !inA.has(other.name); other = b[++next]) {
      rows.push({ change: 'only-b', name: other.name, b: other })
    }
    next++
    const keys = layerKeys.filter((key) => JSON.stringify(layer[key]) !== JSON.stringify(twin[key]))
    rows.push(
      keys.length === 0
        ? { change: 'none', name: layer.name, a: layer, b: twin }
        : { change: 'changed', name: layer.name, a: layer, b: twin, keys },
    )
  }
  for (const other of b.slice(next)) {
    if (!inA.has(other.name)) rows.push({ change: 'only-b', name: other.name, b: other })
  }
  return rows
}

function byName(layers: readonly LayerSummary[]): ReadonlyMap<string, LayerSummary> {
  return new Map(layers.map((layer) => [layer.name, layer]))
}
