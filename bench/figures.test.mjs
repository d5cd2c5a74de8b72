import { expect, test } from 'vitest'
import { figureColumns } from './figures.mjs'

const ours = [
  { name: 'ours', column: 'Node 20', samples: [20, 22, 24] },
  { name: 'ours', column: 'Node 24', samples: [10, 11, 12] },
]

test('a peer without a column is compared with ours in each', () => {
  const native = { name: 'native', samples: [10, 11, 12] }
  expect(figureColumns({ of: ['ours'], over: ['native'] }, [...ours, native], 'ms')).toEqual({
    'Node 20': { median: 2, low: 2, high: 2, over: 'native' },
    'Node 24': { median: 1, low: 1, high: 1, over: 'native' },
  })
})

test('a peer that has a column is compared in that column alone', () => {
  const web = { name: 'web', column: 'Node 24', samples: [44, 44, 44] }
  expect(figureColumns({ of: ['web'], over: ['ours'] }, [...ours, web], 'ms')).toEqual({
    'Node 24': { median: 4, low: 44 / 12, high: 4.4, over: 'ours, Node 24' },
  })
})

test("the best of a peer's ways counts: the least time, the most images a second", () => {
  const ways = [
    { name: 'eager', samples: [40, 44, 48] },
    { name: 'compiled', samples: [20, 22, 24] },
  ]
  const over = ['eager', 'compiled']
  const best = (unit) => figureColumns({ of: ['ours'], over }, [...ours, ...ways], unit)['Node 20'].over
  expect(best('ms')).toBe('compiled')
  expect(best('images/s')).toBe('eager')
})

test('a peer that could not be measured leaves its figure out, and another way of it counts', () => {
  const missing = { name: 'eager', samples: [], missing: 'PyTorch is missing' }
  const compiled = { name: 'compiled', samples: [10, 11, 12] }
  expect(figureColumns({ of: ['ours'], over: ['eager'] }, [...ours, missing], 'ms')).toEqual({})
  const over = ['eager', 'compiled']
  expect(figureColumns({ of: ['ours'], over }, [...ours, missing, compiled], 'ms')['Node 20']).toMatchObject({
    median: 2,
    over: 'compiled',
  })
})

test('without anything to compare with, a figure is the value itself', () => {
  expect(figureColumns({ of: ['ours'] }, ours, 's')['Node 20']).toEqual({ median: 22, low: 20, high: 24 })
})
