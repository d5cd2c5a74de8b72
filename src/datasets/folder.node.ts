/** Folders of the disk, to be walked. The user's own links are followed, wherever they lead. */
import { open, readdir, readFile, realpath, stat } from 'node:fs/promises'
import { DatasetError, ImageError, systemCode } from '../errors.ts'
import { type FileKind, headBytes, kindOf } from '../images/kinds.ts'
import { pictureLimits } from '../images/picture.ts'
import type { DatasetFile } from './dataset.ts'
import { type EntryKind, type Tree, type Walked, walk } from './tree.ts'

/** All that a folder and those below it hold. Throws `DatasetError` where it cannot be read. */
export async function walkFolder(folder: string): Promise<Walked> {
  try {
    return await walk(tree, await realpath(folder), () => new DatasetError(`${folder}: too many files`))
  } catch (error) {
    if (systemCode(error) === undefined) throw error
    throw new DatasetError(`${folder}: cannot be read (${systemCode(error)})`, { cause: error })
  }
}

const tree: Tree = {
  async list(real) {
    const entries = await readdir(real, { withFileTypes: true })
    return entries.map((entry) => ({
      name: entry.name,
      kind: entry.isSymbolicLink() ? 'link' : entryKindOf(entry),
    }))
  },
  async follow(real) {
    try {
      const target = await realpath(real)
      return { kind: entryKindOf(await stat(target)), real: target }
    } catch {
      // To nothing, to itself, or to where one may not look.
      return undefined
    }
  },
  file: diskFile,
}

/** Of a folder's entry or a status. */
function entryKindOf(status: { isFile(): boolean; isDirectory(): boolean }): Exclude<EntryKind, 'link'> {
  return status.isFile() ? 'file' : status.isDirectory() ? 'folder' : 'other'
}

/** A file of the disk, which must be no device or pipe: reading one may never end. */
export function diskFile(path: string, real: string): DatasetFile {
  return { path, kind: () => readKind(real), read: (limit) => readPicture(real, limit) }
}

async function readKind(path: string): Promise<FileKind> {
  const handle = await open(path)
  try {
    const bytes = new Uint8Array(headBytes)
    const { bytesRead } = await handle.read(bytes, 0, headBytes, 0)
    return kindOf(bytes.subarray(0, bytesRead))
  } finally {
    await handle.close()
  }
}

/** Throws `ImageError` for what cannot be read, or is too large to be a picture. */
export async function readPicture(
  path: string,
  limit: number = pictureLimits.fileBytes,
): Promise<Uint8Array> {
  const unread = (error: unknown) => {
    throw new ImageError(`${path}: cannot be read (${systemCode(error) ?? error})`, { cause: error })
  }
  const found = await stat(path).catch(unread)
  // A device or pipe has no size to check, and may never end.
  if (!found.isFile()) throw new ImageError(`${path}: not a regular file; give a picture`)
  const { size } = found
  if (size > limit) throw new ImageError(`${path}: ${size} bytes are more than the ${limit} that it may have`)
  return readFile(path).catch(unread)
}
