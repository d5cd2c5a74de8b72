import { describe, expect, test } from 'vitest'
import { ConfigError } from '../errors.ts'
import { parseRecipe } from './recipe.ts'
import { changedRecipe, recipeNamed, recipeNames } from './recipes.ts'

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
