import { expect, it } from 'vitest'
import { formatCorrect, intervalOf } from './interval.ts'

it('says how little seven right answers of seven tell', () => {
  expect(formatCorrect(7, 7)).toBe('7 of 7; 65 % to 100 %')
  expect(formatCorrect(8, 40)).toBe('8 of 40; 10 % to 35 %')
  expect(formatCorrect(8395, 10_000)).toBe('8,395 of 10,000; 83 % to 85 %')
})

it('knows nothing where nothing was judged', () => {
  expect(intervalOf(0, 0)).toEqual({ low: 0, high: 1 })
})

it('holds the share that was seen, within 0 and 1, and narrows with more pictures', () => {
  for (const images of [1, 2, 3, 10, 99, 1000]) {
    for (let correct = 0; correct <= images; correct++) {
      const { low, high } = intervalOf(correct, images)
      expect(low).toBeGreaterThanOrEqual(0)
      expect(high).toBeLessThanOrEqual(1)
      expect(low).toBeLessThanOrEqual(correct / images)
      expect(high).toBeGreaterThanOrEqual(correct / images)
      const more = intervalOf(correct * 4, images * 4)
      expect(more.high - more.low).toBeLessThan(high - low)
    }
  }
})

it('holds the true share in 95 of 100 cases, as a sum over all outcomes shows', () => {
  const images = 50
  for (const truth of [0.2, 0.5, 0.8]) {
    let held = 0
    let chance = (1 - truth) ** images
    for (let correct = 0; correct <= images; correct++) {
      const { low, high } = intervalOf(correct, images)
      if (low <= truth && truth <= high) held += chance
      chance *= ((images - correct) / (correct + 1)) * (truth / (1 - truth))
    }
    expect(held, `a true share of ${truth}`).toBeGreaterThan(0.93)
  }
})
