/**
 * Classes by the folders that pictures lie in, as torchvision's ImageFolder has them: `CLASS/FILE` or deeper, below `train/`,
 * `val/` or `test/` where there are such. Every class folder is accounted for.
 */
import { DatasetError } from '../errors.ts'
import { type Catalogue, catalogueOfLabels, type Lacking, pictureOf, shownPath } from './dataset.ts'
import { Counter, countsText, passedOverText } from './passed-over.ts'
import { type OtherFile, type SortedFiles, sortFiles } from './sorted-files.ts'
import { splitNamed, splitWords } from './splits.ts'
import type { Walked } from './tree.ts'

/** A path, cut at its folders. */
type Parts = readonly string[]

interface Layout {
  /** How many folders are around everything. */
  readonly wrapping: number
  readonly hasSplits: boolean
}

/**
 * Reads classes and splits off the paths of files; folders around all of it are left aside.
 *
 * @throws DatasetError where there are no pictures in class folders, or it is open which folders are classes.
 */
export async function catalogueOfFolders(name: string, walked: Walked): Promise<Catalogue> {
  const { passedOver, emptyFolders } = walked
  const sorted = await sortFiles(walked.files, passedOver)
  const pictures = sorted.pictures.map((file) => ({ file, parts: file.path.split('/') }))
  if (pictures.length === 0) throw noPictures(name, passedOver, emptyFolders)
  const folders = foldersOf(sorted, emptyFolders)
  const notes = [...walked.notes]
  const layout = layoutOf(
    name,
    pictures.map(({ parts }) => parts),
    folders,
    notes,
  )
  const depth = layout.wrapping + (layout.hasSplits ? 1 : 0)
  const labelled = pictures.filter(({ parts }) => parts.length > depth + 1)
  const [loose] = pictures.filter(({ parts }) => parts.length <= depth + 1)
  if (labelled.length === 0) {
    throw new DatasetError(
      `${name}: ${shownPath(loose?.file.path ?? '')} lies in no class folder; expected CLASS/FILE, perhaps below train/, val/ or test/`,
    )
  }
  for (const { file, parts } of pictures) {
    if (parts.length <= depth + 1)
      passedOver.add('picture in no class folder', 'pictures in no class folder', file.path)
  }
  if (labelled.every(({ parts }) => parts.length > depth + 2)) {
    const [first] = labelled
    notes.push(
      `all pictures lie deeper than the class folders, as ${shownPath(first?.file.path ?? '')}, of class ${shownPath(first?.parts[depth] ?? '')}`,
    )
  }
  const lacking = lackingFolders(
    folders,
    labelled.map(({ parts }) => parts),
    { ...layout, depth },
    notes,
  )
  const catalogue = catalogueOfLabels(
    name,
    labelled.map(({ file, parts }) => ({
      file: file.path,
      label: parts[depth] ?? '',
      split: layout.hasSplits ? splitNamed(parts[layout.wrapping] ?? '') : undefined,
      read: pictureOf(file),
    })),
    lacking,
  )
  return { ...catalogue, passedOver: passedOver.list(), notes: [...notes, ...catalogue.notes] }
}

function noPictures(name: string, passedOver: Counter, emptyFolders: readonly string[]): DatasetError {
  const found = passedOver.list()
  const what =
    found.length > 0
      ? `, only ${passedOverText(found)}`
      : emptyFolders.length > 0
        ? `, only empty folders (${emptyFolders.length})`
        : '; it is empty'
  return new DatasetError(
    `${name}: no pictures that are read${what}; expected a folder of pictures for each class, the CIFAR binary files, or shards (.tar)`,
  )
}

/** A folder without pictures of its own that may be a class: what lies there, or nothing. */
interface Folder {
  readonly parts: Parts
  readonly others: readonly OtherFile[]
}

/** Where files lie that are no pictures, and folders without files; each ends with the name of a file, or an empty one. */
function foldersOf({ others }: SortedFiles, emptyFolders: readonly string[]): readonly Folder[] {
  return [
    ...others.map((other) => ({ parts: other.path.split('/'), others: [other] })),
    ...emptyFolders.map((path) => ({ parts: [...path.split('/'), ''], others: [] })),
  ]
}

/** Texts lie beside the classes of many a dataset; a folder of nothing else was never meant as a class. */
function isClassLike({ others }: Folder): boolean {
  return others.every(({ kind }) => kind.one !== 'text file')
}

