import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Layout, shapeInOurs, valuesInOurs } from './layout.ts'

/** The definition: each index moved one by one. */
function moved(layout: Layout, shape: readonly number[], values: Float32Array): Float32Array {
  const [kh = 1, kw = 1, input = 1, output = 1] = shape
  const result = new Float32Array(values.length)
  for (let h = 0; h < kh; h++)
    for (let w = 0; w < kw; w++)
      for (let i = 0; i < input; i++)
        for (let o = 0; o < output; o++) {
          const row = layout === 'input-first' ? o * input + i : i * output + o
          result[(row * kh + h) * kw + w] = values[((h * kw + w) * input + i) * output + o] ?? 0
        }
  return result
}

describe('layouts of Keras', () => {
  const shapes = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 4, maxLength: 4 })

  test('kernels [kh, kw, in, out] become [out, in, kh, kw]', () => {
    fc.assert(
      fc.property(shapes, fc.constantFrom<Layout>('input-first', 'depthwise'), (shape, layout) => {
        const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i)
        expect(valuesInOurs(layout, shape, values)).toEqual(moved(layout, shape, values))
      }),
    )
    expect(shapeInOurs('input-first', [7, 5, 3, 64])).toEqual([64, 3, 7, 5])
  })

  test('depthwise kernels [kh, kw, in, multiplier] become [in × multiplier, 1, kh, kw]', () => {
    expect(shapeInOurs('depthwise', [3, 3, 32, 2])).toEqual([64, 1, 3, 3])
  })

  test('dense kernels [in, out] become [out, in]', () => {
    expect(shapeInOurs('input-first', [3, 2])).toEqual([2, 3])
    const values = Float32Array.of(1, 2, 3, 4, 5, 6)
    expect([...valuesInOurs('input-first', [3, 2], values)]).toEqual([1, 3, 5, 2, 4, 6])
  })

  test('vectors and tensors of the same layout stay as they are', () => {
    const values = Float32Array.of(1, 2)
    expect(valuesInOurs('input-first', [2], values)).toBe(values)
    expect(valuesInOurs('same', [1, 2, 1, 1], values)).toBe(values)
  })
})
