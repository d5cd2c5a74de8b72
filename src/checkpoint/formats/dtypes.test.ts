import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { StoredType } from '../checkpoint.ts'
import { itemSizes, narrow, widen } from './dtypes.ts'

/** A half by its definition: sign, exponent with bias 15, fraction of 10 bits. */
function halfByDefinition(pattern: number): number {
  const sign = pattern >= 0x8000 ? -1 : 1
  const exponent = Math.floor(pattern / 1024) % 32
  const fraction = (pattern % 1024) / 1024
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return sign * (exponent === 0 ? fraction * 2 ** -14 : (1 + fraction) * 2 ** (exponent - 15))
}

const every = Uint16Array.from({ length: 65536 }, (_, pattern) => pattern)
const bytesOf = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength)

it('widens each of the 65536 halves to exactly its value', () => {
  const values = widen('F16', bytesOf(every))
  for (let pattern = 0; pattern < 65536; pattern++) {
    if (!Object.is(values[pattern], halfByDefinition(pattern))) {
      expect.soft(values[pattern], `pattern ${pattern}`).toBe(halfByDefinition(pattern))
    }
  }
})

it('widens each of the 65536 bfloat16 values by appending zero bits', () => {
  const patterns = new Uint32Array(widen('BF16', bytesOf(every)).buffer)
  expect(patterns.every((pattern, i) => pattern === i * 65536)).toBe(true)
})

it.each(['F16', 'BF16'] as const)('narrows each widened %s to the pattern it came from', (type) => {
  const back = new Uint16Array(narrow(type, widen(type, bytesOf(every))).buffer)
  const values = widen(type, bytesOf(every))
  const wrong = every.filter((pattern) => !Number.isNaN(values[pattern] ?? 0) && back[pattern] !== pattern)
  expect([...wrong]).toEqual([])
  const again = widen(type, bytesOf(back))
  expect(every.every((i) => Number.isNaN(values[i] ?? 0) === Number.isNaN(again[i] ?? 0))).toBe(true)
})

it.each(['F16', 'BF16'] as const)('narrows to the nearest %s, ties to even', (type) => {
  const finite = widen(type, bytesOf(every.slice(0, type === 'F16' ? 0x7c00 : 0x7f80)))
  const anyFloat = fc.oneof(
    fc.float({ noNaN: true, noDefaultInfinity: true }),
    fc.float({ min: Math.fround(-70000), max: Math.fround(70000), noNaN: true }),
    fc.float({ min: Math.fround(-1e-4), max: Math.fround(1e-4), noNaN: true }),
    // Exactly between two neighbours.
    fc.nat(finite.length - 2).map((i) => Math.fround(((finite[i] ?? 0) + (finite[i + 1] ?? 0)) / 2)),
  )
  fc.assert(
    fc.property(anyFloat, (value) => {
      const pattern = new Uint16Array(narrow(type, Float32Array.of(value)).buffer)[0] ?? 0
      expect(pattern >= 0x8000).toBe(value < 0 || Object.is(value, -0))
      expect(pattern & 0x7fff).toBe(nearest(finite, Math.abs(value)))
    }),
    { numRuns: 3000 },
  )
})

/** The index of the value nearest to `value` in a rising list; beyond its end by half a step is infinity, one further. */
function nearest(rising: Float32Array, value: number): number {
  let [low, high] = [0, rising.length]
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if ((rising[middle] ?? 0) <= value) low = middle
    else high = middle
  }
  const below = rising[low] ?? 0
  const above = rising[low + 1] ?? 2 * below - (rising[low - 1] ?? 0)
  if (value - below === above - value) return low % 2 === 0 ? low : low + 1
  return value - below < above - value ? low : low + 1
}

it('widens whole numbers to the nearest float32, without rounding twice', () => {
  const longs = [
    0n,
    -1n,
    2n ** 24n + 1n,
    2n ** 62n + 2n ** 38n + 1n,
    -(2n ** 62n) - 2n ** 38n - 1n,
    2n ** 62n + 2n ** 38n,
  ]
  expect([...widen('I64', bytesOf(BigInt64Array.from(longs)))]).toEqual([
    0,
    -1,
    2 ** 24,
    2 ** 62 + 2 ** 39,
    -(2 ** 62) - 2 ** 39,
    2 ** 62,
  ])
  expect([...widen('U64', bytesOf(BigUint64Array.of(2n ** 64n - 1n)))]).toEqual([2 ** 64])
  expect([...widen('I32', bytesOf(Int32Array.of(-(2 ** 31), 16777217)))]).toEqual([-(2 ** 31), 16777216])
  expect([...widen('I8', Uint8Array.of(255, 128, 1))]).toEqual([-1, -128, 1])
  expect([...widen('BOOL', Uint8Array.of(0, 1, 255))]).toEqual([0, 1, 1])
  expect([...widen('F64', bytesOf(Float64Array.of(0.1, 1e300)))]).toEqual([
    Math.fround(0.1),
    Number.POSITIVE_INFINITY,
  ])
})

it('widens from bytes at any offset and never hands out the bytes themselves', () => {
  const bytes = new Uint8Array(9)
  bytes.set(new Uint8Array(Float32Array.of(1.5, -2).buffer), 1)
  const values = widen('F32', bytes.subarray(1))
  expect([...values]).toEqual([1.5, -2])
  values[0] = 7
  expect(widen('F32', bytes.subarray(1))[0]).toBe(1.5)
})

it('narrows whole numbers to every integer type and back', () => {
  const values = Float32Array.of(0, 1, 100, 127)
  const types = Object.keys(itemSizes).filter((type): type is StoredType => /^[IUF]/.test(type))
  for (const type of types) expect([...widen(type, narrow(type, values))], type).toEqual([...values])
  expect([...narrow('BOOL', Float32Array.of(0, 1))]).toEqual([0, 1])
})

it.each([
  ['I8', 128],
  ['U8', -1],
  ['I64', 0.5],
  ['U64', Number.NaN],
  ['I32', 2 ** 31],
  ['BOOL', 2],
] as const)('refuses to narrow to %s the value %f', (type, value) => {
  expect(() => narrow(type, Float32Array.of(value))).toThrow(/cannot be stored as .*keep the tensor as F32/)
})