function layoutOf(
  name: string,
  pictures: readonly Parts[],
  folders: readonly Folder[],
  notes: string[],
): Layout {
  const all = [...pictures, ...folders.filter(isClassLike).map(({ parts }) => parts)]
  const wrapping = wrappingOf(pictures, all)
  const tops = new Map<string, { direct: boolean; deep: boolean }>()
  for (const parts of pictures) {
    const top = parts.length > wrapping + 1 ? parts[wrapping] : undefined
    if (top === undefined) continue
    const found = tops.get(top) ?? { direct: false, deep: false }
    if (parts.length > wrapping + 2) found.deep = true
    else found.direct = true
    tops.set(top, found)
  }
  const named = [...tops.keys()].filter((top) => splitNamed(top) !== undefined)
  const others = [...tops.keys()].filter((top) => splitNamed(top) === undefined)
  if (named.length === 0) return { wrapping, hasSplits: false }
  const isDeep = named.some((top) => tops.get(top)?.deep)
  const [split = ''] = named
  if (others.length > 0 && isDeep) {
    throw new DatasetError(
      `${name}: ${shownPath(others[0] ?? '')}/ lies beside ${split}/, whose folders are classes; a part is called ${splitWords}: rename or move it`,
    )
  }
  if (others.length > 0) {
    notes.push(
      `${split}/ is taken as a class, since it holds pictures and no folders, and lies beside ${shownPath(others[0] ?? '')}/`,
    )
    return { wrapping, hasSplits: false }
  }
  if (!isDeep) {
    throw new DatasetError(
      `${name}: ${split}/ holds pictures that lie in no class folder; expected a folder for each class, as in ${split}/CLASS/FILE`,
    )
  }
  checkTwice(name, named)
  return { wrapping, hasSplits: true }
}

function checkTwice(name: string, named: readonly string[]): void {
  const byPart = new Map<string | undefined, string>()
  for (const folder of named) {
    const part = splitNamed(folder)
    const before = byPart.get(part)
    if (before !== undefined)
      throw new DatasetError(
        `${name}: ${before}/ and ${folder}/ both are names of the same part (${part}); keep one of them, or join them`,
      )
    byPart.set(part, folder)
  }
}

/** The number of folders that are around everything and are neither a class nor a split. */
function wrappingOf(pictures: readonly Parts[], all: readonly Parts[]): number {
  const outer = pictures.find((parts) => parts.length > 1) ?? []
  // Files that lie loose at a level say nothing of its folders.
  const wraps = (depth: number, folder: string) =>
    splitNamed(folder) === undefined &&
    all.every((parts) => parts.length - depth < 2 || parts[depth] === folder) &&
    pictures.every((parts) => parts.length - depth < 2 || parts.length - depth > 2)
  let depth = 0
  for (const folder of outer.slice(0, -1)) {
    if (!wraps(depth, folder)) break
    depth++
  }
  return depth
}

/** The class folders without a picture that is read, and why; folders of texts are told to be none. */
function lackingFolders(
  folders: readonly Folder[],
  pictures: readonly Parts[],
  { wrapping, hasSplits, depth }: Layout & { readonly depth: number },
  notes: string[],
): readonly Lacking[] {
  const placeOf = (parts: Parts) => parts.slice(wrapping, depth + 1).join('/')
  const full = new Set(pictures.map(placeOf))
  const found = new Map<string, { parts: Parts; isClass: boolean; counter: Counter }>()
  for (const folder of folders) {
    const { parts, others } = folder
    const place = placeOf(parts)
    // One that is loose lies in no class folder; so does what lies beside the splits.
    if (parts.length < depth + 2 || full.has(place)) continue
    if (hasSplits && splitNamed(parts[wrapping] ?? '') === undefined) continue
    const entry = found.get(place) ?? { parts, isClass: false, counter: new Counter() }
    entry.isClass ||= isClassLike(folder)
    for (const { path, kind } of others) entry.counter.add(kind.one, kind.many, path, kind.advice)
    found.set(place, entry)
  }
  const lacking: Lacking[] = []
  for (const [folder, { parts, isClass, counter }] of found) {
    const why = counter.list().length === 0 ? 'it is empty' : `only ${countsText(counter.list())}`
    if (!isClass) notes.push(`${shownPath(folder)}/ is taken as no class: there are ${why}`)
    else
      lacking.push({
        label: parts[depth] ?? '',
        split: hasSplits ? splitNamed(parts[wrapping] ?? '') : undefined,
        place: `${folder}/`,
        why,
      })
  }
  return lacking
}
