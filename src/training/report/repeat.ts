/** The command that trains the same network again, and what sets its recipe apart from the named one. */
import { preprocessingNamed } from '../../architecture/preprocessing.ts'
import { variantNamed } from '../../architecture/variants.ts'
import { shellPath, shellWord } from '../../shell.ts'
import type { RunSettings } from '../events.ts'
import { recipeNamed, recipeNames } from '../recipes.ts'
import type { Places } from './data.ts'

/** Whether the recipe is one of the package's, with changes perhaps; another must be at hand as a file. */
export function hasNamedRecipe({ recipeName }: RunSettings): boolean {
  return recipeNames.includes(recipeName)
}

/** One line for a shell. A recipe that has no name is to be kept as `recipe.json`. */
export function repeatCommand(settings: RunSettings, places: Places): string {
  const { dataset, arch, from, teacher, seed } = settings
  const words = [
    ...(from === null ? ['--arch', arch] : ['--from', places.from ?? from]),
    ...(teacher === null ? [] : ['--teacher', places.teacher ?? teacher]),
    ...recipeWords(settings),
    ...['--seed', String(seed)],
    ...(dataset.valFrom === 'split' ? [] : ['--validation', String(dataset.validation)]),
    ...preprocessingWords(settings),
  ]
  return ['resnet train', shellPath(places.data), ...words.map(shellWord)].join(' ')
}

export interface Change {
  /** Dotted. */
  readonly key: string
  readonly before: unknown
  readonly now: unknown
}

/** The fields in which the run's recipe differs from the one whose name it has; none where that has no name. */
export function recipeChanges(settings: RunSettings): readonly Change[] {
  const { recipeName, recipe } = settings
  return hasNamedRecipe(settings) ? changesOf(recipeNamed(recipeName), recipe, '') : []
}

function recipeWords(settings: RunSettings): readonly string[] {
  if (!hasNamedRecipe(settings)) return ['--recipe', 'recipe.json']
  const changes = recipeChanges(settings).map(
    ({ key, now }) => `${key}=${typeof now === 'string' ? now : JSON.stringify(now)}`,
  )
  return ['--recipe', settings.recipeName, ...changes.flatMap((change) => ['--set', change])]
}

/** What the network's pictures go through otherwise than is usual for it; a model's own way is the model's. */
function preprocessingWords({ from, arch, preprocessing }: RunSettings): readonly string[] {
  if (from !== null) return []
  const variant = variantNamed(arch)
  const usual = preprocessingNamed(variant.preprocessing, variant.config.input)
  const { resize, crop, mean, std, channels, interpolation } = preprocessing
  const words = [
    ['mean', mean.join(','), usual.mean.join(',')],
    ['std', std.join(','), usual.std.join(',')],
    ['channels', channels, usual.channels],
    ['crop', crop.join('x'), usual.crop.join('x')],
    ['resize', sideOf(resize), sideOf(usual.resize)],
    ['interpolation', interpolation, usual.interpolation],
  ] as const
  return words.flatMap(([name, own, others]) => (own === others ? [] : [`--${name}`, own]))
}

function sideOf({ kind, size }: RunSettings['preprocessing']['resize']): string {
  return kind === 'squash' ? `squash:${size}` : String(size)
}

/** Each field that differs. Objects with other fields than before are given as a whole. */
function changesOf(before: unknown, now: unknown, key: string): readonly Change[] {
  if (JSON.stringify(before) === JSON.stringify(now)) return []
  const [fields, own] = [fieldsOf(before), fieldsOf(now)]
  const sameFields =
    fields !== undefined && own?.size === fields.size && [...own.keys()].every((name) => fields.has(name))
  if (!sameFields) return [{ key, before, now }]
  return [...own].flatMap(([name, value]) =>
    changesOf(fields.get(name), value, key === '' ? name : `${key}.${name}`),
  )
}

function fieldsOf(value: unknown): ReadonlyMap<string, unknown> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  return new Map<string, unknown>(Object.entries(value))
}
