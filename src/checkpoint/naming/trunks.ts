/**
 * Where in a file a network's trunk lies, and whose names it has. A trunk is found by its first block: whatever stands in
 * front of `layer1.0.conv1` (or what another source calls it) is the prefix.
 */
import type { StoredTensor } from '../checkpoint.ts'
import { shapeInOurs } from './layout.ts'
import type { NamingScheme, Suffix } from './scheme.ts'
import { namingSchemes } from './schemes.ts'
import { type Rule, translate } from './template.ts'

export type Stored = ReadonlyMap<string, StoredTensor>

/** Names of a scheme under a prefix. */
export interface Trunk {
  readonly scheme: NamingScheme
  readonly prefix: string
  /** The names that the scheme knows, those of a classifier aside: heads are found by their shapes. */
  readonly known: readonly string[]
}

/** The first convolution of a network's first block under our names. */
const firstBlocks = [
  'layer1.0.conv1',
  'layer1.0.conv1.conv',
  'layer1.0.conv1.paths.0.conv',
  'stages.0.blocks.0.conv1',
  'features.denseblock1.denselayer1.conv1',
  'features.1.conv.0.0',
]

/** A second network in the file is a slower or older copy of the first where its prefix says so. */
const copies = /(^|[._/])(encoder_k|key|momentum|target|student|ema|old|prev|aux)/

/** The trunks in a file, the one to take first: that with most known names, copies last, else in the file's order. */
export function trunksOf(stored: Stored): readonly Trunk[] {
  const order = [...stored.keys()]
  const trunks = [...prefixesOf(stored)].flatMap((prefix) => bestTrunk(stored, prefix) ?? [])
  const place = ({ known: [first = ''] }: Trunk) => order.indexOf(first)
  const rank = ({ prefix }: Trunk) => (copies.test(prefix) ? 1 : 0)
  const sorted = trunks.toSorted(
    (a, b) =>
      b.known.length - a.known.length ||
      rank(a) - rank(b) ||
      a.prefix.length - b.prefix.length ||
      place(a) - place(b),
  )
  const [best] = sorted
  if (best === undefined) return []
  // Two readings of one network share its tensors; another network has none of them.
  const own = new Set(best.known)
  return [best, ...sorted.slice(1).filter(({ known }) => !known.some((name) => own.has(name)))]
}

function prefixesOf(stored: Stored): ReadonlySet<string> {
  const found = new Set<string>()
  for (const name of stored.keys()) {
    for (const ending of endings()) {
      const plain = name.replace(/:0$/, '')
      if (!plain.endsWith(ending)) continue
      const prefix = plain.slice(0, plain.length - ending.length)
      if (prefix === '' || /[./]$/.test(prefix)) found.add(prefix)
    }
  }
  return found
}

let known: readonly string[] | undefined

/** How names of first blocks end, in every scheme. */
function endings(): readonly string[] {
  known ??= [
    ...new Set(
      namingSchemes.flatMap(({ rules, separator, suffixes }) => {
        const weights = [...suffixes].filter(([, { ours }]) => ours === 'weight').map(([suffix]) => suffix)
        return firstBlocks
          .flatMap((layer) => namesFor(rules, layer))
          .flatMap((theirs) => weights.map((weight) => `${theirs}${separator}${weight}`))
      }),
    ),
  ]
  return known
}

function namesFor(rules: readonly Rule[], layer: string): readonly string[] {
  return rules.flatMap(({ ours, theirs }) => {
    const numbers = ours.match(layer)
    return numbers === undefined ? [] : [theirs.write(numbers)]
  })
}

/**
 * The scheme that knows most names under a prefix; where several know as many, the one whose shapes agree, then the one that
 * knows the classifier's name: a network of option A differs from torchvision's by its `linear` alone.
 */
