/** The recipes by name: the files of `recipes/`, each of which says what it follows. */
import { type Changes, replaced } from '../architecture/replace.ts'
import { ArgumentError } from '../errors.ts'
import { recipeFiles } from './generated/recipes.ts'
import { parseRecipe, type Recipe } from './recipe.ts'
import { recipeParts } from './usual.ts'

/** Names of the recipes. */
export const recipeNames: readonly string[] = Object.keys(recipeFiles)

/** A recipe by its name. Throws `ArgumentError` where there is none. */
export function recipeNamed(name: string): Recipe {
  if (!Object.hasOwn(recipeFiles, name)) {
    throw new ArgumentError(
      `there is no recipe "${name}"; there are ${recipeNames.join(', ')}, or name a .json file`,
    )
  }
  return parseRecipe(recipeFiles[name])
}

/**
 * A recipe with some of its fields replaced, by dotted keys: `{ 'schedule.kind': 'cosine', epochs: 20 }`.
 *
 * @throws ConfigError for a field that it does not have, or a value that it cannot take.
 */
export function changedRecipe(recipe: Recipe, changes: Changes): Recipe {
  return parseRecipe(replaced(recipe, changes, recipeParts))
}
