/** The command that trains the same network again. */
import type { RunSettings } from '../events.ts'
import { recipeNamed, recipeNames } from '../recipes.ts'

/** Whether the recipe is one of the package's, with changes perhaps; another must be at hand as a file. */
export function hasNamedRecipe({ recipeName }: RunSettings): boolean {
  return recipeNames.includes(recipeName)
}

/** One line for a shell. A recipe that has no name is to be kept as `recipe.json`. */
export function repeatCommand(settings: RunSettings): string {
  const { dataset, arch, from, teacher, seed } = settings
  const words = [
    ...['resnet', 'train', dataset.name],
    ...(from === null ? ['--arch', arch] : ['--from', from]),
    ...(teacher === null ? [] : ['--teacher', teacher]),
    ...recipeWords(settings),
    ...['--seed', String(seed)],
    ...(dataset.valFrom === 'share' ? ['--validation', String(dataset.validation)] : []),
  ]
  return words.map(quoted).join(' ')
}

function recipeWords(settings: RunSettings): readonly string[] {
  if (!hasNamedRecipe(settings)) return ['--recipe', 'recipe.json']
  const { recipeName, recipe } = settings
  const changes = changesOf(recipeNamed(recipeName), recipe, '')
  return ['--recipe', recipeName, ...changes.flatMap((change) => ['--set', change])]
}

/** `key=value` of each field that differs. Objects with other fields than before are given as a whole. */
function changesOf(before: unknown, now: unknown, key: string): readonly string[] {
  if (JSON.stringify(before) === JSON.stringify(now)) return []
  const [fields, own] = [fieldsOf(before), fieldsOf(now)]
  const sameFields =
    fields !== undefined && own?.size === fields.size && [...own.keys()].every((name) => fields.has(name))
  if (!sameFields) return [`${key}=${typeof now === 'string' ? now : JSON.stringify(now)}`]
  return [...own].flatMap(([name, value]) =>
    changesOf(fields.get(name), value, key === '' ? name : `${key}.${name}`),
  )
}

function fieldsOf(value: unknown): ReadonlyMap<string, unknown> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  return new Map<string, unknown>(Object.entries(value))
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
