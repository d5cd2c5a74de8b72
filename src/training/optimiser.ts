/** What an optimiser's update is told at each step besides the rates and decays of its groups. */
import type { Recipe } from './recipe.ts'

/**
 * The inputs of the `update` graph by name: `scale` clips the gradients to the recipe's greatest norm; `keep` is what the
 * moving average keeps, less at the start so that it soon forgets the first weights.
 */
export function optimiserInputs(
  { optimiser, clip, average }: Recipe,
  at: { readonly step: number; readonly norm: number },
): ReadonlyMap<string, number> {
  const scale = clip === null || at.norm <= clip ? 1 : clip / at.norm
  const keep = average === null ? 0 : Math.min(average, (1 + at.step) / (10 + at.step))
  const own: readonly (readonly [string, number])[] =
    'momentum' in optimiser ? [['momentum', optimiser.momentum]] : [['step', at.step + 1]]
  return new Map([['scale', scale], ['keep', keep], ...own])
}
