/** A labelled set of pictures: classes, and items that are read one at a time. */
import { DatasetError } from '../errors.ts'
import type { EncodedPicture, Picture } from '../images/picture.ts'

/** Files of one kind that are not taken as pictures, for instance `HEIC pictures`. */
export interface PassedOver {
  /** What they are, in the plural or singular as their number asks for. */
  readonly what: string
  readonly count: number
  /** The path of one of them. */
  readonly example: string
}

/** A picture of a dataset and its class. */
export interface DatasetItem {
  /** Path within the dataset: a label, never opened as a path. */
  readonly file: string
  /** Number of its class. */
  readonly class: number
  /** The picture in its file, or decoded where the dataset keeps pixels. */
  read(): Promise<EncodedPicture | Picture>
}

export interface Dataset {
  readonly name: string
  /** Names of the classes, by number. */
  readonly classes: readonly string[]
  /** The split that was taken, where the dataset has splits. */
  readonly split: string | undefined
  /** Sorted by class, then by file. */
  readonly items: readonly DatasetItem[]
  /** What lies beside the pictures, those of most files first. */
  readonly passedOver: readonly PassedOver[]
  /** What a person should know of how the dataset was read. */
  readonly notes: readonly string[]
  close(): Promise<void>
}

/** One file of a folder or archive. */
export interface DatasetFile {
  /** Path with `/` between its parts. */
  readonly path: string
  /** Its bytes; no more than a picture may have, or than `limit`. */
  read(limit?: number): Promise<Uint8Array>
}

/** All that a folder, archive or list holds, before a split is chosen. */
export interface Catalogue {
  readonly name: string
  /** Names of the classes of all splits, by number: one that a split lacks does not move the numbers of the others. */
  readonly classes: readonly string[]
  /** Sorted by class, then by file; either all of them are in a split, or none. */
  readonly items: readonly CataloguedItem[]
  /** What lies beside the pictures, those of most files first. */
  readonly passedOver: readonly PassedOver[]
  /** What a person should know of how the dataset was read. */
  readonly notes: readonly string[]
}

export interface CataloguedItem extends DatasetItem {
  readonly split: string | undefined
}

/** A catalogue whose files are open. */
export interface OpenCatalogue extends Catalogue {
  close(): Promise<void>
}

export const splitNames: readonly string[] = ['train', 'val', 'validation', 'test']

/** A picture whose class goes by its name. */
export interface Labelled extends Omit<CataloguedItem, 'class'> {
  readonly label: string
}

/** The catalogue of pictures whose classes are known by name: numbered alphabetically, or by value where all are numbers. */
export function catalogueOfLabels(name: string, pictures: readonly Labelled[]): Catalogue {
  const labels = [...new Set(pictures.map(({ label }) => label))]
  const isNumbers = labels.every((label) => /^\d{1,9}$/.test(label))
  const classes = isNumbers ? labels.sort((a, b) => Number(a) - Number(b)) : labels.sort()
  const numbers = new Map(classes.map((label, index) => [label, index]))
  const items = pictures.map(({ file, label, split, read }) => ({
    file,
    class: numbers.get(label) ?? 0,
    split,
    read,
  }))
  return { name, classes, items: inOrder(items), ...nothingToTell }
}

/** Of a dataset that holds its pictures and nothing else. */
export const nothingToTell = { passedOver: [], notes: [] } as const

/** Items sorted by class, then by file: the same on every machine. */
export function inOrder(items: readonly CataloguedItem[]): readonly CataloguedItem[] {
  return [...items].sort((a, b) => a.class - b.class || (a.file < b.file ? -1 : a.file > b.file ? 1 : 0))
}

/** The splits that a catalogue has, sorted; none where it is of one piece. */
export function splitsOf({ items }: Catalogue): readonly string[] {
  const found = new Set(items.map(({ split }) => split).filter((split) => split !== undefined))
  return [...found].sort()
}

/**
 * One split of a catalogue: the wanted one, otherwise `val`, or else `test`; all of it where it has no splits.
 *
 * @throws DatasetError where there is no such split.
 */
export function takeSplit(catalogue: Catalogue, wanted: string | undefined): Omit<Dataset, 'close'> {
  const { name, classes, items, passedOver, notes } = catalogue
  const splits = splitsOf(catalogue)
  if (splits.length === 0) {
    if (wanted === undefined) return { name, classes, split: undefined, items, passedOver, notes }
    throw new DatasetError(`${name}: has no splits, so none is called "${wanted}"; leave --split out`)
  }
  const split = wanted ?? ['val', 'validation', 'test'].find((candidate) => splits.includes(candidate))
  if (split === undefined) {
    throw new DatasetError(
      `${name}: has no val or test, only ${splits.join(', ')}; ask for that with --split ${splits[0]}`,
    )
  }
  if (!splits.includes(split)) {
    throw new DatasetError(`${name}: has no split "${wanted}"; it has ${splits.join(', ')}`)
  }
  return { name, classes, split, items: items.filter((item) => item.split === split), passedOver, notes }
}

const pictureEnding = /\.(jpe?g|png|webp)$/i

/** Whether a path is that of a picture: by its ending, hidden files left out. */
export function isPicturePath(path: string): boolean {
  return pictureEnding.test(path) && !isHidden(path)
}

/** Whether a path is one that a system put there for itself. */
export function isHidden(path: string): boolean {
  return path.split('/').some((part) => part.startsWith('.') || part === '__MACOSX')
}

/** How a file's picture is read. */
export function pictureOf({ path, read }: DatasetFile): () => Promise<EncodedPicture> {
  return async () => ({ file: path, bytes: await read() })
}

/** A path or name from outside, short and on one line. */
export function shownPath(path: string): string {
  const line = path.replace(/\p{Cc}+/gu, '?')
  return line.length <= 200 ? line : `${line.slice(0, 200)}...`
}

/**
 * No more than `limit` items, at even distances in the order of classes and files: every class gets its share, and the
 * same items are taken on every machine.
 */
export function spread<T>(items: readonly T[], limit: number | undefined): readonly T[] {
  if (limit === undefined || limit >= items.length) return items
  return Array.from({ length: limit }, (_, i) => items[Math.floor((i * items.length) / limit)]).filter(
    (item) => item !== undefined,
  )
}
