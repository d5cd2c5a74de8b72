import { expect, test } from 'vitest'
import { median, ratio, summarise } from './statistics.mjs'

test('the median of an even number of samples lies between the two in the middle', () => {
  expect(median([5, 1, 3])).toBe(3)
  expect(median([8, 1, 3, 5])).toBe(4)
  expect(median([7])).toBe(7)
})

test('a summary tells the median and how far the samples reach', () => {
  expect(summarise([20, 18, 40])).toEqual({ median: 20, low: 18, high: 40 })
})

test('a spell that slows one round of both sides spreads neither their ratio nor its rounds', () => {
  expect(ratio([20, 40, 20], [10, 20, 10])).toEqual({ median: 2, low: 2, high: 2 })
})

test('the spread of a ratio is that of single rounds, its middle the ratio of the medians', () => {
  expect(ratio([20, 24, 22], [10, 10, 20])).toEqual({ median: 2.2, low: 1.1, high: 2.4 })
})

test('a contestant that was measured in the first round alone is compared with the first round', () => {
  expect(ratio([20, 22, 30], [200])).toEqual({ median: 22 / 200, low: 0.1, high: 0.1 })
})
