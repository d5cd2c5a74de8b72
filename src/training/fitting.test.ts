import { describe, expect, it, test } from 'vitest'
import { preprocessingNamed } from '../architecture/preprocessing.ts'
import { fewToBeginWith, fittedTo } from './fitting.ts'
import { recipeNamed, recipeNames } from './recipes.ts'

const oneCycle = recipeNamed('one-cycle')
const photos = recipeNamed('photos')

describe('a recipe on few pictures', () => {
  it('is left as it is where there are many', () => {
    expect(fittedTo(oneCycle, 50_000)).toEqual({ recipe: { ...oneCycle, leastSteps: null }, notes: [] })
  })

  it('takes smaller batches, a rate to match, and more epochs, and says so', () => {
    const { recipe, notes } = fittedTo(oneCycle, 360)
    expect(recipe).toMatchObject({ batch: 16, rate: 0.05, epochs: 44, leastSteps: null })
    expect(notes).toEqual([
      '360 training pictures: batch 16, rate 0.05, 44 epochs (1,012 steps) instead of batch 128, rate 0.4, 12 epochs (36 steps)',
    ])
  })

  test.for([
    1, 2, 3, 5, 8, 12, 20, 60, 199, 360, 1000, 4500, 9999, 50_000,
  ])('has a thousand steps of %i, or shows each picture 200 times', (pictures) => {
    for (const usual of [oneCycle, photos]) {
      const { recipe } = fittedTo(usual, pictures)
      const steps = recipe.epochs * Math.ceil(pictures / Math.min(recipe.batch, pictures))
      expect(steps >= 1000 || recipe.epochs === 200).toBe(true)
      expect(recipe.batch).toBeLessThanOrEqual(usual.batch)
      expect(recipe.epochs).toBeGreaterThanOrEqual(usual.epochs)
      expect(recipe.rate).toBeLessThanOrEqual(usual.rate)
      // What it says is all there is: given as a file of its own it gives the same run.
      expect(fittedTo(recipe, pictures)).toEqual({ recipe, notes: [] })
    }
  })

  it('keeps the shares of warm-up and patience', () => {
    const { recipe } = fittedTo(photos, 60)
    expect(recipe.epochs).toBe(125)
    expect(recipe.warmUp?.epochs).toBeCloseTo(3 * (125 / 60), 6)
    expect(recipe.patience).toBe(Math.round(20 * (125 / 60)))
  })

  it('keeps what the user has set, and fits the rest to it', () => {
    expect(fittedTo(oneCycle, 360, { epochs: 5 }).recipe).toMatchObject({ batch: 16, rate: 0.05, epochs: 5 })
    expect(fittedTo(oneCycle, 360, { batch: 64 }).recipe).toMatchObject({
      batch: 64,
      rate: 0.2,
      epochs: 167,
    })
    expect(fittedTo(oneCycle, 360, { rate: 0.7 }).recipe).toMatchObject({ batch: 16, rate: 0.7, epochs: 44 })
    expect(fittedTo(oneCycle, 360, { batch: 1024 }).recipe).toMatchObject({ batch: 1024, rate: 0.4 })
    const all = { batch: 128, rate: 0.4, epochs: 12 }
    expect(fittedTo(oneCycle, 360, all)).toMatchObject({ recipe: all, notes: [] })
    expect(fittedTo(photos, 60, { 'warmUp.epochs': 1, patience: 2 }).recipe).toMatchObject({
      patience: 2,
      warmUp: { epochs: 1 },
    })
    expect(fittedTo(oneCycle, 360, { leastSteps: null }).recipe).toEqual({ ...oneCycle, leastSteps: null })
  })

  it('keeps micro-batches whole parts of the batch', () => {
    const { recipe } = fittedTo(oneCycle, 200, { batch: 96, microBatch: 32 })
    expect(recipe).toMatchObject({ batch: 96, microBatch: 32 })
    expect(fittedTo({ ...oneCycle, batch: 96, microBatch: 32 }, 200).recipe.batch).toBe(96)
    expect(fittedTo({ ...oneCycle, microBatch: 32 }, 200).recipe.batch).toBe(8)
  })

  test.for(
    recipeNames.filter((name) => recipeNamed(name).leastSteps === null),
  )('%s is as it was published, on any number of them', (name) => {
    const { optimiser, batch, epochs, rate } = recipeNamed(name)
    expect(fittedTo(recipeNamed(name), 60).recipe).toMatchObject({ optimiser, batch, epochs, rate })
  })
})

describe('a moving average', () => {
  it('reaches over a tenth of the run at most, and what is shortened is said', () => {
    const tricks = recipeNamed('bag-of-tricks')
    const { recipe, notes } = fittedTo(tricks, 600, { epochs: 40, average: 0.999 })
    expect(recipe.average).toBeCloseTo(1 - 1 / 12, 3)
    expect(notes).toEqual([
      'the moving average of 0.999 reaches over 1,000 steps, and the run has 120: it is shortened to 0.9166',
    ])
    expect(fittedTo(tricks, 600, { epochs: 4, average: 0.999 }).recipe.average).toBeCloseTo(1 / 6, 3)
    expect(fittedTo(tricks, 600, { epochs: 1, average: 0.999 })).toMatchObject({
      recipe: { average: null },
      notes: [expect.stringMatching(/left out$/)],
    })
  })

  it('stays as it is in a long run', () => {
    expect(fittedTo(recipeNamed('cifar10-resnet20'), 50_000)).toMatchObject({
      recipe: { average: 0.998 },
      notes: [],
    })
  })
})

describe('a run from scratch on photographs', () => {
  const settings = (train: number, side: number, recipe = fittedTo(photos, train).recipe) => ({
    classes: ['a', 'b', 'c'],
    dataset: { train },
    preprocessing: preprocessingNamed('torch-imagenet', [side, side]),
    recipe,
  })

  it('is told beforehand that it will learn little, and what to do', () => {
    expect(fewToBeginWith(settings(44, 224))).toEqual([
      '15 photographs a class are too few to train from scratch: expect little, after a long time. --from resnet50.keras_in1k adapts, in minutes, a network that was trained on a million',
    ])
  })

  it('is not where there are many, or they are small', () => {
    expect(fewToBeginWith(settings(600, 224))).toEqual([])
    expect(fewToBeginWith(settings(44, 32))).toEqual([])
  })

  it('is told where a recipe that stays as it was published has few steps', () => {
    expect(fewToBeginWith(settings(600, 32, recipeNamed('bag-of-tricks')))).toEqual([])
    const { recipe } = fittedTo(recipeNamed('bag-of-tricks'), 600, { epochs: 40 })
    expect(fewToBeginWith(settings(600, 32, recipe))).toEqual([
      'the run has 120 steps: enough for a quick look or for easy pictures; for others a network trained from scratch needs about a thousand (more epochs, or a smaller batch)',
    ])
  })
})
