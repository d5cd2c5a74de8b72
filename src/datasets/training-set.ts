/**
 * The pictures of a training: those to learn from, those that choose the best model on the way, and those that judge it once at
 * the end. Where no validation pictures are set apart, a share of the training pictures is, of every class alike.
 */
import { openCatalogue } from '#platform/datasets/open'
import { ArgumentError, DatasetError } from '../errors.ts'
import { type PictureInput, readGiven, staysTheSame } from '../images/given.ts'
import { hashName, randomUniform } from '../ops/random-bits.ts'
import {
  type Catalogue,
  type CataloguedItem,
  catalogueOfLabels,
  type DatasetItem,
  notesOf,
  type PassedOver,
  shownPath,
  splitsOf,
} from './dataset.ts'

export interface TrainingSetOptions {
  /** The share of the training pictures that validates where there is no `val/`, from 0 (none) to below 1; 0.1 unless given. */
  readonly validation?: number
  /** The same seed sets the same pictures apart. */
  readonly seed: number
}

export interface TrainingSet {
  readonly name: string
  /** Names of the classes, by number. */
  readonly classes: readonly string[]
  /** All lists are sorted by class, then by file. */
  readonly train: readonly DatasetItem[]
  readonly val: readonly DatasetItem[]
  readonly test: readonly DatasetItem[]
  /** Where `val` comes from: a split of its own, a share of the training pictures, or there is none. */
  readonly valFrom: 'split' | 'share' | 'none'
  /** What lies beside the pictures and is not taken, by kind, those of most files first. */
  readonly passedOver: readonly PassedOver[]
  /** What a person should know of how the pictures were read. */
  readonly notes: readonly string[]
  /** Closes the files that it reads from. */
  close(): Promise<void>
}

/**
 * Opens a dataset of any kind to train on.
 *
 * @throws DatasetError for what is no dataset, or where a class has nothing to learn from.
 */
export async function openTrainingSet(path: string, options: TrainingSetOptions): Promise<TrainingSet> {
  const catalogue = await openCatalogue(path)
  try {
    return { ...divide(catalogue, options), close: catalogue.close }
  } catch (error) {
    await catalogue.close()
    throw error
  }
}

/** A picture in memory with the name of its class. */
export interface LabelledPicture {
  /** What to call it in messages, and what its place in the validation share goes by. */
  readonly file?: string
  readonly label: string
  /** Whatever `classify` takes. */
  readonly picture: PictureInput
  /** Given for all pictures, or for none. */
  readonly split?: 'train' | 'val' | 'test'
}

/**
 * A training set of pictures in memory, as a page has them.
 *
 * @throws DatasetError where a class has nothing to learn from, or only some pictures are in a split.
 */
export function trainingSetOf(
  name: string,
  pictures: readonly LabelledPicture[],
  options: TrainingSetOptions,
): TrainingSet {
  const labelled = pictures.map(({ label, picture, split, file }, index) => {
    const shown = file ?? `${label}/${index}`
    return { file: shown, label, split, read: readerOf(picture, shown) }
  })
  const loose = labelled.find(({ split }) => split === undefined)
  if (loose !== undefined && labelled.some(({ split }) => split !== undefined)) {
    throw new DatasetError(
      `${name}: ${shownPath(loose.file)} is in no split, but others are; give all of them a split, or none`,
    )
  }
  const catalogue = catalogueOfLabels(name, labelled)
  return { ...divide(catalogue, options), close: async () => undefined }
}

/** What can be read once alone, or may show something else later, is read now. */
function readerOf(picture: PictureInput, file: string): CataloguedItem['read'] {
  if (staysTheSame(picture)) return () => readGiven(picture, file)
  const read = readGiven(picture, file)
  // What is wrong with it is told when the picture is asked for.
  read.catch(() => {})
  return () => read
}

