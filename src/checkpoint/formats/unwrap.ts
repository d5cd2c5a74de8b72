/**
 * The state dictionary in what a PyTorch file holds, with what lies around it: which tensors are the network is for
 * `networks.ts` to say, here is what a person and the reader of labels learn of the rest.
 */
import { CheckpointError } from '../../errors.ts'
import type { PlainValue } from '../checkpoint.ts'
import { type Holder, holderOf, type Leaf, tensorKey } from './holders.ts'
import { limits } from './limits.ts'
import { checkTensorName, quote } from './names.ts'
import { findNetwork, isPacked, type Network } from './networks.ts'
import { isKind } from './pickle-machine.ts'
import { describeValue, type PickleValue } from './pickle-values.ts'
import { PlainReader } from './plain-values.ts'

export interface StateDict {
  readonly tensors: ReadonlyMap<string, Leaf>
  readonly extras: ReadonlyMap<string, PlainValue>
  readonly notes: readonly string[]
}

/** The tensors to read, by the names of the file. Throws `CheckpointError` where there are none. */
export function findStateDict(file: string, root: PickleValue): StateDict {
  const holder = holderOf(file, root)
  const network = holder === undefined ? undefined : findNetwork(file, holder)
  if (network === undefined) {
    const unnamed = holder === undefined ? '' : ` with ${holder.count} tensors without names`
    throw new CheckpointError(
      `${file}: holds no tensors by name, but ${outline(root)}${unnamed}; expected a state dictionary, bare or under a key such as state_dict`,
    )
  }
  const [inner] = network.holders
  const tensors = new Map<string, Leaf>()
  for (const [name, leaf] of network.tensors) tensors.set(checkTensorName(file, name), leaf)
  const skipped: string[] = []
  for (const [key, value] of inner?.rest ?? []) skipped.push(skip(file, key, value))
  for (const [key, child] of inner?.children ?? []) {
    if (isPacked(key)) unpack(file, key, child, tensors)
  }
  checkFloat(file, tensors)
  if (tensors.size > limits.tensors) {
    throw new CheckpointError(`${file}: holds ${tensors.size} tensors; at most ${limits.tensors} are read`)
  }
  return {
    tensors,
    extras: extrasOf(network),
    notes: [...notesOf({ ...network, tensors }), ...list(skipped)],
  }
}

/** Quantised filters belong to a network that computes in whole numbers, its normalisation folded away. */
function checkFloat(file: string, tensors: ReadonlyMap<string, Leaf>): void {
  for (const [name, leaf] of tensors) {
    if (leaf.kind === 'tensor' && leaf.scaling !== undefined && leaf.shape.length === 4) {
      throw new CheckpointError(
        `${file}: is a statically quantised network (${name} is of ${leaf.typeName}); take the checkpoint from before quantisation`,
      )
    }
  }
}

function notesOf({ path, joined, others, holders: [inner], tensors }: Network): string[] {
  const notes: string[] = []
  if (path.length > 0) notes.push(`the tensors are those under ${path.map(shown).join(' / ')}`)
  if (joined.length > 0)
    notes.push(
      `${joined.map(shown).join(', ')} beside them ${joined.length === 1 ? 'was' : 'were'} read as parts of one network`,
    )
  if (others.length > 0) {
    const more = others.length > 5 ? ` and ${others.length - 5} more` : ''
    const names = others.slice(0, 5).map(shown).join(', ')
    notes.push(`${names}${more} also ${others.length === 1 ? 'holds' : 'hold'} tensors, not opened`)
  }
  if (inner?.module === true) notes.push(`the network was pickled whole, as ${describeValue(inner.value)}`)
  const quantised = [...tensors.values()].filter(
    (leaf) => leaf.kind === 'tensor' && leaf.scaling !== undefined,
  )
  if (quantised.length > 0) notes.push(`quantised tensors were widened: ${quantised.length}`)
  if ([...tensors.values()].every(({ kind }) => kind === 'array'))
    notes.push('its tensors are arrays of NumPy')
  return notes
}

