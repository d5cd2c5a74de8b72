/**
 * From a file's names to ours: which scheme and which prefix explain most of its names, what is no parameter at all, and
 * what stays unexplained.
 */
import { CheckpointError } from '../../errors.ts'
import type { Checkpoint, StoredTensor } from '../checkpoint.ts'
import { shapeInOurs, valuesInOurs } from './layout.ts'
import { type NamingScheme, namingSchemes } from './schemes.ts'
import { translate } from './template.ts'

/** A tensor under our name and in our layout. */
export interface NamedTensor {
  readonly name: string
  /** What the file calls it. */
  readonly from: string
  readonly shape: readonly number[]
  read(): Promise<Float32Array>
}

export interface NamedCheckpoint {
  readonly scheme: NamingScheme
  /** What was stripped from the front of the file's names. */
  readonly prefix: string
  readonly tensors: ReadonlyMap<string, NamedTensor>
  /** Tensors whose names the scheme does not know, as the file calls them. */
  readonly unknown: readonly StoredTensor[]
  /** What a person should know: prefixes, tensors set aside. */
  readonly notes: readonly string[]
}

/** Wrappers put these in front of every name: DataParallel, torch.compile, Lightning, self-supervised training. */
const wrappers = [
  'module.',
  '_orig_mod.',
  'model.',
  'net.',
  'network.',
  'backbone.',
  'encoder.',
  'encoder_q.',
  'timm_model.',
]
const wrapperDepth = 4

/** Counters and fixed filters, which are no weights of a network that is only run. */
const counters = /(^|\.)(num_batches_tracked|n_averaged)$/
const filters = /(^|\.)filt$/

/**
 * Puts a checkpoint's tensors under our names. Throws `CheckpointError` where the names are of no scheme, or where two
 * tensors come under one name.
 */
export function nameTensors(checkpoint: Checkpoint): NamedCheckpoint {
  const names = [...checkpoint.tensors.keys()].filter((name) => !isNoWeight(name))
  if (names.length === 0)
    throw new CheckpointError(
      `${checkpoint.name}: holds no tensors of a network; name the file with its weights`,
    )
  const reading = bestReading(names)
  if (reading === undefined) {
    const some = names.slice(0, 3).join(', ')
    const sources = [...new Set(namingSchemes.map(({ description }) => description))].join(', ')
    throw new CheckpointError(
      `${checkpoint.name}: none of its ${checkpoint.tensors.size} tensors (${some}, ...) has a name of a known residual network; names are read of ${sources}`,
    )
  }
  return apply(checkpoint, reading)
}

interface Reading {
  readonly scheme: NamingScheme
  readonly prefix: string
}

/** The scheme and prefix that know most names; the shorter prefix and the earlier scheme where several know as many. */
function bestReading(names: readonly string[]): Reading | undefined {
  let best: Reading | undefined
  let most = 0
  for (const prefix of prefixesOf(names)) {
    const stripped = names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length))
    for (const scheme of namingSchemes) {
      const known = countKnown(scheme, stripped)
      if (known > most) {
        most = known
        best = { scheme, prefix }
      }
    }
  }
  return best
}

function countKnown(scheme: NamingScheme, names: readonly string[]): number {
  const layers = new Map<string, boolean>()
  let known = 0
  for (const name of names) {
    const parts = splitName(scheme, name)
    if (parts === undefined) continue
    const found = layers.get(parts.layer) ?? translate(scheme.rules, parts.layer, 'theirs') !== undefined
    layers.set(parts.layer, found)
    if (found) known++
  }
  return known
}

function splitName(scheme: NamingScheme, name: string) {
  const plain = scheme.separator === '/' ? name.replace(/:0$/, '') : name
  const at = plain.lastIndexOf(scheme.separator)
  const suffix = at < 0 ? undefined : scheme.suffixes.get(plain.slice(at + 1))
  return suffix === undefined ? undefined : { layer: plain.slice(0, at), suffix }
}

