/**
 * Saves chunks of bytes as a file in Node: under a temporary name in the same folder first, flushed to the disk, then
 * renamed, so that nothing half-written is ever left under the final name. The twin for browsers is `save.browser.ts`.
 */
import { randomUUID } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import { ResourceError, systemCode } from '../errors.ts'

type Chunks = Iterable<Uint8Array> | AsyncIterable<Uint8Array>

/** Throws `ResourceError` where the disk does not take it, and the signal's reason once that fires. Returns the bytes written. */
export async function saveFile(path: string, chunks: Chunks, signal?: AbortSignal): Promise<number> {
  const temporary = `${path}.${randomUUID().slice(0, 8)}.part`
  try {
    const bytes = await writeAll(temporary, chunks, signal)
    signal?.throwIfAborted()
    await rename(temporary, path)
    return bytes
  } catch (error) {
    await rm(temporary, { force: true })
    const code = systemCode(error)
    if (code === undefined) throw error
    throw new ResourceError(
      `${path}: cannot be written (${code}); check the folder, its permissions and the space`,
      {
        cause: error,
      },
    )
  }
}

async function writeAll(path: string, chunks: Chunks, signal: AbortSignal | undefined): Promise<number> {
  const file = await open(path, 'wx')
  try {
    let bytes = 0
    for await (const chunk of chunks) {
      await file.writeFile(chunk, { signal })
      bytes += chunk.byteLength
    }
    await file.sync()
    return bytes
  } finally {
    await file.close()
  }
}
