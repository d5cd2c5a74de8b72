import { expect, test } from 'vitest'
import { npyFile } from './npy.ts'

test('an array file has the header that NumPy writes, aligned to 64 bytes', () => {
  const bytes = npyFile([2, 3], Float32Array.of(1, 2, 3, 4, 5, -0.5))
  const header = new TextDecoder('latin1').decode(bytes.subarray(0, 128))
  expect(header.slice(0, 10)).toBe('\x93NUMPY\x01\x00v\x00')
  expect(header.slice(10)).toBe(
    `${"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }".padEnd(117)}\n`,
  )
  expect(bytes.length).toBe(128 + 24)
  expect(new DataView(bytes.buffer).getFloat32(128 + 20, true)).toBe(-0.5)
})

test('a list has a comma behind its only dimension', () => {
  expect(new TextDecoder('latin1').decode(npyFile([1], Float32Array.of(0)))).toContain("'shape': (1,)")
})
