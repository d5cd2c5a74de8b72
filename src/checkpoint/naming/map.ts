/**
 * From a file's names to ours: where the trunk lies and whose names it has, which layers are its head, and what stands
 * beside both.
 */
import { CheckpointError } from '../../errors.ts'
import type { Checkpoint, StoredTensor } from '../checkpoint.ts'
import { type FoundHead, isOnMaps } from './head.ts'
import { nameHead } from './head-tensors.ts'
import { layersOf, type NamedTensor, namedTensor } from './named-tensor.ts'
import type { NamingScheme } from './scheme.ts'
import { nameStem } from './stem.ts'
import { explainStrange } from './strange.ts'
import { classifierLayers, readerOf, type Stored, splitName, type Trunk, trunksOf } from './trunks.ts'
import { weightsOf } from './weights.ts'

export type { NamedTensor } from './named-tensor.ts'

export interface NamedCheckpoint {
  readonly scheme: NamingScheme
  /** What was stripped from the front of the file's names. */
  readonly prefix: string
  readonly tensors: ReadonlyMap<string, NamedTensor>
  /** The head that was found; undefined where the file has none that makes classes. */
  readonly head?: FoundHead
  /** Tensors inside the trunk that the scheme has no name for, as the file calls them. */
  readonly unknown: readonly StoredTensor[]
  /** Whether layers that work on maps stand beside the trunk: heads of segmentation or detection. */
  readonly onMaps: boolean
  /** What a person should know: prefixes, heads, tensors passed over. */
  readonly notes: readonly string[]
}

/**
 * Puts a checkpoint's tensors under our names. Throws `CheckpointError` where the names are of no scheme, or where two
 * tensors come under one name.
 */
export function nameTensors(checkpoint: Checkpoint): NamedCheckpoint {
  const { stored, blurs, wrappers } = weightsOf(checkpoint)
  if (stored.size === 0)
    throw new CheckpointError(
      `${checkpoint.name}: holds no tensors of a network; name the file with its weights`,
    )
  const [trunk, ...others] = trunksOf(stored)
  if (trunk === undefined) throw new CheckpointError(explainStrange(checkpoint.name, stored))
  const sorted = sort(checkpoint.name, stored, trunk)
  const head = nameHead({ stored, trunk, others, ...sorted })
  const beside = sorted.beside.filter((name) => !head.used.has(name))
  return {
    scheme: trunk.scheme,
    prefix: trunk.prefix,
    tensors: new Map([...sorted.tensors, ...head.tensors]),
    ...(head.found === undefined ? {} : { head: head.found }),
    onMaps: beside.some((name) => isOnMaps(stored.get(name)?.shape) && !isUnder(name, others)),
    unknown: sorted.inside.flatMap((name) => stored.get(name) ?? []),
    notes: [
      ...prefixNotes(trunk.prefix, wrappers),
      ...otherNotes(trunk, others),
      ...head.notes,
      ...besideNotes(beside),
      ...blurNotes(blurs),
    ],
  }
}

function isUnder(name: string, trunks: readonly Trunk[]): boolean {
  return trunks.some(({ prefix }) => name.startsWith(prefix))
}

interface Sorted {
  readonly tensors: ReadonlyMap<string, NamedTensor>
  /** Layers that the scheme calls the classifier, as the file names them. */
  readonly usual: ReadonlySet<string>
  /** Names of tensors in the trunk that are no part of it. */
  readonly inside: readonly string[]
  /** Names of tensors beside the trunk. */
  readonly beside: readonly string[]
}

const blocks = /^(layer\d|stages\.\d|features\.)/

/** Sorts a file's tensors into the trunk's, those in its midst that it has no place for, and those beside it. */
function sort(file: string, stored: Stored, { scheme, prefix }: Trunk): Sorted {
  const reader = readerOf(scheme)
  const tensors = new Map<string, NamedTensor>()
  const usual = new Set<string>()
  const rest: string[] = []
  const roots = new Set<string>()
  const early: string[] = []
  for (const [name, tensor] of stored) {
    const own = name.startsWith(prefix) ? name.slice(prefix.length) : undefined
    const read = own === undefined ? undefined : reader(own)
    if (read === undefined || classifierLayers.test(read.layer)) {
      if (read !== undefined) usual.add(layerIn(scheme, name))
      rest.push(name)
      if (own !== undefined && roots.size === 0) early.push(name)
      continue
    }
    if (blocks.test(read.layer)) roots.add(rootOf(own ?? ''))
    add(file, tensors, namedTensor(`${read.layer}.${read.suffix.ours}`, read.suffix, tensor))
  }
  if (scheme.name === 'gluon-v2') for (const fixed of fixedInput) tensors.delete(fixed)
  const stem = stemOf(stored, scheme, tensors, early)
  for (const tensor of stem.values()) add(file, tensors, tensor)
  const isInside = (name: string) =>
    name.startsWith(prefix) &&
    (roots.has(rootOf(name.slice(prefix.length))) ||
      (early.includes(name) && isConvolution(stored.get(name))))
  const left = rest.filter((name) => !stem.has(name))
  return {
    tensors,
    usual,
    inside: left.filter((name) => isInside(name)),
    beside: left.filter((name) => !isInside(name)),
  }
}

