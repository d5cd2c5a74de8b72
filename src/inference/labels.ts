/** Which class of a model each class of a dataset is. */
import { looseName, shownPath } from '../datasets/dataset.ts'
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
  /** For each class of the dataset, the number of the model's class; undefined for one without pictures that it has not. */
  readonly indices: readonly (number | undefined)[]
  /** What a person should know of how they were matched. */
  readonly notes: readonly string[]
  /**
   * Where classes are called by numbers, and only by their places taken as the model's: the indices that ImageFolder would
   * have given them, which orders folders by their letters: 0, 1, 10, 11, 2.
   */
  readonly byLetters?: readonly number[]
}

interface NamedClasses {
  readonly name: string
  readonly classes: readonly string[]
  /** Numbers of the classes that have pictures; all of them unless given. */
  readonly used?: ReadonlySet<number>
}

/**
 * Matches the dataset's classes, by WordNet id or by name, with the model's: exact names first, then names that only differ
 * in case, marks and the form of their letters. Where the model's classes have no names and are as many, both are taken in
 * their order; so are classes that only have numbers, as those of shards may.
 *
 * @throws DatasetError where the model is one of other classes, or a name could be several of them.
 */
export function matchClasses(
  { name, classes, used }: NamedClasses,
  model: ClassNames & { readonly name: string },
): MatchedClasses {
  const indices = byName(name, classes, model)
  const unknown = classes.filter((_, i) => indices[i] === undefined && (used?.has(i) ?? true))
  if (unknown.length === 0) return { indices, notes: sharedNotes(classes, indices, model) }
  if (classes.every((label, index) => label === String(index)) && classes.length <= model.classes) {
    return inOrder(
      classes,
      'the dataset only numbers its classes; they are taken as the model numbers its own',
    )
  }
  if (model.labels.length === 0 && model.wordnet.length === 0 && classes.length === model.classes) {
    const note = `the model does not name its ${model.classes} classes; they are taken in the order of the dataset`
    return inOrder(classes, note)
  }
  throw new DatasetError(
    `${name}: its classes (${some(unknown)}) are not among the ${model.classes} classes of ${model.name}${
      model.labels.length === 0 ? '' : ` (${some(model.labels)})`
    }; evaluate a model of these classes`,
  )
}

/** By their places, and beside them by those that ImageFolder would have given. */
function inOrder(classes: readonly string[], note: string): MatchedClasses {
  const indices = classes.map((_, index) => index)
  const byLetters = [...classes].sort()
  if (byLetters.every((label, i) => label === classes[i])) return { indices, notes: [note] }
  const places = new Map(byLetters.map((label, index) => [label, index]))
  return { indices, notes: [note], byLetters: classes.map((label) => places.get(label) ?? 0) }
}

function byName(
  dataset: string,
  classes: readonly string[],
  model: ClassNames & { readonly name: string },
): readonly (number | undefined)[] {
  const ids = placesOf(model.wordnet, (id) => id)
  const exact = placesOf(model.labels, (label) => label)
  const loose = placesOf(model.labels, looseName)
  return classes.map((label) => {
    const found = ids.get(label) ?? exact.get(label) ?? loose.get(looseName(label)) ?? []
    const [first, second] = found
    if (second === undefined) return first
    const names = found.map(
      (index) => `${index} "${shownPath(model.labels[index] ?? '')}"${idOf(model, index)}`,
    )
    throw new DatasetError(
      `${dataset}: its class ${shownPath(label)} could be ${names.slice(0, 3).join(' or ')} of ${model.name}; ${
        model.wordnet.length > 0 ? 'call it by the WordNet id' : 'call it exactly as the model does'
      }`,
    )
  })
}

function idOf({ wordnet }: ClassNames, index: number): string {
  const id = wordnet[index] ?? ''
  return id === '' ? '' : ` (${id})`
}

function placesOf(
  names: readonly string[],
  form: (name: string) => string,
): ReadonlyMap<string, readonly number[]> {
  const places = new Map<string, number[]>()
  names.forEach((name, index) => {
    if (name === '') return
    const list = places.get(form(name)) ?? []
    list.push(index)
    places.set(form(name), list)
  })
  return places
}

/** Two classes of the dataset that are one of the model's. */
function sharedNotes(
  classes: readonly string[],
  indices: readonly (number | undefined)[],
  { labels }: ClassNames,
): readonly string[] {
  const first = new Map<number, string>()
  const notes = classes.flatMap((label, i) => {
    const index = indices[i]
    if (index === undefined) return []
    const before = first.get(index)
    if (before === undefined) first.set(index, label)
    return before === undefined
      ? []
      : [
          `the classes "${shownPath(before)}" and "${shownPath(label)}" are both taken as the model's "${shownPath(labels[index] ?? String(index))}"`,
        ]
  })
  return notes.length <= toldPairs
    ? notes
    : [...notes.slice(0, toldPairs), `and ${notes.length - toldPairs} more such pairs`]
}

const toldPairs = 3

function some(names: readonly string[]): string {
  const shown = names.slice(0, 3).map(shownPath).join(', ')
  return names.length > 3 ? `${shown}, ...` : shown
}
