/**
 * Which of the tensors of a file are the network: under the key that a training script gave it, laid apart in several
 * dictionaries that belong together (parameters and buffers, trunk and head, one a module), or one of several networks,
 * of which the rest is named.
 */
import { CheckpointError } from '../../errors.ts'
import type { Holder, Leaf } from './holders.ts'
import { limits } from './limits.ts'

/** Keys under which training scripts keep a network, the likeliest first. */
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
  'student',
  'backbone',
  'encoder',
]

/** Networks that follow another one: taken only where it is not there. */
const follower =
  /(^|[_.\- ])(ema|ewa|swa|avg|averaged?|shadow|polyak|teacher|momentum|target|best)([_.\- ]|$)/i

/** Parts beside a network that are no part of what it answers. */
const beside =
  /optim|sched|scaler|loss|criterion|cent(er|re)|rng|random|queue|memory|grad|proj|predictor|discrim|decoder|neck|prototype/i

/** A candidate with less than this part of the largest one's weight is no network of its own. */
const minor = 0.25

export interface Network {
  /** The keys that lead to it. */
  readonly path: readonly string[]
  readonly tensors: ReadonlyMap<string, Leaf>
  /** The holder that it was taken from and those around it, innermost first. */
  readonly holders: readonly Holder[]
  /** Keys of what was joined with it. */
  readonly joined: readonly string[]
  /** Keys beside it that hold tensors too. */
  readonly others: readonly string[]
}

/** The network in a holder; undefined where none of its tensors has a name. Throws `CheckpointError` where there are too many. */
export function findNetwork(file: string, root: Holder): Network | undefined {
  const known = new Map<Holder, Network | undefined>()
  const find = (holder: Holder): Network | undefined => {
    if (!known.has(holder)) known.set(holder, choose(file, holder, find))
    return known.get(holder)
  }
  return find(root)
}

function choose(
  file: string,
  holder: Holder,
  find: (child: Holder) => Network | undefined,
): Network | undefined {
  if (isTree(holder)) return { ...alone(holder), tensors: flatten(file, holder) }
  const candidates: Candidate[] = []
  for (const [key, child] of holder.children) {
    const found = isPacked(key) ? undefined : find(child)
    if (found !== undefined) candidates.push({ key, found })
  }
  if (isNamed(holder.tensors)) candidates.unshift({ key: '', found: alone(holder) })
  const largest = Math.max(...candidates.map(({ found }) => weightOf(found.tensors)))
  candidates.sort(
    (a, b) => rank(a, largest) - rank(b, largest) || weightOf(b.found.tensors) - weightOf(a.found.tensors),
  )
  const [main, ...rest] = candidates
  if (main === undefined) return undefined
  const { path, holders } = main.found
  const around = main.key === '' ? holders : [...holders, holder]
  return { path: main.key === '' ? path : [main.key, ...path], holders: around, ...join(main, rest) }
}

interface Candidate {
  /** Empty for the tensors that lie directly in the holder. */
  readonly key: string
  readonly found: Network
}

function alone(holder: Holder): Network {
  return { path: [], tensors: holder.tensors, holders: [holder], joined: [], others: [] }
}

function rank({ key, found }: Candidate, largest: number): number {
  const known = key === '' ? -1 : wrappers.indexOf(key)
  const place = key !== '' && known < 0 ? wrappers.length : known
  return place + (follower.test(key) ? 100 : 0) + (weightOf(found.tensors) < minor * largest ? 1000 : 0)
}

/** Filters count more than anything: a network has them, what lies beside it seldom. */
function weightOf(tensors: ReadonlyMap<string, Leaf>): number {
  let weight = tensors.size
  for (const { shape } of tensors.values()) if (shape.length === 4) weight += 10
  return weight
}

