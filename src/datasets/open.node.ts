/** Opens datasets and picture collections from disk: folders and tar archives. */
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { DatasetError, ImageError } from '../errors.ts'
import { pictureLimits } from '../images/picture.ts'
import { openArchive } from './archive.node.ts'
import { arrange, type Dataset, type DatasetFile, isPicturePath } from './dataset.ts'

/**
 * A folder of class folders, or a `.tar` of one, perhaps with `train/`, `val/` or `test/` above the classes. Without a
 * split, `val` is taken, or else `test`.
 *
 * @throws DatasetError for what is no dataset.
 */
export async function openDataset(
  path: string,
  { split }: { readonly split?: string } = {},
): Promise<Dataset> {
  const name = basename(path)
  if (await isFolder(path, 'dataset')) {
    return { ...arrange(name, await filesIn(path), split), close: async () => undefined }
  }
  const archive = await openArchive(path)
  try {
    return { ...arrange(name, archive.files, split), close: archive.close }
  } catch (error) {
    await archive.close()
    throw error
  }
}

/** A picture that was named, or found where a folder or archive was named. */
export interface ListedPicture {
  readonly file: string
  read(): Promise<Uint8Array>
}

export interface PictureList {
  readonly pictures: readonly ListedPicture[]
  close(): Promise<void>
}

/** The pictures that a path names: a file, those in a folder and below, those in a tar archive. Throws `DatasetError` where there are none. */
export async function listPictures(path: string): Promise<PictureList> {
  const named = (files: readonly DatasetFile[], separator: string) =>
    files
      .filter((file) => isPicturePath(file.path))
      .map((file) => ({ file: `${path}${separator}${file.path}`, read: file.read }))
      .sort((a, b) => (a.file < b.file ? -1 : 1))
  if (await isFolder(path, 'picture')) {
    return some(path, { pictures: named(await filesIn(path), '/'), close: async () => undefined })
  }
  if (!path.toLowerCase().endsWith('.tar')) {
    return { pictures: [{ file: path, read: () => readPicture(path) }], close: async () => undefined }
  }
  const archive = await openArchive(path)
  return some(path, { pictures: named(archive.files, ':'), close: archive.close })
}

async function some(path: string, list: PictureList): Promise<PictureList> {
  if (list.pictures.length > 0) return list
  await list.close()
  throw new DatasetError(`${path}: no pictures (JPEG, PNG, WebP) in it`)
}

async function readPicture(path: string): Promise<Uint8Array> {
  const unread = (error: unknown) => {
    throw new ImageError(`${path}: cannot be read (${codeOf(error)})`, { cause: error })
  }
  const found = await stat(path).catch(unread)
  // A device or pipe has no size to check, and may never end.
  if (!found.isFile()) throw new ImageError(`${path}: not a regular file; give a JPEG, PNG or WebP picture`)
  const { size } = found
  if (size > pictureLimits.fileBytes)
    throw new ImageError(`${path}: ${size} bytes are more than a picture may have`)
  return readFile(path).catch(unread)
}

/** Whether it is a folder rather than a file. A pipe or device is neither: reading one may never end. */
async function isFolder(path: string, what: string): Promise<boolean> {
  const status = await stat(path).catch((error: unknown) => {
    throw new DatasetError(
      ['ENOENT', 'ENOTDIR'].includes(codeOf(error))
        ? `${path}: no such ${what}; give a file, a folder or a .tar`
        : `${path}: cannot be read (${codeOf(error)})`,
      { cause: error },
    )
  })
  if (!status.isDirectory() && !status.isFile())
    throw new DatasetError(`${path}: a pipe or device; give a file, a folder or a .tar`)
  return status.isDirectory()
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}

/** All files below a folder; a link to a file is that file, links to folders are not followed. */
async function filesIn(folder: string): Promise<readonly DatasetFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    throw new DatasetError(`${folder}: cannot be read (${codeOf(error)})`, { cause: error })
  })
  return entries
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .map((entry) => {
      const full = join(entry.parentPath, entry.name)
      const path = full.slice(join(folder, 'x').length - 1).replaceAll('\\', '/')
      return { path, read: () => readPicture(full) }
    })
}
