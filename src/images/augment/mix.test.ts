/** Inputs with a piece erased, and batches whose pictures and targets are mixed. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { symmetricBeta } from './beta.ts'
import { erase } from './erase.ts'
import { mixBatch } from './mix.ts'
import { Random } from './random.ts'

const shape = [2, 12, 9] as const
const values = 2 * 12 * 9

/** Image i of a batch holds i everywhere, and its target is class i. */
function numbered(count: number) {
  return {
    images: Float32Array.from({ length: count * values }, (_, i) => Math.floor(i / values)),
    targets: Float32Array.from({ length: count * count }, (_, i) => (i % (count + 1) === 0 ? 1 : 0)),
    shape,
  }
}

const parameters = fc.double({ min: 0.01, max: 100, noNaN: true })

describe('a mixed batch', () => {
  it.each(['mixup', 'cutMix'] as const)('has of each picture what its targets say: %s', (way) => {
    fc.assert(
      fc.property(parameters, fc.integer({ min: 1, max: 7 }), fc.nat(), (parameter, count, seed) => {
        const batch = numbered(count)
        const augmentation = { mixup: null, cutMix: null, [way]: parameter }
        mixBatch({ ...batch, augmentation, random: new Random(seed) })
        for (let i = 0; i < count; i++) {
          const target = batch.targets.subarray(i * count, (i + 1) * count)
          expect(target.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5)
          // Images hold their numbers, so that the mean of a mixed one tells the shares it is made of.
          const expected = target.reduce((sum, share, number) => sum + share * number, 0)
          const image = batch.images.subarray(i * values, (i + 1) * values)
          expect(image.reduce((sum, value) => sum + value, 0) / values).toBeCloseTo(expected, 3)
          const partner = count - 1 - i
          const holds = new Set([...target.keys()].filter((number) => (target[number] ?? 0) > 0))
          expect([...holds].every((number) => number === i || number === partner)).toBe(true)
          if (way === 'cutMix')
            expect([...image].every((value) => value === i || value === partner)).toBe(true)
        }
      }),
    )
  })

  it('takes one of the two ways where both are asked for, and the same for the same seed', () => {
    const mixed = (seed: number) => {
      const batch = numbered(2)
      mixBatch({ ...batch, augmentation: { mixup: 1, cutMix: 1 }, random: new Random(seed) })
      return batch
    }
    const exchanged = Array.from({ length: 100 }, (_, seed) =>
      mixed(seed).images.every((value) => value === 0 || value === 1),
    ).filter(Boolean).length
    expect(exchanged).toBeGreaterThan(30)
    expect(exchanged).toBeLessThan(70)
    expect(mixed(5)).toEqual(mixed(5))
  })

  it('stays as it is where nothing is mixed', () => {
    const batch = numbered(4)
    mixBatch({ ...batch, augmentation: { mixup: null, cutMix: null }, random: new Random(1) })
    expect(batch).toEqual(numbered(4))
  })
})

describe('the shares of mixing', () => {
  it.each([0.1, 0.2, 1, 4])('have the mean and the variance of Beta(a, a) for a = %d', (a) => {
    const count = 20_000
    const samples = Array.from({ length: count }, (_, i) => symmetricBeta(a, new Random(7, i)))
    const mean = samples.reduce((sum, share) => sum + share, 0) / count
    const variance = samples.reduce((sum, share) => sum + (share - mean) ** 2, 0) / count
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.015)
    expect(variance * 4 * (2 * a + 1)).toBeCloseTo(1, 1)
    expect(samples.every((share) => share >= 0 && share <= 1)).toBe(true)
  })
})

describe('an erased piece', () => {
  const range = { area: [0.05, 0.3], ratio: [0.4, 2.5] } satisfies Pick<
    Parameters<typeof erase>[2],
    'area' | 'ratio'
  >

  it('is one rectangle of zeros in every channel, and nothing else changes', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const image = new Float32Array(values).fill(1)
        erase(image, shape, { probability: 1, ...range }, new Random(seed))
        const erased = [...image].flatMap((value, i) => (value === 0 ? [i] : []))
        const places = erased.map((i) => [Math.floor(i / 9) % 12, i % 9] as const)
        const [rows, columns] = [0, 1].map((axis) => new Set(places.map((place) => place[axis])).size)
        expect(erased.length).toBe(2 * (rows ?? 0) * (columns ?? 0))
        expect(erased.length / values).toBeLessThan(0.36)
      }),
    )
  })

  it('comes as often as it should', () => {
    const times = Array.from({ length: 400 }, (_, seed) => {
      const image = new Float32Array(values).fill(1)
      erase(image, shape, { probability: 0.25, ...range }, new Random(3, seed))
      return image.includes(0)
    }).filter(Boolean).length
    expect(times).toBeGreaterThan(70)
    expect(times).toBeLessThan(130)
  })
})
