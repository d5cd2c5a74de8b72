import { expect, test } from 'vitest'
import { epochOrder, stepIndices } from './order.ts'

test('an epoch sees every picture, in an order of its own that the seed alone decides', () => {
  const first = epochOrder(1000, 3, 0)
  expect([...first].sort((a, b) => a - b)).toEqual([...first.keys()])
  expect(epochOrder(1000, 3, 0)).toEqual(first)
  expect(epochOrder(1000, 3, 1)).not.toEqual(first)
  expect(epochOrder(1000, 4, 0)).not.toEqual(first)
  const moved = [...first].filter((place, i) => place !== i).length
  expect(moved).toBeGreaterThan(980)
})

test('the last batch of an epoch is filled up from its beginning', () => {
  const order = epochOrder(10, 1, 0)
  expect(stepIndices(order, 4, 2)).toEqual([order[8], order[9], order[0], order[1]])
})
