/** What a step is asked for: whose answers, and how much each picture counts. */
import { describe, expect, test } from 'vitest'
import { preprocessingNamed } from '../architecture/preprocessing.ts'
import { trainingSetOf } from '../datasets/training-set.ts'
import { Batches, type BatchOptions } from './batches.ts'
import { PictureInputs } from './inputs.ts'
import { Pictures } from './pictures.ts'
import { changedRecipe, recipeNamed } from './recipes.ts'

const pixels = (level: number) => ({ width: 32, height: 32, data: new Uint8Array(32 * 32 * 3).fill(level) })

/** Six dark pictures and two light ones; one file that is no picture where it is asked for. */
function batchesOf(
  changes: object,
  { broken = false, ...more }: Partial<BatchOptions> & { broken?: boolean } = {},
) {
  const pictures = [40, 41, 42, 43, 44, 45].map((level) => ({ label: 'dark', picture: pixels(level) }))
  const light = [200, 201].map((level) => ({ label: 'light', picture: pixels(level) }))
  const damaged = broken
    ? [{ label: 'dark', file: 'dark/damaged.jpg', picture: new Uint8Array([1, 2, 3]) }]
    : []
  const set = trainingSetOf('greys', [...damaged, ...pictures, ...light], { seed: 1, validation: 0 })
  const told: string[] = []
  const decoded = new Pictures(set.train.length, ({ file }) => told.push(file))
  const recipe = changedRecipe(recipeNamed('one-cycle'), {
    'augmentation.crop': { kind: 'centre' },
    ...changes,
  })
  const preprocessing = preprocessingNamed('cifar10')
  const inputs = new PictureInputs({ set, pictures: decoded, recipe, preprocessing, channels: 3, seed: 1 })
  const items = set.train
  const batches = new Batches({ items, inputs, recipe, classes: 2, seed: 1, batch: items.length, ...more })
  return { batches, told }
}

describe('a batch', () => {
  test('asks for the classes of its pictures, each counting alike', async () => {
    const { batches } = batchesOf({})
    const { targets, weights, image } = await batches.prepare(0, 0)
    expect(image.length).toBe(8 * 3 * 32 * 32)
    for (let i = 0; i < 8; i++) {
      const isLight = (image[i * 3072] ?? 0) > 0
      expect([...targets.subarray(i * 2, i * 2 + 2)]).toEqual(isLight ? [0, 1] : [1, 0])
    }
    expect([...weights]).toEqual(Array(8).fill(1 / 8))
  })

  test('asks a little for every class where labels are smoothed', async () => {
    const { targets } = await batchesOf({ labelSmoothing: 0.2 }).batches.prepare(0, 0)
    expect(new Set([...targets].map((target) => target.toFixed(3)))).toEqual(new Set(['0.900', '0.100']))
  })

  test('lets rare classes count as much as frequent ones where they are balanced', async () => {
    const { targets, weights } = await batchesOf({ classWeights: 'balanced' }).batches.prepare(0, 0)
    const sum = (column: number) =>
      weights.reduce((total, weight, i) => total + (targets[i * 2 + column] === 1 ? weight : 0), 0)
    expect(sum(0)).toBeCloseTo(0.5, 6)
    expect(sum(1)).toBeCloseTo(0.5, 6)
  })

  test('asks for a teacher’s softened answers in the share that the recipe gives them', async () => {
    const teacher = async (_: Float32Array, batch: number) =>
      Float32Array.from({ length: batch * 2 }, (_value, i) => (i % 2 === 0 ? 4 : 0))
    const { batches } = batchesOf({ distillation: { weight: 0.25, temperature: 2 } }, { teacher })
    const batch = await batches.distilled(await batches.prepare(0, 0))
    expect(batch.weights[0]).toBeCloseTo(0.75 / 8, 6)
    expect(batch.teacher?.weights[0]).toBeCloseTo((0.25 * 4) / 8, 6)
    const softened = 1 / (1 + Math.exp(-2))
    expect(batch.teacher?.targets[0]).toBeCloseTo(softened, 6)
    expect(batch.teacher?.targets[1]).toBeCloseTo(1 - softened, 6)
  })

  test('stays as it is while the next one is made', async () => {
    const { batches } = batchesOf({ 'augmentation.flip': 1 })
    const { image } = await batches.prepare(0, 0)
    const before = image.slice()
    const next = await batches.prepare(1, 0)
    expect(image).toEqual(before)
    expect(next.image).not.toEqual(image)
  })

  test('is whole where a picture cannot be read: the next one stands in, and it is told once', async () => {
    const { batches, told } = batchesOf({}, { broken: true })
    const { targets } = await batches.prepare(0, 0)
    await batches.prepare(1, 0)
    expect(targets.length).toBe(9 * 2)
    expect(targets.reduce((sum, target) => sum + target, 0)).toBe(9)
    expect(told).toEqual(['dark/damaged.jpg'])
  })
})

test('pictures that cannot be read end a run when they are more than a few', async () => {
  const broken = Array.from({ length: 8 }, (_, i) => ({
    label: `kind ${i % 2}`,
    picture: new Uint8Array([i]),
  }))
  const { train } = trainingSetOf('broken', broken, { seed: 1, validation: 0 })
  const pictures = new Pictures(train.length, () => {})
  const read = async () => {
    for (const item of train) await pictures.get(item)
  }
  await expect(read()).rejects.toThrow(/^6 of 8 pictures cannot be read, more than 1 %; the last: /)
})

test('pictures stay decoded while there is room', async () => {
  const kept = [10, 20, 30, 40].map((level) => ({ label: `kind ${level % 20}`, picture: pixels(level) }))
  const { train } = trainingSetOf('kept', kept, { seed: 1, validation: 0 })
  const pictures = new Pictures(train.length, () => {}, { cacheBytes: 2 * 3072, unreadable: 0.01 })
  const read = () => Promise.all(train.map((item) => pictures.get(item)))
  const [first, again] = [await read(), await read()]
  expect(again.map((picture, i) => picture === first[i])).toEqual([true, true, false, false])
})
