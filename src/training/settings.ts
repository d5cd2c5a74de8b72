/** Reads the settings of a run from its `config.json`. */
import * as v from 'valibot'
import { parseConfig } from '../architecture/config.ts'
import { parsePreprocessing } from '../architecture/preprocessing.ts'
import { CheckpointError } from '../errors.ts'
import { sharedPath } from '../shell.ts'
import type { RunSettings } from './events.ts'
import { parseRecipe } from './recipe.ts'

const count = v.pipe(v.number(), v.integer(), v.minValue(0))
const schema = v.strictObject({
  arch: v.string(),
  config: v.unknown(),
  preprocessing: v.unknown(),
  classes: v.array(v.string()),
  recipeName: v.string(),
  recipe: v.unknown(),
  seed: count,
  from: v.nullable(v.string()),
  teacher: v.nullable(v.string()),
  // Absent from runs of before, which have them in the place of the names.
  sources: v.optional(v.strictObject({ from: v.nullable(v.string()), teacher: v.nullable(v.string()) })),
  dataset: v.strictObject({
    name: v.string(),
    train: count,
    val: count,
    test: count,
    valFrom: v.picklist(['split', 'share', 'none']),
    validation: v.number(),
    fingerprint: v.string(),
  }),
})

function nameOf(path: string | null): string | null {
  return path === null ? null : sharedPath(path)
}

/** Throws `CheckpointError` or `ConfigError` for what is not the settings of a run. */
export function parseSettings(value: unknown, file: string): RunSettings {
  const result = v.safeParse(schema, value)
  if (!result.success) {
    const [issue] = result.issues
    throw new CheckpointError(`${file}: ${v.getDotPath(issue) ?? 'its value'} is not as a run has it`)
  }
  const { config, preprocessing, recipe, sources, ...rest } = result.output
  const { from, teacher } = rest
  return {
    ...rest,
    ...(sources === undefined
      ? { from: nameOf(from), teacher: nameOf(teacher), sources: { from, teacher } }
      : { sources }),
    config: parseConfig(config),
    preprocessing: parsePreprocessing(preprocessing),
    recipe: parseRecipe(recipe),
  }
}