/** Gluon's v2 stores a scale and a shift for the image and fixes them at 1 and 0. */
const fixedInput = ['input_norm.weight', 'input_norm.bias']

function rootOf(name: string): string {
  return name.split(/[./]/)[0] ?? name
}

function isConvolution(tensor: StoredTensor | undefined): boolean {
  return tensor !== undefined && tensor.shape.length === 4 && (tensor.shape[0] ?? 1) > 1
}

function layerIn(scheme: NamingScheme, name: string): string {
  return splitName(scheme, name)?.layer ?? name
}

function add(file: string, tensors: Map<string, NamedTensor>, tensor: NamedTensor): void {
  const before = tensors.get(tensor.name)
  if (before !== undefined) {
    throw new CheckpointError(
      `${file}: ${before.from} and ${tensor.from} both stand for ${tensor.name}; remove one of them`,
    )
  }
  tensors.set(tensor.name, tensor)
}

/** The stem's tensors by the file's names, where the scheme has no name for them. */
function stemOf(
  stored: Stored,
  scheme: NamingScheme,
  tensors: ReadonlyMap<string, NamedTensor>,
  early: readonly string[],
): ReadonlyMap<string, NamedTensor> {
  const known = [
    'conv1.weight',
    'conv1.0.weight',
    'stem.conv.weight',
    'stem.conv1.weight',
    'features.conv0.weight',
    'features.0.0.weight',
  ]
  if (known.some((name) => tensors.has(name))) return new Map()
  const layers = layersOf(stored, scheme, early)
  const isPreactivated = [...tensors.keys()].some((name) => name.startsWith('stages.'))
  const names = nameStem(layers, isPreactivated)
  return new Map(
    early.flatMap((name) => {
      const parts = splitName(scheme, name)
      const layer = parts === undefined ? undefined : names.get(parts.layer)
      const tensor = stored.get(name)
      if (parts === undefined || layer === undefined || tensor === undefined) return []
      return [[name, namedTensor(`${layer}.${parts.suffix.ours}`, parts.suffix, tensor)] as const]
    }),
  )
}

function prefixNotes(prefix: string, wrappers: readonly string[]): readonly string[] {
  return [...wrappers, ...(prefix === '' ? [] : [prefix])].map((part) => `stripped "${part}" from the names`)
}

function otherNotes({ prefix }: Trunk, others: readonly Trunk[]): readonly string[] {
  if (others.length === 0) return []
  const [one = '', ...more] = others.map((other) => `"${other.prefix}"`)
  const lie = more.length === 0 ? 'a second network lies' : `${others.length} more networks lie`
  return [`${lie} under ${[one, ...more].slice(0, 4).join(', ')}; the one under "${prefix}" is taken`]
}

/** What is passed over, by the part that it belongs to. */
function besideNotes(names: readonly string[]): readonly string[] {
  if (names.length === 0) return []
  const parts = new Map<string, number>()
  for (const name of names) {
    const part = name.split(/[./]/).slice(0, 2).join('.')
    parts.set(part, (parts.get(part) ?? 0) + 1)
  }
  const shown = [...parts].slice(0, 3).map(([part, count]) => (count === 1 ? part : `${part}.* (${count})`))
  const more = parts.size > 3 ? ', ...' : ''
  const are = names.length === 1 ? 'tensor beside the network is' : 'tensors beside the network are'
  return [`${names.length} ${are} passed over: ${shown.join(', ')}${more}`]
}

function blurNotes(blurs: readonly string[]): readonly string[] {
  if (blurs.length === 0) return []
  return [
    `${blurs.length} stored blur filters (${blurs[0]}, ...) are passed over: the architecture says which filter is used`,
  ]
}
