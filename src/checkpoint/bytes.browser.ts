/**
 * The twin of `bytes.node.ts` for browsers, which have no paths: a text is the address of a file, relative to the page.
 */
import { fetchedBytes, shortName } from '../bounded/given-bytes.ts'
import { CheckpointError } from '../errors.ts'
import { type ByteSource, type Folder, sourceOfBytes } from './bytes.ts'

/** Fetches a file. Throws `CheckpointError` where the server does not give it. */
export async function openFile(address: string): Promise<ByteSource> {
  const name = shortName(address)
  const rules = { name, limit: Number.POSITIVE_INFINITY, error: CheckpointError }
  return sourceOfBytes(name, await fetchedBytes(address, rules))
}

/** The same: in a page every text is an address. */
export const openAddress: (address: string) => Promise<ByteSource> = openFile

/** Always throws `CheckpointError`: pass a `Folder` whose `open` answers from `Blob`s or bytes. */
export async function openFolder(path: string): Promise<Folder> {
  throw new CheckpointError(
    `${shortName(path)}: a page opens no folder of files; write one file by "resnet convert FOLDER model.safetensors" and give its address`,
  )
}
