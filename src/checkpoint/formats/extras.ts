/** What a pickle holds beside its tensors, as plain data: class names, settings, numbers of epochs. */
import type { PlainValue } from '../checkpoint.ts'
import { limits } from './limits.ts'
import { isKind } from './pickle-machine.ts'
import type { PickleDict, PickleValue } from './pickle-values.ts'

/**
 * The entries of dictionaries that are plain data: texts, numbers, lists and dictionaries of them, and the attributes of
 * objects that stayed inert (a `Namespace` of arguments). Tensors and what holds only them are left out; of equal keys
 * the first dictionary's stays. A pickle may say one value many times: each is made once.
 */
export function extrasOf(dictionaries: readonly PickleDict[]): ReadonlyMap<string, PlainValue> {
  const converter = new Converter(dictionaries)
  const extras = new Map<string, PlainValue>()
  for (const { entries } of dictionaries) {
    for (const [key, value] of entries) {
      const plain = typeof key === 'string' && !extras.has(key) ? converter.plain(value, 0) : undefined
      if (typeof key === 'string' && plain !== undefined) extras.set(key, plain)
    }
  }
  return extras
}

class Converter {
  /** Values that are made, and, as undefined, those that are being made: a dictionary may hold itself. */
  readonly #made: Map<object, PlainValue | undefined>

  constructor(leftOut: readonly PickleDict[]) {
    this.#made = new Map(leftOut.map((each) => [each, undefined]))
  }

  plain(value: PickleValue, depth: number): PlainValue | undefined {
    if (typeof value === 'bigint') return Number(value)
    if (value === null || typeof value !== 'object') return value
    if (value instanceof Uint8Array || depth > limits.depth) return undefined
    if (this.#made.has(value)) return this.#made.get(value)
    this.#made.set(value, undefined)
    const made = this.#make(value, depth + 1)
    this.#made.set(value, made)
    return made
  }

  #make(value: Exclude<PickleValue & object, Uint8Array>, depth: number): PlainValue | undefined {
    switch (value.kind) {
      case 'list':
      case 'tuple':
        return this.#list(value.items, depth)
      case 'dict':
        return this.#map(value, depth)
      case 'inert':
        return isKind(value.state, 'dict') ? this.#map(value.state, depth) : undefined
      default:
        return undefined
    }
  }

  /** A list in which something is no plain data is none: places would shift. */
  #list(items: readonly PickleValue[], depth: number): PlainValue | undefined {
    const plain = items.map((item) => this.plain(item, depth))
    const known = plain.filter((item) => item !== undefined)
    return known.length === plain.length ? known : undefined
  }

  #map({ entries }: PickleDict, depth: number): PlainValue | undefined {
    const map = new Map<string, PlainValue>()
    for (const [key, value] of entries) {
      const plain =
        typeof key === 'string' || typeof key === 'number' || typeof key === 'bigint'
          ? this.plain(value, depth)
          : undefined
      if (plain !== undefined) map.set(String(key), plain)
    }
    return map.size === 0 ? undefined : map
  }
}
