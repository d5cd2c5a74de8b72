/**
 * The number types of stored tensors, little-endian: widening to float32 and narrowing from it. Half (IEEE 754
 * binary16) and bfloat16 widen exactly; narrowing rounds to the nearest, ties to even.
 */
import { CheckpointError } from '../../errors.ts'
import type { StoredType } from '../checkpoint.ts'

/** Bytes of one item. */
export const itemSizes: Readonly<Record<StoredType, number>> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
}

/** Whether `name` is a type that tensors may have. */
export function isStoredType(name: string): name is StoredType {
  return Object.hasOwn(itemSizes, name)
}

const bits = new Uint32Array(1)
const float = new Float32Array(bits.buffer)

/** The float32 pattern of a half: the exponent is rebased from 15 to 127, subnormal halves become normal. */
export function halfToFloatBits(half: number): number {
  const sign = (half & 0x8000) << 16
  const exponent = (half >> 10) & 0x1f
  const fraction = half & 0x3ff
  if (exponent === 0x1f) return (sign | 0x7f800000 | (fraction << 13)) >>> 0
  if (exponent !== 0) return (sign | ((exponent + 112) << 23) | (fraction << 13)) >>> 0
  if (fraction === 0) return sign >>> 0
  const shift = Math.clz32(fraction) - 21
  return (sign | ((113 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13)) >>> 0
}

/** The half nearest to a float32 pattern, ties to even; not-a-number stays not-a-number. */
export function floatBitsToHalf(pattern: number): number {
  const sign = (pattern >>> 16) & 0x8000
  const magnitude = pattern & 0x7fffffff
  if (magnitude > 0x7f800000) return sign | 0x7e00 | ((magnitude >> 13) & 0x3ff)
  // 65520 and above lie nearer to the next power of two, which a half does not have.
  if (magnitude >= 0x477ff000) return sign | 0x7c00
  if (magnitude >= 0x38800000) {
    const rebased = magnitude - 0x38000000
    return sign | ((rebased + 0xfff + ((rebased >> 13) & 1)) >> 13)
  }
  // Below 2^-14 a half counts in steps of 2^-24; below half a step it is zero.
  if (magnitude < 0x33000000) return sign
  const shift = 126 - (magnitude >> 23)
  const significand = (magnitude & 0x7fffff) | 0x800000
  const kept = significand >> shift
  const rest = significand & ((1 << shift) - 1)
  const middle = 1 << (shift - 1)
  return sign | (kept + (rest > middle || (rest === middle && (kept & 1) === 1) ? 1 : 0))
}

/** The bfloat16 nearest to a float32 pattern, ties to even; not-a-number stays not-a-number. */
export function floatBitsToBfloat(pattern: number): number {
  if ((pattern & 0x7fffffff) > 0x7f800000) return (pattern >>> 16) | 0x40
  return ((pattern + 0x7fff + ((pattern >>> 16) & 1)) >>> 16) & 0xffff
}

/** Items of type `type` as float32 values. `bytes` holds whole items; an array of its own may become the values. */
export function widen(type: StoredType, bytes: Uint8Array): Float32Array {
  const count = bytes.byteLength / itemSizes[type]
  // Bytes that are part of more are copied: typed arrays need aligned offsets, and a view would keep the whole.
  const { buffer: own } = bytes
  const isWhole = own instanceof ArrayBuffer && own.byteLength === bytes.byteLength
  const buffer = isWhole ? own : new Uint8Array(bytes).buffer
  switch (type) {
    case 'F32':
      return new Float32Array(buffer)
    case 'F16':
      return fromBits(new Uint16Array(buffer), halfToFloatBits)
    case 'BF16':
      return fromBits(new Uint16Array(buffer), (pattern) => (pattern << 16) >>> 0)
    case 'I64':
      return Float32Array.from(new BigInt64Array(buffer), toDouble)
    case 'U64':
      return Float32Array.from(new BigUint64Array(buffer), toDouble)
    case 'BOOL':
      return Float32Array.from(bytes, (value) => (value === 0 ? 0 : 1))
    default: {
      const result = new Float32Array(count)
      result.set(new arrays[type](buffer))
      return result
    }
  }
}

/** A double that rounds to the same float32 as `value`: of the bits that a double lacks only "some are set" is kept. */
function toDouble(value: bigint): number {
  if (value <= 2n ** 53n && value >= -(2n ** 53n)) return Number(value)
  const low = value & 0xfffn
  return Number(low === 0n ? value : (value - low) | 0x1000n)
}

const arrays = {
  F64: Float64Array,
  I32: Int32Array,
  I16: Int16Array,
  I8: Int8Array,
  U32: Uint32Array,
  U16: Uint16Array,
  U8: Uint8Array,
} as const

function fromBits(patterns: Uint16Array, convert: (pattern: number) => number): Float32Array {
  const result = new Uint32Array(patterns.length)
  for (let i = 0; i < patterns.length; i++) result[i] = convert(patterns[i] ?? 0)
  return new Float32Array(result.buffer)
}

/**
 * float32 values as items of type `type`. F32 is a view of the values, not a copy. Integer types and BOOL take only the
 * values they hold exactly; throws `CheckpointError` on any other.
 */
export function narrow(type: StoredType, values: Float32Array): Uint8Array {
  switch (type) {
    case 'F32':
      return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
    case 'F64':
      return bytesOf(Float64Array.from(values))
    case 'F16':
      return toBits(values, floatBitsToHalf)
    case 'BF16':
      return toBits(values, floatBitsToBfloat)
    case 'I64':
      return bytesOf(BigInt64Array.from(values, (value) => BigInt(whole(type, value))))
    case 'U64':
      return bytesOf(BigUint64Array.from(values, (value) => BigInt(whole(type, value))))
    case 'BOOL':
      return Uint8Array.from(values, (value) => whole(type, value))
    default: {
      const result = new arrays[type](values.length)
      for (let i = 0; i < values.length; i++) result[i] = whole(type, values[i] ?? 0)
      return bytesOf(result)
    }
  }
}

function toBits(values: Float32Array, convert: (pattern: number) => number): Uint8Array {
  const result = new Uint16Array(values.length)
  for (let i = 0; i < values.length; i++) {
    float[0] = values[i] ?? 0
    result[i] = convert(bits[0] ?? 0)
  }
  return bytesOf(result)
}

function bytesOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
}

/** Least value and the first beyond the greatest. */
const ranges: Readonly<Record<string, readonly [number, number]>> = {
  I64: [-(2 ** 63), 2 ** 63],
  I32: [-(2 ** 31), 2 ** 31],
  I16: [-(2 ** 15), 2 ** 15],
  I8: [-128, 128],
  U64: [0, 2 ** 64],
  U32: [0, 2 ** 32],
  U16: [0, 2 ** 16],
  U8: [0, 256],
  BOOL: [0, 2],
}

function whole(type: StoredType, value: number): number {
  const [least, end] = ranges[type] ?? [0, 0]
  if (!Number.isInteger(value) || value < least || value >= end) {
    throw new CheckpointError(`${value} cannot be stored as ${type}; keep the tensor as F32`)
  }
  return value
}