/** Nothing, wrappers upon wrappers, and whatever all names have in common. */
function prefixesOf(names: readonly string[]): readonly string[] {
  const found = ['']
  let last = ['']
  for (let depth = 0; depth < wrapperDepth; depth++) {
    last = last.flatMap((prefix) =>
      wrappers.map((wrapper) => prefix + wrapper).filter((longer) => isCommon(longer, names)),
    )
    found.push(...last)
  }
  const common = commonPrefix(names)
  if (!found.includes(common)) found.push(common)
  return found
}

/** Momentum encoders stand beside the network itself, so a wrapper may be on fewer than all names. */
function isCommon(prefix: string, names: readonly string[]): boolean {
  return 3 * names.filter((name) => name.startsWith(prefix)).length > names.length
}

/** The longest start that all names share, up to a separator. */
function commonPrefix(names: readonly string[]): string {
  let common = names[0] ?? ''
  for (const name of names) {
    while (!name.startsWith(common)) common = common.slice(0, -1)
  }
  return common.slice(0, Math.max(common.lastIndexOf('.'), common.lastIndexOf('/')) + 1)
}

function isNoWeight(name: string): boolean {
  return counters.test(name) || filters.test(name)
}

function apply(checkpoint: Checkpoint, { scheme, prefix }: Reading): NamedCheckpoint {
  const tensors = new Map<string, NamedTensor>()
  const unknown: StoredTensor[] = []
  const outside: string[] = []
  const blurs: string[] = []
  for (const [from, stored] of checkpoint.tensors) {
    if (filters.test(from)) blurs.push(from)
    if (isNoWeight(from)) continue
    if (!from.startsWith(prefix)) {
      outside.push(from)
      continue
    }
    const tensor = namedTensor(scheme, from.slice(prefix.length), stored)
    if (tensor === undefined) {
      unknown.push(stored)
      continue
    }
    const before = tensors.get(tensor.name)
    if (before !== undefined) {
      throw new CheckpointError(
        `${checkpoint.name}: ${before.from} and ${from} both stand for ${tensor.name}; remove one of them`,
      )
    }
    tensors.set(tensor.name, tensor)
  }
  const notes = [...prefixNotes(prefix, outside), ...blurNotes(blurs)]
  return withoutFixedInput({ scheme, prefix, tensors, unknown, notes })
}

function namedTensor(scheme: NamingScheme, name: string, stored: StoredTensor): NamedTensor | undefined {
  const parts = splitName(scheme, name)
  if (parts === undefined) return undefined
  const layer = translate(scheme.rules, parts.layer, 'theirs')
  if (layer === undefined) return undefined
  const { ours, layout } = parts.suffix
  return {
    name: `${layer}.${ours}`,
    from: stored.name,
    shape: shapeInOurs(layout, stored.shape),
    read: async () => valuesInOurs(layout, stored.shape, await stored.read()),
  }
}

function prefixNotes(prefix: string, outside: readonly string[]): readonly string[] {
  if (prefix === '') return []
  const aside =
    outside.length === 0
      ? ''
      : `; ${outside.length} tensors without it are set aside (${outside.slice(0, 3).join(', ')}${outside.length > 3 ? ', ...' : ''})`
  return [`stripped "${prefix}" from the names${aside}`]
}

function blurNotes(blurs: readonly string[]): readonly string[] {
  if (blurs.length === 0) return []
  return [
    `${blurs.length} stored blur filters (${blurs[0]}, ...) are passed over: the architecture says which filter is used`,
  ]
}

/** Gluon's v2 stores a scale and a shift for the image and fixes them at 1 and 0. */
function withoutFixedInput(named: NamedCheckpoint): NamedCheckpoint {
  if (named.scheme.name !== 'gluon-v2') return named
  const tensors = new Map(named.tensors)
  tensors.delete('input_norm.weight')
  tensors.delete('input_norm.bias')
  return { ...named, tensors }
}
