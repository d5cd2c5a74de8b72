/**
 * Arrays and scalars of NumPy as pickles hold them (`numpy/core/src/multiarray/methods.c`, `array_reduce`): a call of
 * `_reconstruct` whose state is (version, shape, type, whether columns go first, bytes or objects); of `_frombuffer` in
 * protocol 5; of `scalar` for one value.
 */
import type { StoredType } from '../checkpoint.ts'
import { isKind } from './pickle-machine.ts'
import type { PickleValue } from './pickle-values.ts'

export interface NumpyArray {
  readonly kind: 'array'
  /** As NumPy writes it: `f4`, `i8`, `U12`, `O8`. */
  readonly typeName: string
  /** Undefined for texts, objects, other byte orders and what else this package takes for no number. */
  readonly type: StoredType | undefined
  readonly shape: readonly number[]
  readonly columnsFirst: boolean
  readonly data: Uint8Array | readonly PickleValue[]
}

const types: ReadonlyMap<string, StoredType> = new Map([
  ['f8', 'F64'],
  ['f4', 'F32'],
  ['f2', 'F16'],
  ['i8', 'I64'],
  ['i4', 'I32'],
  ['i2', 'I16'],
  ['i1', 'I8'],
  ['u8', 'U64'],
  ['u4', 'U32'],
  ['u2', 'U16'],
  ['u1', 'U8'],
  ['b1', 'BOOL'],
])

const maker = /^numpy\.(?:_?core)\.(?:multiarray|numeric)\.(_reconstruct|scalar|_frombuffer)$/

/** The array or scalar that a pickled value is; undefined where it is none, or malformed. */
export function numpyArray(value: PickleValue | undefined): NumpyArray | undefined {
  if (!isKind(value, 'inert')) return undefined
  switch (maker.exec(value.name)?.[1]) {
    case '_reconstruct':
      return isKind(value.state, 'tuple') ? fromState(value.state.items) : undefined
    case '_frombuffer': {
      const [data, type, shape, order] = value.args
      return array(type, shape, order === 'F', data)
    }
    case 'scalar': {
      const [type, data] = value.args
      return array(type, { kind: 'tuple', items: [] }, false, data)
    }
    default:
      return undefined
  }
}

function fromState(state: readonly PickleValue[]): NumpyArray | undefined {
  const [, shape, type, columnsFirst, data] = state
  return array(type, shape, columnsFirst === true, data)
}

function array(
  type: PickleValue | undefined,
  shape: PickleValue | undefined,
  columnsFirst: boolean,
  data: PickleValue | undefined,
): NumpyArray | undefined {
  const sizes = isKind(shape, 'tuple') ? shape.items : undefined
  const named = typeOf(type)
  if (sizes === undefined || named === undefined || !sizes.every(isSize)) return undefined
  const held = isKind(data, 'list') ? data.items : data
  if (!(held instanceof Uint8Array) && !Array.isArray(held)) return undefined
  return { kind: 'array', ...named, shape: sizes, columnsFirst, data: held }
}

/** `numpy.dtype('f4', False, True)` with the state (3, '<', ...): the second is the byte order. */
function typeOf(value: PickleValue | undefined): Pick<NumpyArray, 'type' | 'typeName'> | undefined {
  const [code] = isKind(value, 'inert') && value.name === 'numpy.dtype' ? value.args : []
  if (!isKind(value, 'inert') || typeof code !== 'string' || code.length > 16) return undefined
  const order = isKind(value.state, 'tuple') ? value.state.items[1] : '|'
  return order === '>' ? { typeName: `>${code}`, type: undefined } : { typeName: code, type: types.get(code) }
}

function isSize(value: PickleValue): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
