import { describe, expect, test } from 'vitest'
import { ConfigError } from '../errors.ts'
import { parseRecipe } from './recipe.ts'
import { changedRecipe, recipeNamed, recipeNames } from './recipes.ts'
import { recipeParts } from './usual.ts'

describe('recipes', () => {
  test.for(recipeNames)('%s reads, and says what it follows', (name) => {
    const recipe = recipeNamed(name)
    expect(recipe.description.length).toBeGreaterThan(20)
    expect(recipe.source).toMatch(/\d{4}/)
    expect(parseRecipe(JSON.parse(JSON.stringify(recipe)))).toEqual(recipe)
  })

  test('are changed by dotted keys', () => {
    const changed = changedRecipe(recipeNamed('one-cycle'), { epochs: 3, 'schedule.rise': 0.5 })
    expect(changed).toMatchObject({ epochs: 3, schedule: { kind: 'one-cycle', rise: 0.5, start: 0.1 } })
  })

  test.for([
    [{ epochs: 0 }, 'epochs'],
    [{ 'optimiser.momentum': 1 }, 'optimiser.momentum'],
    [{ optimiser: { kind: 'magic' } }, 'optimiser.kind'],
    [{ 'augmentation.flip': 2 }, 'augmentation.flip'],
    [{ 'augmentation.crop.padding': 0 }, 'augmentation.crop.padding'],
    [{ batch: 10, microBatch: 3 }, 'microBatch'],
    [{ 'fineTuning.frozen': 'head' }, 'fineTuning.frozen'],
  ] as const)('refuse %o, naming the field', ([changes, key]) => {
    const change = () => changedRecipe(recipeNamed('one-cycle'), changes)
    expect(change).toThrow(ConfigError)
    expect(change).toThrow(new RegExp(`^${key.replaceAll('.', '\\.')}: `))
  })
})

describe('a kind of a recipe that is changed', () => {
  const kinds = recipeParts.flatMap((part) =>
    'kinds' in part ? Object.keys(part.kinds).map((kind) => [part.at, kind] as const) : [],
  )

  test.each(kinds)('%s.kind may be %s in every recipe', (at, kind) => {
    for (const name of recipeNames) {
      const now: unknown = changedRecipe(recipeNamed(name), { [`${at}.kind`]: kind })
      const part = at.split('.').reduce((value: unknown, key) => Reflect.get(Object(value), key), now)
      expect(part, name).toMatchObject({ kind })
    }
  })

  test('what is null takes the usual values beside the one that is given', () => {
    const recipe = recipeNamed('paper-cifar')
    const { warmUp, augmentation } = changedRecipe(recipe, {
      'warmUp.epochs': 2,
      'augmentation.jitter.hue': 0.1,
    })
    expect(warmUp).toEqual({ epochs: 2, from: 0 })
    expect(augmentation.jitter).toEqual({ brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1 })
    const word = () => changedRecipe(recipe, { 'augmentation.policy.magnitude': 3 })
    expect(word).toThrow('set augmentation.policy.kind first, to one of auto-augment, rand-augment')
  })
})
