/**
 * What a pickle holds as a tree of holders: dictionaries, lists, tuples and objects, each with the tensors that lie
 * directly in it and the holders further down. Each value is looked into once, however often the pickle repeats it.
 */
import { limits } from './limits.ts'
import { moduleTensors } from './module-tensors.ts'
import { type NumpyArray, numpyArray } from './numpy.ts'
import { isKind } from './pickle-machine.ts'
import type { PickleInert, PickleTensor, PickleValue } from './pickle-values.ts'

export type Leaf = PickleTensor | NumpyArray

export interface Holder {
  readonly value: PickleValue
  readonly tensors: ReadonlyMap<string, Leaf>
  readonly children: ReadonlyMap<string, Holder>
  /** Entries that are neither: plain data, and things that may be mistaken for tensors. */
  readonly rest: readonly (readonly [PickleValue, PickleValue])[]
  /** Tensors in it and further down, also those without a name. */
  readonly count: number
  /** A network that was pickled whole. */
  readonly module: boolean
}

/** Levels of wrappers and nested modules that are looked into. */
const deepest = 16

/**
 * The holder that the pickle's value is; undefined where no tensor lies in it. In a file that has no tensors of PyTorch
 * arrays of NumPy are the tensors.
 */
export function holderOf(file: string, root: PickleValue): Holder | undefined {
  const plain = new Builder(file, false)
  const holder = plain.look(root, 0)
  return holder === undefined && plain.sawArrays ? new Builder(file, true).look(root, 0) : holder
}

class Builder {
  readonly #file: string
  readonly #takesArrays: boolean
  sawArrays = false
  /** Undefined while a value is being looked into, and for those without tensors. */
  readonly #seen = new Map<PickleValue, Holder | undefined>()

  constructor(file: string, takesArrays: boolean) {
    this.#file = file
    this.#takesArrays = takesArrays
  }

  look(value: PickleValue, depth: number): Holder | undefined {
    if (depth > deepest || typeof value !== 'object' || value === null) return undefined
    if (this.#seen.has(value)) return this.#seen.get(value)
    this.#seen.set(value, undefined)
    const modules = isModule(value) ? moduleTensors(this.#file, value) : undefined
    const entries = modules ?? entriesOf(value)
    const holder = entries === undefined ? undefined : this.#hold(value, [...entries], depth)
    const whole = holder && modules !== undefined ? { ...holder, module: true } : holder
    this.#seen.set(value, whole)
    return whole
  }

  #hold(
    value: PickleValue,
    entries: readonly (readonly [PickleValue, PickleValue])[],
    depth: number,
  ): Holder | undefined {
    const tensors = new Map<string, Leaf>()
    const children = new Map<string, Holder>()
    const rest: (readonly [PickleValue, PickleValue])[] = []
    let count = 0
    for (const [key, entry] of entries) {
      const name = typeof key === 'string' ? key : typeof key === 'number' ? String(key) : undefined
      const leaf = name === undefined ? undefined : this.#leaf(name, entry)
      const child = name === undefined || leaf !== undefined ? undefined : this.look(entry, depth + 1)
      if (name !== undefined && leaf !== undefined && typeof key === 'string') tensors.set(name, leaf)
      else if (name !== undefined && child !== undefined) children.set(name, child)
      else rest.push([key, entry])
      count += leaf === undefined ? (child?.count ?? 0) : 1
    }
    return count === 0 ? undefined : { value, tensors, children, rest, count, module: false }
  }

  #leaf(name: string, value: PickleValue): Leaf | undefined {
    if (isKind(value, 'tensor')) return value
    const array = numpyArray(value)
    if (array?.type === undefined || array.shape.length === 0) return undefined
    this.sawArrays = true
    return this.#takesArrays || tensorKey.test(name) ? array : undefined
  }
}

/** Names that only tensors have. */
export const tensorKey = /(^|\.)(weight|bias|running_mean|running_var|gamma|beta|kernel)$/

function isModule(value: PickleValue): value is PickleInert {
  return isKind(value, 'inert') && isKind(value.state, 'dict') && value.state.entries.has('_modules')
}

/** An optimiser's state: tensors by number, no network's. */
function isOptimiser(entries: ReadonlyMap<PickleValue, PickleValue>): boolean {
  return entries.has('state') && entries.has('param_groups')
}

function entriesOf(value: PickleValue): Iterable<readonly [PickleValue, PickleValue]> | undefined {
  if (isKind(value, 'dict')) return isOptimiser(value.entries) ? undefined : value.entries
  if (isKind(value, 'inert')) {
    if (value.entries !== undefined) return value.entries
    return isKind(value.state, 'dict') ? value.state.entries : undefined
  }
  if (!isKind(value, 'list') && !isKind(value, 'tuple')) return undefined
  if (value.items.length === 0 || value.items.length > limits.tensors) return undefined
  return pairsOf(value.items) ?? value.items.map((item, i) => [i, item] as const)
}

/** `[('conv1.weight', tensor), ...]`, as `list(model.named_parameters())` gives it. */
function pairsOf(items: readonly PickleValue[]): (readonly [string, PickleValue])[] | undefined {
  const pairs = items.flatMap((item) => {
    const pair = isKind(item, 'tuple') || isKind(item, 'list') ? item.items : []
    const [name, value] = pair
    return pair.length === 2 && typeof name === 'string' && value !== undefined
      ? [[name, value] as const]
      : []
  })
  return pairs.length === items.length ? pairs : undefined
}