function divide(
  catalogue: Catalogue,
  { validation = 0.1, seed }: TrainingSetOptions,
): Omit<TrainingSet, 'close'> {
  if (!(validation >= 0 && validation < 1))
    throw new ArgumentError(`the share of validation is ${validation}; expected a number from 0 to below 1`)
  const { name, classes, items, passedOver } = catalogue
  const hasSplits = splitsOf(catalogue).length > 0
  const learn = hasSplits ? items.filter(({ split }) => split === 'train') : items
  checkClasses(catalogue, learn, hasSplits)
  const notes = hasSplits ? notesOfParts(catalogue) : catalogue.notes
  const test = items.filter(({ split }) => split === 'test')
  const val = items.filter(({ split }) => split === 'val')
  if (val.length > 0) return { name, classes, train: learn, val, test, valFrom: 'split', passedOver, notes }
  if (validation === 0) return { name, classes, train: learn, val, test, valFrom: 'none', passedOver, notes }
  const apart = setApart(catalogue, learn, validation, seed)
  return {
    name,
    classes,
    train: learn.filter((item) => !apart.has(item)),
    val: learn.filter((item) => apart.has(item)),
    test,
    valFrom: 'share',
    passedOver,
    notes,
  }
}

/** Which classes a part for validation or test knows nothing of: what they come to is not measured. */
function notesOfParts(catalogue: Catalogue): readonly string[] {
  const parts = splitsOf(catalogue).filter((part) => part !== 'train')
  return parts.reduce((notes, part) => {
    const own = new Set(catalogue.items.filter(({ split }) => split === part).map((item) => item.class))
    const missing = catalogue.classes.filter((_, index) => !own.has(index))
    const told = notesOf({ ...catalogue, notes }, part)
    return missing.length === 0 ? told : [...told, `${part} has no pictures of class ${someNames(missing)}`]
  }, catalogue.notes)
}

function checkClasses(
  { name, classes, lacking }: Catalogue,
  learn: readonly CataloguedItem[],
  hasSplits: boolean,
): void {
  if (learn.length === 0)
    throw new DatasetError(
      hasSplits
        ? `${name}: has no train/ to learn from; put the training pictures there`
        : `${name}: has no pictures to learn from`,
    )
  if (classes.length < 2) {
    throw new DatasetError(
      `${name}: has only the class ${shownPath(classes[0] ?? '')}; expected a folder for each of two classes or more`,
    )
  }
  const learnt = new Set(learn.map((item) => item.class))
  const missing = classes.filter((_, index) => !learnt.has(index))
  if (missing.length === 0) return
  const unlearnt = new Set(missing)
  const empty = lacking.filter(({ label, split }) => unlearnt.has(label) && (split ?? 'train') === 'train')
  const shown = empty.slice(0, 3).map(({ place, why }) => `; ${shownPath(place)}: ${why}`)
  throw new DatasetError(
    `${name}: class ${someNames(missing)} has no pictures${hasSplits ? ' in train/' : ''}${shown.join('')}; add some, or take ${hasSplits ? 'the class out of all parts' : 'the folder away'}`,
  )
}

function someNames(names: readonly string[]): string {
  const shown = names.slice(0, 3).map(shownPath).join(', ')
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown
}

/**
 * The share of each class, one picture at least and never all of them. Which ones goes by the seed and each picture's own
 * path, so that a picture more does not move the others.
 */
function setApart(
  { name, classes }: Catalogue,
  learn: readonly CataloguedItem[],
  share: number,
  seed: number,
): ReadonlySet<CataloguedItem> {
  const apart = new Set<CataloguedItem>()
  const byClass = classes.map((): CataloguedItem[] => [])
  for (const item of learn) byClass[item.class]?.push(item)
  for (const [number, items] of byClass.entries()) {
    if (items.length < 2) {
      throw new DatasetError(
        `${name}: class ${shownPath(classes[number] ?? '')} has only one image, and none would be left beside a validation share; add more, or set the share to 0`,
      )
    }
    const count = Math.min(Math.max(Math.round(items.length * share), 1), items.length - 1)
    const drawn = items
      .map((item) => ({ item, chance: randomUniform(seed, hashName(item.file)) }))
      .sort((a, b) => a.chance - b.chance)
    for (const { item } of drawn.slice(0, count)) apart.add(item)
  }
  return apart
}