function bestTrunk(stored: Stored, prefix: string): Trunk | undefined {
  const under = [...stored.keys()].filter((name) => name.startsWith(prefix))
  const stripped = under.map((name) => name.slice(prefix.length))
  const read = namingSchemes.map((entry): Trunk => {
    const scheme = entry.adapted === undefined ? entry : { ...entry, rules: entry.adapted(stripped) }
    const reader = readerOf(scheme)
    return { scheme, prefix, known: under.filter((_, i) => isTrunk(reader(stripped[i] ?? ''))) }
  })
  const most = Math.max(...read.map(({ known }) => known.length))
  const equals = most === 0 ? [] : read.filter(({ known }) => known.length === most)
  if (equals.length < 2) return equals[0]
  const ranked = equals.map((trunk) => {
    const reader = readerOf(trunk.scheme)
    const heads = stripped.filter((name) => reader(name) !== undefined).length
    return { trunk, misfits: misfitsOf(stored, trunk), heads }
  })
  return ranked.toSorted((a, b) => a.misfits - b.misfits || b.heads - a.heads)[0]?.trunk
}

/** What networks call their classifier under our names. */
export const classifierLayers = /^(fc|head\.fc|classifier|classifier\.1)$/

function isTrunk(read: ReadName | undefined): boolean {
  return read !== undefined && !classifierLayers.test(read.layer)
}

/** What a scheme reads out of a name. */
export interface ReadName {
  readonly layer: string
  readonly suffix: Suffix
}

/** Reads names by a scheme; layers are looked up once. */
export function readerOf(scheme: NamingScheme): (name: string) => ReadName | undefined {
  const layers = new Map<string, string | undefined>()
  return (name) => {
    const parts = splitName(scheme, name)
    if (parts === undefined) return undefined
    if (!layers.has(parts.layer)) layers.set(parts.layer, translate(scheme.rules, parts.layer, 'theirs'))
    const layer = layers.get(parts.layer)
    return layer === undefined ? undefined : { layer, suffix: parts.suffix }
  }
}

/** A name as the layer's and the tensor's part. */
export function splitName(scheme: NamingScheme, name: string): ReadName | undefined {
  const plain = scheme.separator === '/' ? name.replace(/:0$/, '') : name
  const at = plain.lastIndexOf(scheme.separator)
  const suffix = at < 0 ? undefined : scheme.suffixes.get(plain.slice(at + 1))
  return suffix === undefined ? undefined : { layer: plain.slice(0, at), suffix }
}

/** Normalisations whose size is neither that of the convolution before them nor after, as the scheme's order has it. */
function misfitsOf(stored: Stored, { scheme, prefix, known }: Trunk): number {
  const reader = readerOf(scheme)
  const shapes = new Map<string, readonly number[]>()
  for (const name of known) {
    const read = reader(name.slice(prefix.length))
    const shape = stored.get(name)?.shape
    if (read?.suffix.ours === 'weight' && shape !== undefined)
      shapes.set(read.layer, shapeInOurs(read.suffix.layout, shape))
  }
  return [...shapes].filter(([layer, [size = 0]]) => !fits(layer, size, shapes)).length
}

function fits(layer: string, size: number, shapes: ReadonlyMap<string, readonly number[]>): boolean {
  const after = /^(layer\d+\.\d+\.)bn(\d)$/.exec(layer)
  if (after !== null) return (shapes.get(`${after[1]}conv${after[2]}`)?.[0] ?? size) === size
  const before = /^(stages\.\d+\.blocks\.\d+\.)norm(\d)$/.exec(layer)
  if (before !== null) return isShare(shapes.get(`${before[1]}conv${before[2]}`)?.[1], size)
  if (layer === 'stem.norm') return (shapes.get('stem.conv')?.[0] ?? size) === size
  if (layer === 'norm') return size === Math.max(...[...shapes.values()].map(([out = 0]) => out))
  return true
}

/** Grouped convolutions read a share of the channels. */
function isShare(part: number | undefined, size: number): boolean {
  return part === undefined || (part > 0 && size % part === 0)
}