function join(main: Candidate, rest: readonly Candidate[]): Pick<Network, 'tensors' | 'joined' | 'others'> {
  const tensors = new Map(main.found.tensors)
  const modules = new Set([...tensors.keys()].map(moduleOf))
  const joined: string[] = []
  const others: string[] = []
  for (const { key, found } of rest) {
    if (completes(found.tensors, tensors, modules)) {
      for (const [name, leaf] of found.tensors) tensors.set(name, leaf)
      if (key !== '') joined.push(key)
    } else if (isHead(key, found.tensors) && !hasHead(tensors)) {
      for (const [name, leaf] of found.tensors) tensors.set(key === '' ? name : `${key}.${name}`, leaf)
      if (key !== '') joined.push(key)
    } else {
      others.push(...(key === '' ? found.tensors.keys() : [key]))
    }
  }
  const { joined: inner, others: passed } = main.found
  return { tensors, joined: [...inner, ...joined], others: [...passed, ...others] }
}

/** Whether tensors belong into the same modules and are not there yet: buffers beside parameters. */
function completes(
  part: ReadonlyMap<string, Leaf>,
  tensors: ReadonlyMap<string, Leaf>,
  modules: ReadonlySet<string>,
): boolean {
  const names = [...part.keys()]
  const fitting = names.filter((name) => name.includes('.') && modules.has(moduleOf(name)))
  return 2 * fitting.length > names.length && !names.some((name) => tensors.has(name))
}

/** A few tensors, a matrix among them and no filter wider than a pixel. */
function isHead(key: string, tensors: ReadonlyMap<string, Leaf>): boolean {
  const shapes = [...tensors.values()].map(({ shape }) => shape)
  const filters = shapes.filter((shape) => shape.length === 4 && (shape[2] !== 1 || shape[3] !== 1))
  const matrix = shapes.some((shape) => shape.length === 2)
  return matrix && filters.length === 0 && tensors.size <= 24 && !beside.test(key) && !follower.test(key)
}

/** Whether a network ends in a matrix already; those inside its blocks are attention. */
function hasHead(tensors: ReadonlyMap<string, Leaf>): boolean {
  return [...tensors].some(
    ([name, { shape }]) => shape.length === 2 && !/(^|\.)(layer|stage|block|features)s?_?\.?\d/.test(name),
  )
}

/** A dictionary of modules: among its holders are some whose tensors are called `weight`, `bias`, `running_mean`... */
function isTree({ children, tensors, count }: Holder): boolean {
  if (tensors.size > 0) return false
  let leaves = 0
  for (const [key, child] of children) {
    // One flat dictionary of nearly everything is the network, and the others lie beside it.
    if (child.tensors.size > 0.8 * count) return false
    const names = [...child.tensors.keys()]
    if (!/^\d+$/.test(key) && names.length > 0 && names.every((name) => leafNames.has(name))) leaves++
  }
  return leaves > 1
}

const leafNames: ReadonlySet<string> = new Set([
  'weight',
  'bias',
  'running_mean',
  'running_var',
  'num_batches_tracked',
  'kernel',
  'scale',
  'gamma',
  'beta',
  'mean',
  'var',
  'moving_mean',
  'moving_variance',
])

/** All tensors below a holder, names joined by dots. */
function flatten(file: string, holder: Holder): Map<string, Leaf> {
  const tensors = new Map<string, Leaf>()
  const visit = (inner: Holder, prefix: string) => {
    for (const [name, leaf] of inner.tensors) tensors.set(prefix + name, leaf)
    if (tensors.size > limits.tensors) {
      throw new CheckpointError(`${file}: holds more than ${limits.tensors} tensors`)
    }
    for (const [key, child] of inner.children) {
      if (!follower.test(key)) visit(child, `${prefix}${key}.`)
    }
  }
  visit(holder, '')
  return tensors
}

/** Lists number their tensors, which says nothing of what they are. */
function isNamed(tensors: ReadonlyMap<string, Leaf>): boolean {
  return [...tensors.keys()].some((name) => !/^[\d.]*$/.test(name))
}

/** The weight and bias of a quantised layer, as a pair. */
export function isPacked(key: string): boolean {
  return /(^|\.)_packed_params$/.test(key)
}

function moduleOf(name: string): string {
  return name.slice(0, Math.max(name.lastIndexOf('.'), 0))
}
