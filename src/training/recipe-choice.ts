/** Which recipe a run has, where nobody names one. */
import type { TrainingSet } from '../datasets/training-set.ts'
import type { TrainOptions } from './prepare.ts'
import type { Recipe } from './recipe.ts'
import { changedRecipe, recipeNamed } from './recipes.ts'

/** Pictures of a class below which a new head on fixed features does better than training everything. */
const fewPictures = 100

export function chooseRecipe(
  { recipe, from, changes = {} }: TrainOptions,
  { small, perClass }: { readonly small: boolean; readonly perClass: number },
): { readonly recipe: Recipe; readonly recipeName: string } {
  if (typeof recipe === 'object') return { recipe, recipeName: 'its own' }
  const { 'fineTuning.frozen': frozen = 'backbone' } = changes
  const adapting = perClass < fewPictures && frozen === 'backbone' ? 'features' : 'fine-tune'
  const name = recipe ?? (from !== undefined ? adapting : small ? 'one-cycle' : 'photos')
  return { recipe: recipeNamed(name), recipeName: name }
}

/** The recipe of a run that starts from a model. */
export function recipeFor(options: TrainOptions, set: TrainingSet): Recipe {
  const { recipe } = chooseRecipe(options, { small: false, perClass: perClassOf(set) })
  return changedRecipe(recipe, options.changes ?? {})
}

/** Pictures of a class that can be learnt from, those that were set apart too. */
export function perClassOf({ train, val, valFrom, classes }: TrainingSet): number {
  return (train.length + (valFrom === 'share' ? val.length : 0)) / classes.length
}
