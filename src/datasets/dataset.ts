/** A labelled set of pictures: classes, and items that are read one at a time. */
import { DatasetError } from '../errors.ts'

export interface DatasetItem {
  /** Path within the dataset: a label, never opened as a path. */
  readonly file: string
  /** Number of its class. */
  readonly class: number
  /** The picture's encoded bytes. */
  read(): Promise<Uint8Array>
}

export interface Dataset {
  readonly name: string
  /** Names of the classes, sorted. */
  readonly classes: readonly string[]
  /** The split that was taken, where the dataset has splits. */
  readonly split: string | undefined
  /** Sorted by class, then by file. */
  readonly items: readonly DatasetItem[]
  close(): Promise<void>
}

/** One file of a folder or archive. */
export interface DatasetFile {
  /** Path with `/` between its parts. */
  readonly path: string
  read(): Promise<Uint8Array>
}

export const splitNames: readonly string[] = ['train', 'val', 'validation', 'test']

const pictureEnding = /\.(jpe?g|png|webp)$/i

/** Whether a path is that of a picture: by its ending, hidden files left out. */
export function isPicturePath(path: string): boolean {
  const parts = path.split('/')
  return pictureEnding.test(path) && !parts.some((part) => part.startsWith('.') || part === '__MACOSX')
}

/**
 * Reads classes off the folders that files lie in: `CLASS/FILE`, below `train/`, `val/` or `test/` where there are such,
 * and below one folder around all of it.
 *
 * @throws DatasetError where the folders say something else, or the split is missing.
 */
export function arrange(
  name: string,
  files: readonly DatasetFile[],
  wanted: string | undefined,
): Omit<Dataset, 'close'> {
  const pictures = files.filter(({ path }) => isPicturePath(path))
  if (pictures.length === 0) {
    throw new DatasetError(
      `${name}: no pictures (JPEG, PNG, WebP) among its ${files.length} files; expected a folder for each class`,
    )
  }
  const placed = withoutWrapping(pictures.map((file) => ({ file, parts: file.path.split('/') })))
  const { split, inside } = chooseSplit(name, placed, wanted)
  const loose = inside.find(({ parts }) => parts.length !== 2)
  if (loose !== undefined) {
    const where = loose.parts.length < 2 ? 'in no class folder' : 'deeper than a class folder'
    throw new DatasetError(
      `${name}: ${shownPath(loose.file.path)} lies ${where}; expected CLASS/FILE, perhaps below train/, val/ or test/`,
    )
  }
  const classes = classesOf(placed, split)
  const numbers = new Map(classes.map((label, index) => [label, index]))
  const items = inside
    .map(({ file, parts }) => ({ file: file.path, class: numbers.get(parts[0] ?? '') ?? 0, read: file.read }))
    .sort((a, b) => a.class - b.class || (a.file < b.file ? -1 : 1))
  return { name, classes, split, items }
}

/** The classes of all splits, so that one which a split lacks does not move the numbers of the others. */
function classesOf(placed: readonly Placed[], split: string | undefined): readonly string[] {
  const at = split === undefined ? 0 : 1
  return [
    ...new Set(placed.filter(({ parts }) => parts.length === at + 2).map(({ parts }) => parts[at] ?? '')),
  ].sort()
}

interface Placed {
  readonly file: DatasetFile
  readonly parts: readonly string[]
}

/** A path from outside, short and on one line. */
export function shownPath(path: string): string {
  const line = path.replace(/\p{Cc}+/gu, '?')
  return line.length <= 200 ? line : `${line.slice(0, 200)}...`
}

/** Drops the folders that are around everything and are neither a class nor a split. */
function withoutWrapping(placed: readonly Placed[]): readonly Placed[] {
  const outer = placed[0]?.parts ?? []
  const wraps = (depth: number, folder: string) =>
    !splitNames.includes(folder) &&
    placed.every(({ parts }) => parts[depth] === folder && parts.length - depth > 2)
  // Counted first and cut once: paths from outside may be deep.
  let depth = 0
  for (const folder of outer) {
    if (!wraps(depth, folder)) break
    depth++
  }
  return depth === 0 ? placed : placed.map(({ file, parts }) => ({ file, parts: parts.slice(depth) }))
}

function chooseSplit(
  name: string,
  placed: readonly Placed[],
  wanted: string | undefined,
): { readonly split: string | undefined; readonly inside: readonly Placed[] } {
  const outer = [...new Set(placed.map(({ parts }) => (parts.length > 2 ? (parts[0] ?? '') : '')))]
  const splits = outer.every((folder) => splitNames.includes(folder)) ? outer.sort() : []
  if (splits.length === 0) {
    if (wanted === undefined) return { split: undefined, inside: placed }
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
  const inside = placed.filter(({ parts }) => parts[0] === split)
  return { split, inside: inside.map(({ file, parts }) => ({ file, parts: parts.slice(1) })) }
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
