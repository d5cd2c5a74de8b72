/** What a new run is made of: its settings, and the models that they name. */
import type { Model } from '../checkpoint/model.ts'
import type { TrainingSet } from '../datasets/training-set.ts'
import type { TensorMap } from '../engines/engine.ts'
import { ArgumentError, DatasetError } from '../errors.ts'
import { type ModelSource, type ReadOptions, readModel } from '../inference/load.ts'
import type { RunSettings } from './events.ts'
import { fingerprintOf } from './fingerprints.ts'
import { fewToBeginWith, fittedTo } from './fitting.ts'
import { networkFrom, networkNamed } from './network.ts'
import type { Pictures } from './pictures.ts'
import type { TrainOptions } from './prepare.ts'
import type { Recipe } from './recipe.ts'
import { chooseRecipe, perClassOf } from './recipe-choice.ts'

export const defaultValidation = 0.1

export interface Begun {
  readonly settings: RunSettings
  /** Tensors of the model that it starts from, where there is one. */
  readonly tensors: TensorMap | undefined
  readonly teacher: Model | undefined
  /** What a person should know. */
  readonly notes: readonly string[]
}

/** The short side, in pixels, up to which pictures go to a network for small ones. */
const smallPictures = 64

/** The settings that the options ask for, fitted to the pictures. */
export async function newSettings(
  options: TrainOptions,
  set: TrainingSet,
  pictures: Pictures,
): Promise<Begun> {
  const { seed = 0, from, teacher, validation = defaultValidation, arch, preprocessing: overrides } = options
  const small = await hasSmallPictures(set, pictures)
  const perClass = perClassOf(set)
  const { recipe: usual, recipeName } = chooseRecipe(options, { small, perClass })
  const { recipe, notes } = fittedTo(usual, set.train.length, options.changes)
  checkTeacher(recipeName, recipe, teacher)
  const given = { classes: set.classes, overrides, recipe }
  const start = from === undefined ? undefined : await readModel(from, startOptions(options))
  const taught = teacher === undefined ? undefined : await readModel(teacher)
  const network =
    start === undefined
      ? networkNamed(arch ?? (small ? 'cifar_resnet20' : 'resnet18'), given)
      : networkFrom(start, given)
  const settings = {
    arch: network.arch,
    config: network.config,
    preprocessing: network.preprocessing,
    classes: set.classes,
    recipeName,
    recipe,
    seed,
    from: start === undefined ? null : nameOf(start),
    teacher: taught === undefined ? null : nameOf(taught),
    sources: { from: placeOf(from), teacher: placeOf(teacher) },
    dataset: {
      name: set.name,
      train: set.train.length,
      val: set.val.length,
      test: set.test.length,
      valFrom: set.valFrom,
      validation: set.valFrom === 'none' ? 0 : validation,
      fingerprint: fingerprintOf(set),
    },
  }
  const hopeless = from === undefined ? fewToBeginWith(settings) : []
  return {
    settings,
    tensors: network.tensors,
    teacher: taught,
    notes: [...hopeless, ...(start?.notes ?? []), ...notes],
  }
}

/** A model's own name; with that of its file where a bare checkpoint is only named by its network. */
function nameOf({ name, provenance }: Model): string {
  const file = provenance.get('source')
  return file === undefined || file === name ? name : `${name} (${file})`
}

/** Where it is found again; bytes are nowhere. */
function placeOf(source: ModelSource | undefined): string | null {
  return typeof source === 'string' ? source : null
}

/** What is said of the model that a run starts from. */
export function startOptions({ arch, labels, preprocessing }: TrainOptions): ReadOptions {
  return {
    ...(arch === undefined ? {} : { arch }),
    ...(labels === undefined ? {} : { labels }),
    ...(preprocessing === undefined ? {} : { preprocessing }),
  }
}

async function hasSmallPictures(set: TrainingSet, pictures: Pictures): Promise<boolean> {
  for (const item of set.train) {
    const picture = await pictures.get(item)
    if (picture !== undefined) return Math.min(picture.width, picture.height) <= smallPictures
  }
  throw new DatasetError(`${set.name}: none of its ${set.train.length} training pictures can be read`)
}

function checkTeacher(name: string, { distillation }: Recipe, teacher: ModelSource | undefined): void {
  if (distillation !== null && teacher === undefined)
    throw new ArgumentError(`the recipe ${name} distils; name a teacher`)
  if (distillation === null && teacher !== undefined) {
    throw new ArgumentError(
      `the recipe ${name} does not distil; leave the teacher out, or set its distillation to a weight and a temperature`,
    )
  }
}
