/** Which class of a model each class of a dataset is. */
import { DatasetError } from '../errors.ts'

export interface ClassNames {
  /** What the model's classes are called, in order; empty where nobody knows. */
  readonly labels: readonly string[]
  /** WordNet ids of the model's classes, where it is a model of ImageNet's. */
  readonly wordnet: readonly string[]
  /** Number of the model's classes. */
  readonly classes: number
}

export interface MatchedClasses {
  /** For each class of the dataset, the number of the model's class. */
  readonly indices: readonly number[]
  /** What a person should know of how they were matched. */
  readonly notes: readonly string[]
}

/**
 * Matches the dataset's classes, by WordNet id or by name, with the model's. Where the model's classes have no names and
 * are as many, both are taken in their order; so are classes that only have numbers, as those of shards may.
 *
 * @throws DatasetError where the model is one of other classes.
 */
export function matchClasses(
  dataset: { readonly name: string; readonly classes: readonly string[] },
  model: ClassNames & { readonly name: string },
): MatchedClasses {
  const { classes } = dataset
  const byName = namesOf(model)
  const indices = classes.map((name) => byName.get(normalised(name)))
  const known = indices.filter((index) => index !== undefined)
  if (known.length === classes.length) return { indices: known, notes: [] }
  if (classes.every((name, index) => name === String(index)) && classes.length <= model.classes) {
    return {
      indices: classes.map(Number),
      notes: ['the dataset only numbers its classes; they are taken as the model numbers its own'],
    }
  }
  if (model.labels.length === 0 && model.wordnet.length === 0 && classes.length === model.classes) {
    return {
      indices: classes.map((_, index) => index),
      notes: [
        `the model does not name its ${model.classes} classes; they are taken in the order of the dataset`,
      ],
    }
  }
  const unknown = classes.filter((_, index) => indices[index] === undefined)
  throw new DatasetError(
    `${dataset.name}: its classes (${some(unknown)}) are not among the ${model.classes} classes of ${model.name}${
      model.labels.length === 0 ? '' : ` (${some(model.labels)})`
    }; evaluate a model of these classes`,
  )
}

function namesOf({ labels, wordnet }: ClassNames): ReadonlyMap<string, number> {
  const names = new Map<string, number>()
  const add = (list: readonly string[]) => {
    list.forEach((name, index) => {
      if (!names.has(normalised(name))) names.set(normalised(name), index)
    })
  }
  add(wordnet)
  add(labels)
  return names
}

/** `Traffic_Light` and `traffic light` are the same class. */
function normalised(name: string): string {
  return name
    .toLowerCase()
    .replace(/[\s_-]+/g, ' ')
    .trim()
}

function some(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(', ')
  return names.length > 3 ? `${shown}, ...` : shown
}
