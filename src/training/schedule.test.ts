import { describe, expect, test } from 'vitest'
import type { Recipe } from './recipe.ts'
import { rateShare } from './schedule.ts'

const stepsPerEpoch = 10
const shares = (given: Pick<Recipe, 'schedule' | 'warmUp'>, epochs: number): readonly number[] => {
  const steps = epochs * stepsPerEpoch
  return Array.from({ length: steps }, (_, step) => rateShare(given, { step, stepsPerEpoch, steps }))
}

describe('the rate', () => {
  test('of one cycle rises over its first quarter and falls in a straight line to its end', () => {
    const cycle = shares(
      { schedule: { kind: 'one-cycle', start: 0.1, rise: 0.25, end: 0.0001 }, warmUp: null },
      12,
    )
    expect(cycle[0]).toBe(0.1)
    expect(cycle[15]).toBeCloseTo(0.55, 10)
    expect(cycle[30]).toBe(1)
    expect(cycle[75]).toBeCloseTo(0.50005, 10)
    expect(cycle.at(-1)).toBeCloseTo(0.0001 + 0.9999 / 90, 10)
  })

  test('in steps is divided after the epochs that are named, counted from the beginning', () => {
    const steps = shares({ schedule: { kind: 'steps', after: [2, 3], factor: 0.1 }, warmUp: null }, 4)
    expect([steps[19], steps[20], steps[29], steps[30]].map((share) => share?.toFixed(4))).toEqual([
      '1.0000',
      '0.1000',
      '0.1000',
      '0.0100',
    ])
  })

  test('warms up in a straight line to where the schedule begins, which then has the rest of the run', () => {
    const warmed = shares({ schedule: { kind: 'cosine', end: 0 }, warmUp: { epochs: 2, from: 0.1 } }, 6)
    expect(warmed[0]).toBeCloseTo(0.1, 10)
    expect(warmed[10]).toBeCloseTo(0.55, 10)
    expect(warmed[20]).toBe(1)
    expect(warmed[40]).toBeCloseTo(0.5, 10)
    expect(warmed.at(-1)).toBeLessThan(0.01)
  })

  test('of a straight line ends where it is told to', () => {
    const line = shares({ schedule: { kind: 'linear', end: 0.5 }, warmUp: null }, 2)
    expect(line[0]).toBe(1)
    expect(line[10]).toBeCloseTo(0.75, 10)
  })

  test('that is constant is', () => {
    expect(new Set(shares({ schedule: { kind: 'constant' }, warmUp: null }, 3))).toEqual(new Set([1]))
  })
})
