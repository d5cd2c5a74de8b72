/** What a path names, in Node. */
import { readFile, stat } from 'node:fs/promises'
import { ImageError } from '../errors.ts'
import { pictureLimits } from '../images/picture.ts'

export type PathKind = 'file' | 'folder' | 'missing'

/** Whether a path names a file (or something else that is no folder), a folder, or nothing. */
export async function pathKind(path: string): Promise<PathKind> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file'
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    // What cannot be looked at is opened all the same: that says why it cannot be read.
    return code === 'ENOENT' || code === 'ENOTDIR' ? 'missing' : 'file'
  }
}

/** The bytes of a picture's file. Throws `ImageError` where there is none, or one too large to be a picture. */
export async function readPicture(path: string): Promise<Uint8Array> {
  const status = await stat(path).catch(() => undefined)
  if (status === undefined) throw new ImageError(`${path}: no such file`)
  if (status.isDirectory()) throw new ImageError(`${path}: a folder, not a picture`)
  // A device or pipe has no size to check, and may never end.
  if (!status.isFile()) throw new ImageError(`${path}: not a regular file; give a picture`)
  if (status.size > pictureLimits.fileBytes)
    throw new ImageError(`${path}: ${status.size} bytes are more than a picture may have`)
  return readFile(path).catch((error: unknown) => {
    throw new ImageError(
      `${path}: cannot be read (${error instanceof Error ? error.message : String(error)})`,
      { cause: error },
    )
  })
}
