/**
 * The entries of a zip file by name, through zip.js: the directory at the file's end is read and checked, contents are
 * located by their local headers and read by range.
 */
import { Reader, ZipReader } from '@zip.js/zip.js'
import { CheckpointError } from '../../errors.ts'
import type { ByteSource } from '../bytes.ts'
import { limits } from './limits.ts'
import { quote } from './names.ts'
import type { ByteRange } from './torch-tensors.ts'

export interface ZipArchive {
  readonly names: readonly string[]
  /** Where an entry's bytes lie; it must be stored without compression. */
  locate(name: string): Promise<ByteRange>
  /** An entry's bytes, inflated where they are compressed; at most `most` of them. */
  content(name: string, most: number): Promise<Uint8Array>
}

interface Entry {
  readonly filename: string
  readonly offset: number
  readonly compressedSize: number
  readonly uncompressedSize: number
  readonly compressionMethod: number
  readonly encrypted: boolean
  getData?(
    writable: WritableStream,
    options: { useWebWorkers: boolean; checkSignature: boolean },
  ): Promise<unknown>
}

const stored = 0
const localHeader = 30

/** zip.js reads through this; a directory that claims more than the limit is refused before memory is taken. */
class SourceReader extends Reader<ByteSource> {
  readonly #source: ByteSource

  constructor(source: ByteSource) {
    super(source)
    this.#source = source
    this.size = source.size
  }

  override async readUint8Array(index: number, length: number): Promise<Uint8Array> {
    const asked = Math.min(length, this.size - index)
    if (asked > limits.pickleBytes)
      throw new CheckpointError(`${this.#source.name}: its directory is too long`)
    return this.#source.read(index, asked)
  }
}

/** Reads the directory. Throws `CheckpointError` on a damaged, ambiguous, encrypted or overfull archive. */
export async function readZip(source: ByteSource): Promise<ZipArchive> {
  const entries = await guard(source, () => readEntries(source))
  const find = (name: string) => {
    const entry = entries.get(name)
    if (entry === undefined)
      throw new CheckpointError(`${source.name}: its zip lacks the entry ${quote(name)}`)
    return entry
  }
  return {
    names: [...entries.keys()],
    locate: (name) => locate(source, find(name)),
    async content(name, most) {
      const entry = find(name)
      if (entry.uncompressedSize > most) {
        throw new CheckpointError(
          `${source.name}: its entry ${quote(name)} claims ${entry.uncompressedSize} bytes; at most ${most} are read`,
        )
      }
      if (entry.compressionMethod === stored) {
        const range = await locate(source, entry)
        return source.read(range.offset, range.bytes)
      }
      return guard(source, () => inflate(source, entry))
    },
  }
}

async function readEntries(source: ByteSource): Promise<Map<string, Entry>> {
  const reader = new ZipReader(new SourceReader(source))
  const entries = new Map<string, Entry>()
  let total = 0
  for await (const entry of reader.getEntriesGenerator()) {
    total += entry.uncompressedSize
    if (entry.encrypted)
      throw new CheckpointError(`${source.name}: its zip is encrypted; unpack and save it plainly`)
    if (entries.size >= limits.storages || total > source.size + limits.zipExcessBytes) {
      throw new CheckpointError(
        `${source.name}: its zip claims more than it can hold (${entries.size + 1} entries, ${total} bytes in a file of ${source.size})`,
      )
    }
    if (entry.uncompressedSize > limits.zipRatio * Math.max(entry.compressedSize, 1)) {
      throw new CheckpointError(
        `${source.name}: its entry ${quote(entry.filename)} claims to unpack to ${entry.uncompressedSize} bytes from ${entry.compressedSize}, a zip bomb`,
      )
    }
    if (entries.has(entry.filename)) {
      throw new CheckpointError(`${source.name}: its zip has the entry ${quote(entry.filename)} twice`)
    }
    entries.set(entry.filename, entry)
  }
  return entries
}

/** The local header says where the data begins: PyTorch aligns storages by a field that the directory does not have. */
async function locate(source: ByteSource, entry: Entry): Promise<ByteRange> {
  const where = `${source.name}: its entry ${quote(entry.filename)}`
  if (entry.compressionMethod !== stored || entry.compressedSize !== entry.uncompressedSize) {
    throw new CheckpointError(
      `${where} is compressed, which PyTorch does not do; load the file with PyTorch and save it again`,
    )
  }
  const bytes = await source.read(entry.offset, localHeader)
  const view = new DataView(bytes.buffer, bytes.byteOffset, localHeader)
  if (view.getUint32(0, true) !== 0x04034b50 || view.getUint16(8, true) !== stored) {
    throw new CheckpointError(`${where} does not begin where the directory says; the file is damaged`)
  }
  const offset = entry.offset + localHeader + view.getUint16(26, true) + view.getUint16(28, true)
  if (offset + entry.uncompressedSize > source.size) {
    throw new CheckpointError(`${where} reaches beyond the end of the file; it is truncated`)
  }
  return { offset, bytes: entry.uncompressedSize }
}

/** Declared sizes may lie: the bytes are counted as they come. */
async function inflate(source: ByteSource, entry: Entry): Promise<Uint8Array> {
  const result = new Uint8Array(entry.uncompressedSize)
  const lie = new CheckpointError(
    `${source.name}: its entry ${quote(entry.filename)} does not unpack to the ${result.length} bytes it claims`,
  )
  let length = 0
  const sink = new WritableStream<Uint8Array>({
    write(chunk) {
      if (length + chunk.byteLength > result.length) throw lie
      result.set(chunk, length)
      length += chunk.byteLength
    },
  })
  await entry.getData?.(sink, { useWebWorkers: false, checkSignature: false })
  if (length !== result.length) throw lie
  return result
}

/** Errors of zip.js as ours. */
async function guard<T>(source: ByteSource, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof CheckpointError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new CheckpointError(
      `${source.name}: its zip cannot be read (${reason}); it is truncated or damaged`,
      {
        cause: error,
      },
    )
  }
}
