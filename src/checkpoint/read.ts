/**
 * Opens a checkpoint of any format that this package reads, told by its first bytes and never by its name; what it does
 * not read it names, with what to do.
 */
import { CheckpointError } from '../errors.ts'
import type { ByteSource, Folder } from './bytes.ts'
import type { Checkpoint } from './checkpoint.ts'
import { readFolder } from './folder.ts'
import { foreign } from './foreign.ts'
import { readSafetensors } from './formats/safetensors.ts'
import { readTorchLegacy } from './formats/torch-legacy.ts'
import { readTorchZip } from './formats/torch-zip.ts'
import { whole } from './reparametrise.ts'
import { isIndex, readIndex, readShards, shardsOf } from './shards.ts'

interface Kind {
  readonly matches: (start: Uint8Array, text: string) => boolean
  readonly read: (source: ByteSource) => Promise<Checkpoint>
}

/** Enough for the mark of a tar, which stands at 257, and of an HDF5 file with a block before it. */
const peeked = 4096

const torchMagic = '\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19'

const kinds: readonly Kind[] = [
  { matches: (_, text) => text.startsWith('PK\x03\x04'), read: readTorchZip },
  {
    matches: (_, text) => text.startsWith('\x80') && text.slice(0, 32).includes(torchMagic),
    read: readTorchLegacy,
  },
  { matches: isSafetensors, read: readSafetensors },
]

const formats = 'safetensors, PyTorch (.pth, .pt, .bin, .th) and folders with a TensorFlow.js model.json'

/**
 * Reads what a file or folder holds. On failure the source is closed. Throws `CheckpointError` where it is none of the
 * formats, or damaged.
 */
export async function readCheckpoint(from: ByteSource | Folder): Promise<Checkpoint> {
  if ('open' in from) return readFolder(from, readFile)
  const { name, beside } = from
  if (beside !== undefined && isIndex(name)) {
    const index = await readIndex(from).finally(() => from.close())
    return { ...(await readShards(name, index, beside, readFile)), beside }
  }
  const shards = shardsOf(name)
  if (shards === undefined) return readFile(from)
  await from.close()
  if (beside === undefined) {
    throw new CheckpointError(
      `${name}: is one of ${shards.length} shards of a network; name the folder with all of them`,
    )
  }
  return { ...(await readShards(name, { files: shards }, beside, readFile)), beside }
}

async function readFile(from: ByteSource): Promise<Checkpoint> {
  try {
    const start = await from.read(0, Math.min(peeked, from.size))
    const text = String.fromCharCode(...start)
    const kind = kinds.find(({ matches }) => matches(start, text))
    if (kind === undefined) throw unknown(from.name, start, text)
    const checkpoint = whole(await kind.read(from))
    return from.beside === undefined ? checkpoint : { ...checkpoint, beside: from.beside }
  } catch (error) {
    await from.close()
    throw withName(from.name, error)
  }
}

/** What a file is that is not read. */
function unknown(name: string, start: Uint8Array, text: string): CheckpointError {
  const other = foreign.find(({ matches }) => matches(start, text))
  if (other === undefined)
    return new CheckpointError(`${name}: is not a checkpoint of a known format; readable formats: ${formats}`)
  const advice = other.advice === undefined ? '' : `; ${other.advice}`
  return new CheckpointError(`${name}: is ${other.what}; readable formats: ${formats}${advice}`)
}

/** Browsers and other programs name a download so until it is whole. */
const unfinished = /\.(part|partial|crdownload|download|aria2|incomplete|tmp)$/i

/** An error about a file whose name says that it is not whole, with that. */
function withName(name: string, error: unknown): unknown {
  if (!(error instanceof CheckpointError) || !unfinished.test(name)) return error
  return new CheckpointError(`${error.message}; its name says that its download was not finished`, {
    cause: error,
  })
}

/** A length that could be one, then the brace of the header. Lengths beyond the limits are the reader's to refuse. */
function isSafetensors(start: Uint8Array): boolean {
  return start.byteLength >= 9 && start[8] === 0x7b && start[0] !== 0x7b && start[7] === 0
}
