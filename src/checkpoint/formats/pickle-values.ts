/**
 * What a pickle of PyTorch can hold, as plain data. Nothing here runs: a class or function that is not known stays its
 * name, and what it would have made is an inert value under that name.
 */
import type { StoredType } from '../checkpoint.ts'

export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleList
  | PickleTuple
  | PickleDict
  | PickleGlobal
  | PickleInert
  | PickleStorage
  | PickleTensor

export interface PickleList {
  readonly kind: 'list'
  readonly items: PickleValue[]
}

export interface PickleTuple {
  readonly kind: 'tuple'
  readonly items: readonly PickleValue[]
}

export interface PickleDict {
  readonly kind: 'dict'
  readonly entries: Map<PickleValue, PickleValue>
}

/** A class or function by name, `module.name`. */
export interface PickleGlobal {
  readonly kind: 'global'
  readonly name: string
}

/** What a class or function that is not known would have made. */
export interface PickleInert {
  readonly kind: 'inert'
  /** The class or function. */
  readonly name: string
  /** What it would have been made from. */
  readonly args: readonly PickleValue[]
  /** The attributes it would have been given. */
  state: PickleValue
  /** Its entries, where it is a kind of dictionary. */
  entries?: Map<PickleValue, PickleValue>
}

/** A run of items elsewhere in the file; `key` says where. */
export interface PickleStorage {
  readonly kind: 'storage'
  readonly key: string
  readonly typeName: string
  /** Undefined where the items have a type that this package does not read. */
  readonly type: StoredType | undefined
  /** Bytes of one item. */
  readonly itemSize: number
  /** Items of the whole storage of that key. */
  readonly rootItems: number
  /** The part of it that is meant, in items: all of it except in files of PyTorch before 0.4. */
  readonly start: number
  readonly items: number
}

/** A window on a storage, not yet checked against it. Offset and strides count items. */
export interface PickleTensor {
  readonly kind: 'tensor'
  readonly storage: PickleStorage
  readonly typeName: string
  readonly type: StoredType | undefined
  readonly offset: number
  readonly shape: readonly number[]
  readonly stride: readonly number[]
  /** Items of a quantised tensor stand for `(item - zero) * scale`. */
  readonly scaling?: { readonly scale: number; readonly zero: number }
}

/** A number, list, inert value, ... in words, for messages. */
export function describeValue(value: PickleValue): string {
  if (value === null) return 'None'
  if (value instanceof Uint8Array) return 'bytes'
  if (typeof value === 'bigint') return 'a number'
  if (typeof value !== 'object') return `a ${typeof value}`
  switch (value.kind) {
    case 'global':
      return `the name ${value.name}`
    case 'inert':
      return `an object of ${value.name}`
    default:
      return `a ${value.kind}`
  }
}
