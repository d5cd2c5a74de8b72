/**
 * Finds the state dictionary in what a PyTorch file holds: a dictionary of tensors, bare or under the key that a training
 * script gave it, or a module that was pickled whole.
 */
import { CheckpointError } from '../../errors.ts'
import type { PlainValue } from '../checkpoint.ts'
import { extrasOf } from './extras.ts'
import { limits } from './limits.ts'
import { moduleTensors } from './module-tensors.ts'
import { checkTensorName, quote } from './names.ts'
import { isKind } from './pickle-machine.ts'
import {
  describeValue,
  type PickleDict,
  type PickleInert,
  type PickleTensor,
  type PickleValue,
} from './pickle-values.ts'

export interface StateDict {
  readonly tensors: ReadonlyMap<string, PickleTensor>
  /** Plain values around the dictionary, and in it between the tensors. */
  readonly extras: ReadonlyMap<string, PlainValue>
  readonly notes: readonly string[]
}

/** Keys under which training scripts keep a network, the likeliest first; averages only where nothing else is there. */
const wrappers: readonly string[] = [
  'state_dict',
  'model_state_dict',
  'model_state',
  'model',
  'net',
  'network',
  'module',
  'params',
  'weights',
  'state_dict_ema',
  'model_ema',
  'params_ema',
  'ema_state_dict',
  'ema',
  'student',
  'teacher',
  'backbone',
  'encoder',
]

/** How many wrappers may lie around each other. */
const deepest = 4

interface Found {
  readonly path: readonly string[]
  readonly value: PickleValue
  /** Keys beside the chosen one that hold tensors too. */
  readonly others: readonly string[]
}

/** The tensors to read, by the names of the file. Throws `CheckpointError` where there are none. */
export function findStateDict(file: string, root: PickleValue): StateDict {
  const found = new Search().run(root, [])
  if (found === undefined) {
    throw new CheckpointError(
      `${file}: holds no tensors by name, but ${outline(root)}; expected a state dictionary, bare or under a key such as state_dict`,
    )
  }
  const notes: string[] = []
  if (found.path.length > 0) notes.push(`the tensors are those under ${found.path.map(shown).join(' / ')}`)
  if (found.others.length > 0) {
    const more = found.others.length > 5 ? ` and ${found.others.length - 5} more` : ''
    const names = found.others.slice(0, 5).map(shown).join(', ')
    notes.push(`${names}${more} also ${found.others.length === 1 ? 'holds' : 'hold'} tensors, not opened`)
  }
  const tensors = new Map<string, PickleTensor>()
  const skipped: string[] = []
  const module = moduleTensors(file, found.value)
  if (module !== undefined) notes.push(`the network was pickled whole, as ${describeValue(found.value)}`)
  const entries = module ?? (isKind(found.value, 'dict') ? found.value.entries : new Map())
  for (const [key, value] of entries) {
    if (typeof key === 'string' && isKind(value, 'tensor')) tensors.set(checkTensorName(file, key), value)
    else skipped.push(skip(file, key, value))
  }
  if (tensors.size > limits.tensors) {
    throw new CheckpointError(`${file}: holds ${tensors.size} tensors; at most ${limits.tensors} are read`)
  }
  if (skipped.length > 0) {
    const more = skipped.length > 5 ? ` and ${skipped.length - 5} more` : ''
    notes.push(`passed over, as they are not tensors: ${skipped.slice(0, 5).join(', ')}${more}`)
  }
  return { tensors, extras: extrasOf(dictionariesOn(root, found)), notes }
}

/** The dictionaries from the outermost to the one with the tensors, or the attributes of a module. */
function dictionariesOn(root: PickleValue, { path, value }: Found): readonly PickleDict[] {
  const around: PickleValue[] = []
  let at: PickleValue | undefined = root
  for (const key of path) {
    if (isKind(at, 'dict')) {
      around.push(at)
      at = at.entries.get(key)
    }
  }
  const inner = isKind(value, 'inert') ? value.state : value
  return [...around, inner].filter((each) => isKind(each, 'dict'))
}

/**
 * Looks into each value once, however often the pickle repeats it: a dictionary may hold itself, or one large value
 * under a hundred thousand keys.
 */
class Search {
  readonly #holders = new Map<PickleDict | PickleInert, boolean>()
  readonly #opened = new Set<PickleDict>()

  run(value: PickleValue, path: readonly string[]): Found | undefined {
    if (this.holdsTensors(value)) return { path, value, others: [] }
    if (!isKind(value, 'dict') || path.length >= deepest || this.#opened.has(value)) return undefined
    this.#opened.add(value)
    const keys = [...wrappers, ...this.#otherKeys(value)]
    for (const key of keys) {
      const child = value.entries.get(key)
      const found = child === undefined ? undefined : this.run(child, [...path, key])
      if (found === undefined) continue
      const others = keys.filter((other) => other !== key && this.holdsTensors(value.entries.get(other)))
      return { ...found, others: [...found.others, ...others] }
    }
    return undefined
  }

  /** Keys that are no known wrapper but hold tensors themselves, most tensors first. */
  #otherKeys(dict: PickleDict): string[] {
    const keys: [string, number][] = []
    for (const [key, value] of dict.entries) {
      if (typeof key !== 'string' || wrappers.includes(key) || !this.holdsTensors(value)) continue
      keys.push([key, isKind(value, 'dict') ? value.entries.size : 0])
    }
    return keys.sort((a, b) => b[1] - a[1]).map(([key]) => key)
  }

  holdsTensors(value: PickleValue | undefined): boolean {
    if (!isKind(value, 'dict') && !isKind(value, 'inert')) return false
    const known =
      this.#holders.get(value) ?? (isKind(value, 'dict') ? isMostlyTensors(value) : isModule(value))
    this.#holders.set(value, known)
    return known
  }
}

function isMostlyTensors(dict: PickleDict): boolean {
  let tensors = 0
  for (const [key, entry] of dict.entries) if (typeof key === 'string' && isKind(entry, 'tensor')) tensors++
  return tensors > 0 && 2 * tensors >= dict.entries.size
}

function isModule({ state }: PickleInert): boolean {
  return isKind(state, 'dict') && state.entries.has('_modules')
}

const tensorKey = /(^|\.)(weight|bias|running_mean|running_var|gamma|beta|kernel)$/
const tensorMaker = /_rebuild_|\._reconstruct$|ndarray|from_numpy/

/** A line about an entry that is no tensor; refuses one that should be. */
function skip(file: string, key: PickleValue, value: PickleValue): string {
  const name = typeof key === 'string' ? shown(key) : describeValue(key)
  const needed = typeof key === 'string' && tensorKey.test(key)
  if (isKind(value, 'inert') && (needed || tensorMaker.test(value.name))) {
    throw new CheckpointError(
      `${file}: ${name} should be a tensor, but it is made by ${shown(value.name)} in a way that is not read; save the state dictionary again with plain tensors`,
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
