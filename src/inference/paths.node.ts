/** What a path names, in Node. */
import { stat } from 'node:fs/promises'

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
