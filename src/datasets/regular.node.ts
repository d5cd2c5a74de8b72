/** Opening the files of a dataset. */
import { type FileHandle, open, stat } from 'node:fs/promises'
import { DatasetError } from '../errors.ts'

/** Throws `DatasetError` for a pipe, device or folder, to which a link may lead: reading one may never end. */
export async function openRegular(path: string): Promise<FileHandle> {
  if (!(await stat(path)).isFile()) throw new DatasetError(`${path}: not a regular file`)
  return open(path)
}
