/**
 * What lies around a network in a pickle as plain data: numbers, texts, lists, dictionaries, attributes of settings, small
 * arrays of NumPy. Tensors, functions and whatever else is not plain is left out.
 */
import type { PlainValue } from '../checkpoint.ts'
import { itemSizes, widen } from './dtypes.ts'
import { limits } from './limits.ts'
import { type NumpyArray, numpyArray } from './numpy.ts'
import { isKind } from './pickle-machine.ts'
import type { PickleInert, PickleValue } from './pickle-values.ts'

/** Turns values into plain ones; the values that one reader gives, all calls together, are bounded. */
export class PlainReader {
  #left: number = limits.plainValues

  /** Undefined where nothing of the value is plain, or there is too much of it. */
  read(value: PickleValue, depth = 0): PlainValue | undefined {
    if (--this.#left < 0 || depth > limits.plainDepth) return undefined
    if (value === null || typeof value === 'boolean' || typeof value === 'number') return value
    if (typeof value === 'bigint') return Number(value)
    if (typeof value === 'string') return value.length <= limits.plainText ? value : undefined
    if (value instanceof Uint8Array) return undefined
    switch (value.kind) {
      case 'list':
      case 'tuple':
        return this.#list(value.items, depth)
      case 'dict':
        return this.#entries(value.entries, depth)
      case 'inert':
        return this.#object(value, depth)
      default:
        return undefined
    }
  }

  /** A list with something else than plain values in it is none: its places would shift. */
  #list(items: readonly PickleValue[], depth: number): PlainValue | undefined {
    const plain: PlainValue[] = []
    for (const item of items) {
      const value = this.read(item, depth + 1)
      if (value === undefined) return undefined
      plain.push(value)
    }
    return plain
  }

  #entries(entries: ReadonlyMap<PickleValue, PickleValue>, depth: number): PlainValue | undefined {
    const plain = new Map<string, PlainValue>()
    for (const [key, entry] of entries) {
      const name = typeof key === 'string' || typeof key === 'number' ? String(key) : this.#scalarName(key)
      const value = name === undefined ? undefined : this.read(entry, depth + 1)
      if (name !== undefined && name.length <= limits.plainText && value !== undefined) plain.set(name, value)
      if (this.#left < 0) return undefined
    }
    return plain.size > 0 || entries.size === 0 ? plain : undefined
  }

  /** Keys may be numbers of NumPy. */
  #scalarName(key: PickleValue): string | undefined {
    const array = numpyArray(key)
    const value = array === undefined ? undefined : this.#array(array, 0)
    return typeof value === 'number' || typeof value === 'string' ? String(value) : undefined
  }

  #object(value: PickleInert, depth: number): PlainValue | undefined {
    const array = numpyArray(value)
    if (array !== undefined) return this.#array(array, depth)
    if (/^pathlib\.\w*Path$/.test(value.name)) {
      const parts = value.args.filter((part) => typeof part === 'string')
      return parts.join('/').slice(0, limits.plainText)
    }
    if (value.entries !== undefined) return this.#entries(value.entries, depth)
    return isKind(value.state, 'dict') ? this.#entries(value.state.entries, depth) : undefined
  }

  #array(array: NumpyArray, depth: number): PlainValue | undefined {
    const count = array.shape.reduce((product, size) => product * size, 1)
    if (array.shape.length > 1 || count > limits.plainValues) return undefined
    const { data } = array
    if (!(data instanceof Uint8Array)) return this.#list(data, depth)
    const values = textsOf(array, data) ?? numbersOf(array, data)
    if (values === undefined || values.length !== count) return undefined
    this.#left -= values.length
    return array.shape.length === 0 ? values[0] : values
  }
}

function numbersOf({ type }: NumpyArray, data: Uint8Array): readonly PlainValue[] | undefined {
  if (type === undefined || data.byteLength % itemSizes[type] !== 0) return undefined
  if (type === 'BOOL') return Array.from(data, (value) => value !== 0)
  if (type === 'I64') return Array.from(new BigInt64Array(data.slice().buffer), Number)
  if (type === 'U64') return Array.from(new BigUint64Array(data.slice().buffer), Number)
  if (type === 'F64') return Array.from(new Float64Array(data.slice().buffer))
  return Array.from(widen(type, data))
}

/** `U12` are 12 characters of 4 bytes, `S12` 12 bytes; zeros fill what is left. */
function textsOf({ typeName }: NumpyArray, data: Uint8Array): readonly string[] | undefined {
  const [, kind, digits] = /^([US])(\d{1,6})$/.exec(typeName) ?? []
  const width = Number(digits) * (kind === 'U' ? 4 : 1)
  if (kind === undefined || width === 0 || data.byteLength % width !== 0) return undefined
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  return Array.from({ length: data.byteLength / width }, (_, i) => {
    const bytes = data.subarray(i * width, (i + 1) * width)
    if (kind === 'S') return new TextDecoder().decode(bytes).replace(/\0+$/, '')
    const codes = Array.from({ length: width / 4 }, (_, j) => view.getUint32(i * width + 4 * j, true))
    return String.fromCodePoint(...codes.map((code) => (code > 0x10ffff ? 0xfffd : code))).replace(/\0+$/, '')
  })
}
