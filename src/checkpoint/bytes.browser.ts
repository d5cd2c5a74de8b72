/**
 * The twin of `bytes.node.ts` for browsers, which have no paths: a page reads what a person picked or what it fetched.
 */
import { CheckpointError } from '../errors.ts'
import type { ByteSource, Folder } from './bytes.ts'

/** Always throws `CheckpointError`: pass a `Blob` or bytes (`sourceOfBlob`, `sourceOfBytes`). */
export async function openFile(path: string): Promise<ByteSource> {
  throw noPaths(path)
}

/** Always throws `CheckpointError`: pass a `Folder` whose `open` answers from `Blob`s or bytes. */
export async function openFolder(path: string): Promise<Folder> {
  throw noPaths(path)
}

function noPaths(path: string): CheckpointError {
  return new CheckpointError(`${path}: a browser cannot open a path; pass a Blob or bytes instead`)
}