function list(skipped: readonly string[]): string[] {
  if (skipped.length === 0) return []
  const more = skipped.length > 5 ? ` and ${skipped.length - 5} more` : ''
  return [`passed over, as they are not tensors: ${skipped.slice(0, 5).join(', ')}${more}`]
}

/** Plain data in the holders from the network outwards; the nearer goes first. */
function extrasOf({ holders, path }: Network): Map<string, PlainValue> {
  const extras = new Map<string, PlainValue>()
  const reader = new PlainReader()
  const add = (key: PickleValue, value: PickleValue) => {
    // An optimiser's settings are of no use here, and long.
    if (typeof key !== 'string' || key.length > limits.plainText || extras.has(key) || /optim/i.test(key))
      return
    const plain = reader.read(value)
    if (plain !== undefined) extras.set(key, plain)
  }
  for (const holder of holders) {
    for (const [key, value] of holder.module ? attributesOf(holder) : holder.rest) add(key, value)
    for (const [key, child] of holder.children) {
      if (!path.includes(key)) add(key, child.value)
    }
  }
  return extras
}

/** A module's attributes apart from its machinery. */
function attributesOf({ value }: Holder): (readonly [PickleValue, PickleValue])[] {
  const state = isKind(value, 'inert') && isKind(value.state, 'dict') ? value.state.entries : new Map()
  return [...state].filter(([key]) => typeof key === 'string' && !key.startsWith('_') && key !== 'training')
}

/** The weight and the bias of a dynamically quantised layer lie in a pair. */
function unpack(file: string, key: string, pair: Holder, tensors: Map<string, Leaf>): void {
  const items = isKind(pair.value, 'tuple') ? pair.value.items : []
  const layer = key.replace(/_packed_params\._packed_params$/, '')
  for (const [i, name] of ['weight', 'bias'].entries()) {
    const item = items[i]
    if (isKind(item, 'tensor')) tensors.set(checkTensorName(file, layer + name), item)
    else if (isKind(item, 'inert')) skip(file, layer + name, item)
  }
}

const tensorMaker = /_rebuild_|from_numpy/

/** What makes a tensor in a way that is not read, and what to do. */
const makers: readonly (readonly [RegExp, string])[] = [
  [/sparse/, 'it is sparse; call to_dense() on it'],
  [
    /DTensor|sharded_tensor|distributed/,
    'it is a part of a tensor that lies on several machines; gather the full state dictionary first',
  ],
  [/meta_tensor|fake/i, 'it has no values (device meta)'],
  [/nested_tensor/, 'it is a nested tensor'],
  [/_rebuild_qtensor/, 'it is quantised by channel; call dequantize() on it'],
  [/_reconstruct|ndarray/, 'its NumPy array is not one of plain numbers'],
]

/** A line about an entry that is no tensor; refuses one that should be. */
function skip(file: string, key: PickleValue, value: PickleValue): string {
  const name = typeof key === 'string' ? shown(key) : describeValue(key)
  const needed = typeof key === 'string' && tensorKey.test(key)
  if (isKind(value, 'inert') && (needed || tensorMaker.test(value.name))) {
    const reason = makers.find(([pattern]) => pattern.test(value.name))?.[1]
    throw new CheckpointError(
      `${file}: ${name} should be a tensor, but it is made by ${shown(value.name)} in a way that is not read${reason === undefined ? '' : ` (${reason})`}; save the state dictionary again with plain tensors`,
    )
  }
  return `${name} (${isKind(value, 'inert') ? shown(value.name) : describeValue(value)})`
}

function outline(root: PickleValue): string {
  if (!isKind(root, 'dict')) return describeValue(root)
  const keys = [...root.entries.keys()]
    .slice(0, 8)
    .map((key) => (typeof key === 'string' ? shown(key) : '...'))
  return keys.length === 0 ? 'an empty dictionary' : `a dictionary of ${keys.join(', ')}`
}

/** A name from the file: as it is where it prints, quoted where it does not. */
export function shown(name: string): string {
  return /^[\w.\-/:+]{1,80}$/.test(name) ? name : quote(name)
}
