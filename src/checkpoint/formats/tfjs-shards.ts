/** The shards of one group of weights as one run of bytes; a weight may lie across the border of two. */
import { CheckpointError } from '../../errors.ts'
import { type ByteSource, checkInnerPath, checkRange, type Folder } from '../bytes.ts'

interface Shard {
  readonly path: string
  /** Where it begins in the run. */
  readonly begin: number
  readonly size: number
}

/**
 * Checks that all shards are there and hold `bytes` together. They are opened again for each read, so that a network of
 * hundreds of shards does not hold hundreds of files open. Throws `CheckpointError`.
 */
export async function openShards(
  folder: Folder,
  paths: readonly string[],
  bytes: number,
): Promise<ByteSource> {
  const shards: Shard[] = []
  let end = 0
  for (const path of paths) {
    const file = await folder.open(checkInnerPath(folder.name, path))
    await file.close()
    shards.push({ path, begin: end, size: file.size })
    end += file.size
  }
  const name =
    paths.length === 1 ? `${folder.name}: ${paths[0]}` : `${folder.name}: ${paths[0]} to ${paths.at(-1)}`
  if (end !== bytes) {
    throw new CheckpointError(
      `${name} ${paths.length === 1 ? 'holds' : 'together hold'} ${end} bytes, model.json asks for ${bytes}; a shard is ${end < bytes ? 'missing or too short' : 'too long'}`,
    )
  }
  return {
    name,
    size: bytes,
    async read(offset, length) {
      checkRange(name, bytes, offset, length)
      return readAcross(folder, shards, offset, length)
    },
    async close() {},
  }
}

async function readAcross(
  folder: Folder,
  shards: readonly Shard[],
  offset: number,
  length: number,
): Promise<Uint8Array> {
  const result = new Uint8Array(length)
  for (const { path, begin, size } of shards) {
    const from = Math.max(offset, begin)
    const to = Math.min(offset + length, begin + size)
    if (from >= to) continue
    const file = await folder.open(path)
    try {
      result.set(await file.read(from - begin, to - from), from - offset)
    } finally {
      await file.close()
    }
  }
  return result
}
