/** Weights that lie in parts, against PyTorch's own arithmetic worked out by hand. */
import { expect, it } from 'vitest'
import { checkpointOf } from '../../test/checkpoint.ts'
import { whole } from './reparametrise.ts'

async function read(tensors: Readonly<Record<string, readonly (readonly number[])[]>>, name: string) {
  const shapes = Object.entries(tensors).map(([key, [shape = []]]) => [key, shape] as const)
  const value = (key: string, index: number) => tensors[key]?.[1]?.[index] ?? 0
  const checkpoint = whole(checkpointOf(shapes, { value }))
  const values = await checkpoint.tensors.get(name)?.read()
  return { names: [...checkpoint.tensors.keys()], values: [...(values ?? [])], notes: checkpoint.notes }
}

it('pruned weights are multiplied by their masks, in their place', async () => {
  const found = await read(
    {
      'conv1.weight_orig': [[4], [1, 2, 3, 4]],
      'conv1.weight_mask': [[4], [1, 0, 0, 1]],
      'bn1.weight': [[1], [7]],
    },
    'conv1.weight',
  )
  expect(found).toEqual({
    names: ['conv1.weight', 'bn1.weight'],
    values: [1, 0, 0, 4],
    notes: ['1 weight was multiplied by masks (pruning)'],
  })
})

it.each([
  ['fc.weight_v', 'fc.weight_g'],
  ['fc.parametrizations.weight.original1', 'fc.parametrizations.weight.original0'],
])('weight normalisation is undone: %s', async (direction, length) => {
  const found = await read(
    {
      [direction]: [
        [2, 2],
        [3, 4, 0, 2],
      ],
      [length]: [
        [2, 1],
        [10, 1],
      ],
    },
    'fc.weight',
  )
  expect(found.names).toEqual(['fc.weight'])
  expect(found.values.map((value) => Math.fround(value))).toEqual([6, 8, 0, 1].map(Math.fround))
})

it('weight normalisation with one length, or a length for each input channel', async () => {
  const one = await read(
    {
      weight_v: [
        [2, 2],
        [1, 1, 1, 1],
      ],
      weight_g: [[1, 1], [4]],
    },
    'weight',
  )
  expect(one.values).toEqual([2, 2, 2, 2])
  const inputs = await read(
    {
      weight_v: [
        [2, 2],
        [3, 1, 4, 0],
      ],
      weight_g: [
        [1, 2],
        [5, 2],
      ],
    },
    'weight',
  )
  expect(inputs.values).toEqual([3, 2, 4, 0])
})

it.each([
  ['fc.weight_orig', 'fc.weight_u', 'fc.weight_v'],
  [
    'fc.parametrizations.weight.original',
    'fc.parametrizations.weight.0._u',
    'fc.parametrizations.weight.0._v',
  ],
])('spectral normalisation is undone: %s', async (weight, u, v) => {
  const found = await read(
    {
      [weight]: [
        [2, 2],
        [2, 0, 0, 4],
      ],
      [u]: [[2], [0, 1]],
      [v]: [[2], [0, 1]],
    },
    'fc.weight',
  )
  expect(found.values).toEqual([0.5, 0, 0, 1])
})

it('parts of which one is missing stay as they are, and so does a file without parts', async () => {
  expect((await read({ 'a.weight_orig': [[1], [1]] }, 'a.weight')).names).toEqual(['a.weight_orig'])
  const plain = checkpointOf([['weight', [1]]])
  expect(whole(plain)).toBe(plain)
})
