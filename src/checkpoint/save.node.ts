/**
 * Saves chunks of bytes as a file in Node: under a temporary name in the same folder first, flushed to the disk, then
 * renamed, so that nothing half-written is ever left under the final name. What killed processes left in the folder is
 * removed by the next one that writes there. The twin for browsers is `save.browser.ts`.
 */
import { rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Chunks, partOf, refused, removeLeftParts, writeAll } from '../disk.node.ts'
import { systemCode } from '../errors.ts'

/** Throws `ResourceError` where the disk does not take it, and the signal's reason once that fires. Returns the bytes written. */
export async function saveFile(path: string, chunks: Chunks, signal?: AbortSignal): Promise<number> {
  const temporary = partOf(path)
  try {
    await removeLeftParts(dirname(path))
    const bytes = await writeAll(temporary, chunks, signal)
    signal?.throwIfAborted()
    await rename(temporary, path)
    return bytes
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined)
    throw systemCode(error) === undefined ? error : refused(path, error)
  }
}
