import { expect, test } from 'vitest'
import { allFinite } from './finite.ts'

test('one number that is not finite is found wherever it stands', () => {
  const finite = [0, -0, 1, 3.4028234663852886e38, -3.4028234663852886e38, 1e-45]
  expect(allFinite(Float32Array.from(finite))).toBe(true)
  expect(allFinite(new Float32Array())).toBe(true)
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
    for (const place of finite.keys())
      expect(allFinite(Float32Array.from(finite).fill(value, place, place + 1))).toBe(false)
})
