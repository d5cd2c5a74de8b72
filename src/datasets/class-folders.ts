/** Classes by the folders that pictures lie in: `CLASS/FILE`, below `train/`, `val/` or `test/` where there are such. */
import { DatasetError } from '../errors.ts'
import {
  type Catalogue,
  catalogueOfLabels,
  type DatasetFile,
  isPicturePath,
  pictureOf,
  shownPath,
  splitNames,
} from './dataset.ts'

interface Placed {
  readonly file: DatasetFile
  readonly parts: readonly string[]
}

/**
 * Reads classes and splits off the paths of files; folders around all of it are left aside.
 *
 * @throws DatasetError where a picture lies in no class folder, or there are none.
 */
export function catalogueOfFolders(name: string, files: readonly DatasetFile[]): Catalogue {
  const pictures = files.filter(({ path }) => isPicturePath(path))
  if (pictures.length === 0) {
    throw new DatasetError(
      `${name}: no pictures (JPEG, PNG, WebP) among its ${files.length} files; expected a folder for each class, the CIFAR binary files, or shards (.tar)`,
    )
  }
  const placed = withoutWrapping(pictures.map((file) => ({ file, parts: file.path.split('/') })))
  const depth = hasSplits(placed) ? 1 : 0
  const loose = placed.find(({ parts }) => parts.length !== depth + 2)
  if (loose !== undefined) {
    const where = loose.parts.length < depth + 2 ? 'in no class folder' : 'deeper than a class folder'
    throw new DatasetError(
      `${name}: ${shownPath(loose.file.path)} lies ${where}; expected CLASS/FILE, perhaps below train/, val/ or test/`,
    )
  }
  return catalogueOfLabels(
    name,
    placed.map(({ file, parts }) => ({
      file: file.path,
      label: parts[depth] ?? '',
      split: depth === 0 ? undefined : parts[0],
      read: pictureOf(file),
    })),
  )
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

/** Whether the outermost folders are splits: all of them, with folders inside. */
function hasSplits(placed: readonly Placed[]): boolean {
  return placed.every(({ parts }) => parts.length > 2 && splitNames.includes(parts[0] ?? ''))
}
