/** A labelled set of pictures: classes, and items that are read one at a time. */
import { DatasetError } from '../errors.ts'
import type { FileKind } from '../images/kinds.ts'
import type { EncodedPicture, Picture } from '../images/picture.ts'
import { type Split, splitNamed } from './splits.ts'
import { isSystemName } from './system-names.ts'

/** Files of one kind that are not taken as pictures, for instance `HEIC pictures`. */
export interface PassedOver {
  /** What they are, in the plural or singular as their number asks for. */
  readonly what: string
  readonly count: number
  /** The path of one of them. */
  readonly example: string
  /** What to do about them, where something can be done. */
  readonly advice?: string
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
  /** What it is, by its first bytes. */
  kind(): Promise<FileKind>
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
  /** Class folders without a picture that is read; their classes are among the others. */
  readonly lacking: readonly Lacking[]
  /** What lies beside the pictures, those of most files first. */
  readonly passedOver: readonly PassedOver[]
  /** What a person should know of how the dataset was read. */
  readonly notes: readonly string[]
}

export interface CataloguedItem extends DatasetItem {
  readonly split: Split | undefined
}

/** A class folder without a picture that is read. */
export interface Lacking {
  readonly label: string
  readonly split: Split | undefined
  /** Its folder, or its line in a table. */
  readonly place: string
  /** What there is instead: `only 12 HEIC pictures`. */
  readonly why: string
}

/** A catalogue whose files are open. */
export interface OpenCatalogue extends Catalogue {
  close(): Promise<void>
}

/** A picture that was named, or found where a folder or archive was named. */
export interface ListedPicture {
  readonly file: string
  read(): Promise<Uint8Array>
}

export interface PictureList {
  readonly pictures: readonly ListedPicture[]
  /** What lies beside them in the folder or archive. */
  readonly passedOver: readonly PassedOver[]
  readonly notes: readonly string[]
  close(): Promise<void>
}

/** A picture whose class goes by its name. */
export interface Labelled extends Omit<CataloguedItem, 'class'> {
  readonly label: string
}

/**
 * The catalogue of pictures whose classes are known by name: numbered in the order of their letters, as ImageFolder does, or
 * by value where all are whole numbers.
 */
export function catalogueOfLabels(
  name: string,
  pictures: readonly Labelled[],
  lacking: readonly Lacking[] = [],
): Catalogue {
  // An empty folder in another part makes no class that nothing is learnt of.
  const hasTrain = pictures.some(({ split }) => split === 'train')
  const empty = lacking.filter(({ split }) => !hasTrain || split === 'train')
  const labels = [...new Set([...pictures, ...empty].map(({ label }) => label))].sort()
  const isNumbers = labels.every(isWholeNumber)
  const classes = isNumbers ? labels.sort((a, b) => Number(a) - Number(b)) : labels
  const numbers = new Map(classes.map((label, index) => [label, index]))
  const items = pictures.map(({ file, label, split, read }) => ({
    file,
    class: numbers.get(label) ?? 0,
    split,
    read,
  }))
  return { name, classes, items: inOrder(items), ...nothingToTell, lacking, notes: twinNotes(classes) }
}

export function isWholeNumber(label: string): boolean {
  return /^\d{1,9}$/.test(label)
}

/** Names that only differ in how they are written. */
function twinNotes(classes: readonly string[]): readonly string[] {
  const first = new Map<string, string>()
  const notes: string[] = []
  for (const label of classes) {
    const before = first.get(looseName(label))
    if (before === undefined) first.set(looseName(label), label)
    else
      notes.push(
        `the classes ${quoted(before)} and ${quoted(label)} only differ in how they are written, and are two classes; join them if they are one`,
      )
  }
  return notes.length <= 3 ? notes : [...notes.slice(0, 3), `and ${notes.length - 3} more such pairs`]
}

/** Composed letters are told from decomposed ones, which look the same. */
function quoted(label: string): string {
  const form = label === label.normalize('NFC') ? '' : ' (decomposed letters)'
  return `"${shownPath(label)}"${form}`
}

/** `Traffic_Light`, `traffic light` and, with a decomposed letter or not, `Café` and `Café` are loosely the same. */
export function looseName(name: string): string {
  return name
    .normalize('NFC')
    .toLowerCase()
    .replace(/[\s_-]+/g, ' ')
    .trim()
}

/** Of a dataset that holds its pictures and nothing else. */
export const nothingToTell = { lacking: [], passedOver: [], notes: [] } as const

/** Items sorted by class, then by file: the same on every machine. */
export function inOrder(items: readonly CataloguedItem[]): readonly CataloguedItem[] {
  return [...items].sort((a, b) => a.class - b.class || (a.file < b.file ? -1 : a.file > b.file ? 1 : 0))
}

/** The splits that a catalogue has, sorted; none where it is of one piece. */
export function splitsOf({ items }: Pick<Catalogue, 'items'>): readonly Split[] {
  const found = new Set(items.map(({ split }) => split).filter((split) => split !== undefined))
  return [...found].sort()
}

/**
 * One split of a catalogue: the wanted one, otherwise `val`, or else `test`; all of it where it has no splits.
 *
 * @throws DatasetError where there is no such split.
 */
export function takeSplit(catalogue: Catalogue, wanted: string | undefined): Omit<Dataset, 'close'> {
  const { name, classes, items, passedOver } = catalogue
  const splits = splitsOf(catalogue)
  if (splits.length === 0) {
    if (wanted === undefined)
      return { name, classes, split: undefined, items, passedOver, notes: notesOf(catalogue, undefined) }
    throw new DatasetError(`${name}: has no splits, so none is called "${wanted}"; leave --split out`)
  }
  const split =
    wanted === undefined
      ? (['val', 'test'] as const).find((candidate) => splits.includes(candidate))
      : splitNamed(wanted)
  if (split === undefined && wanted === undefined) {
    throw new DatasetError(
      `${name}: has no val or test, only ${splits.join(', ')}; ask for that with --split ${splits[0]}`,
    )
  }
  if (split === undefined || !splits.includes(split)) {
    throw new DatasetError(`${name}: has no split "${wanted}"; it has ${splits.join(', ')}`)
  }
  const taken = items.filter((item) => item.split === split)
  return { name, classes, split, items: taken, passedOver, notes: notesOf(catalogue, split) }
}

/** The catalogue's notes, and those of the class folders of this split that hold no pictures. */
export function notesOf({ notes, lacking }: Catalogue, split: Split | undefined): readonly string[] {
  const own = lacking.filter((one) => one.split === split)
  const more = own.length - toldClasses
  return [
    ...notes,
    ...own
      .slice(0, toldClasses)
      .map(
        ({ label, place, why }) =>
          `class ${shownPath(label)} (${shownPath(place)}) has no pictures that are read: ${why}`,
      ),
    ...(more > 0
      ? [`and ${more} more ${more === 1 ? 'class has' : 'classes have'} no pictures that are read`]
      : []),
  ]
}

/** So many classes are told of by name; of thousands nobody reads a line each. */
const toldClasses = 20

/** Whether a path is one that a system or program put there for itself. */
export function isHidden(path: string): boolean {
  return path.split('/').some((part) => part.startsWith('.') || isSystemName(part))
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
