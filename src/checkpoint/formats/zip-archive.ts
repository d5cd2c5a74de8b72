/**
 * The entries of a zip file by name, as byte sources of their own: stored ones are read by range, deflated ones unpacked
 * when they are first asked for. Each is checked against its checksum before any of its bytes are given out.
 */
import { crc32 } from '#platform/bounded/crc32'
import { piecesOf } from '../../bounded/pieces.ts'
import { CheckpointError, ResourceError } from '../../errors.ts'
import { type ByteSource, checkRange } from '../bytes.ts'
import { limits } from './limits.ts'
import { quote } from './names.ts'
import { readDirectory, type ZipEntry } from './zip-directory.ts'

export interface ZipArchive {
  readonly names: readonly string[]
  /** Whether the archive was written without checksums, as PyTorch does when told so. */
  readonly unchecked: boolean
  /** The bytes of an entry. */
  open(name: string): Promise<ByteSource>
}

const stored = 0
const deflated = 8
const localHeader = 30
/** Bytes of which the checksum is taken at once, where an entry is not wanted as a whole. */
const piece = 2 ** 20

/** Reads the directory. Throws `CheckpointError` on a damaged, ambiguous, encrypted or overfull archive. */
export async function readZip(source: ByteSource): Promise<ZipArchive> {
  const entries = checkEntries(source, await readDirectory(source))
  const filled = [...entries.values()].filter(({ bytes }) => bytes > 0)
  const unchecked = filled.length > 0 && filled.every(({ crc }) => crc === 0)
  const open = async (name: string) => {
    const entry = entries.get(name)
    if (entry === undefined)
      throw new CheckpointError(`${source.name}: its zip lacks the entry ${quote(name)}`)
    return openEntry(source, entry, !unchecked)
  }
  return {
    names: [...entries.keys()],
    unchecked,
    open,
  }
}

function checkEntries(source: ByteSource, entries: readonly ZipEntry[]): ReadonlyMap<string, ZipEntry> {
  const byName = new Map<string, ZipEntry>()
  let total = 0
  for (const entry of entries) {
    const { name, method, bytes, compressed } = entry
    const where = `${source.name}: its entry ${quote(name)}`
    total += bytes
    if (compressed > source.size || total > source.size + limits.zipExcessBytes) {
      throw new CheckpointError(
        `${source.name}: its zip claims more than it can hold (${entries.length} entries, ${total} bytes in a file of ${source.size})`,
      )
    }
    if (bytes > limits.zipRatio * Math.max(compressed, 1)) {
      throw new CheckpointError(`${where} claims to unpack to ${bytes} bytes from ${compressed}, a zip bomb`)
    }
    if (byName.has(name))
      throw new CheckpointError(`${source.name}: its zip has the entry ${quote(name)} twice`)
    if (method !== deflated && (method !== stored || bytes !== compressed)) {
      throw new CheckpointError(
        method === stored
          ? `${where} is stored as it is, but has two sizes; the file is damaged`
          : `${where} is compressed by method ${method}, which is not read; unpack the archive and zip it again without compression`,
      )
    }
    byName.set(name, entry)
  }
  return byName
}

/** The local header says where the data begins: PyTorch aligns storages by a field that the directory does not have. */
async function openEntry(source: ByteSource, entry: ZipEntry, checks: boolean): Promise<ByteSource> {
  const where = `${source.name}: its entry ${quote(entry.name)}`
  const bytes = await source.read(entry.header, localHeader)
  const view = new DataView(bytes.buffer, bytes.byteOffset, localHeader)
  if (view.getUint32(0, true) !== 0x04034b50 || view.getUint16(8, true) !== entry.method) {
    throw new CheckpointError(`${where} does not begin where the directory says; the file is damaged`)
  }
  const offset = entry.header + localHeader + view.getUint16(26, true) + view.getUint16(28, true)
  if (offset + entry.compressed > source.size) {
    throw new CheckpointError(`${where} reaches beyond the end of the file; it is truncated`)
  }
  const check = (crc: number) => {
    if (!checks || crc === entry.crc) return
    throw new CheckpointError(
      `${where} is damaged: its checksum is ${hex(crc)}, the archive says ${hex(entry.crc)}; fetch or copy the file again`,
    )
  }
  const read =
    entry.method === stored
      ? storedReader(source, offset, entry.bytes, check)
      : deflatedReader(source, offset, entry, check)
  return {
    name: where,
    size: entry.bytes,
    async read(from, length) {
      checkRange(where, entry.bytes, from, length)
      return read(from, length)
    },
    async close() {},
  }
}

type Read = (from: number, length: number) => Promise<Uint8Array>

/** An entry that is read whole is checked as it is; before parts are given out, all of it is gone through once. */
function storedReader(source: ByteSource, offset: number, size: number, check: (crc: number) => void): Read {
  let checked: Promise<void> | undefined
  const goThrough = async () => {
    let crc = 0
    for (let at = 0; at < size; at += piece)
      crc = crc32(await source.read(offset + at, Math.min(piece, size - at)), crc)
    check(crc)
  }
  return async (from, length) => {
    if (length < size) {
      checked ??= goThrough()
      await checked
      return source.read(offset + from, length)
    }
    const bytes = await source.read(offset, size)
    if (checked === undefined) check(crc32(bytes))
    return bytes
  }
}

/** Kept once part of it was asked for: more parts will be. */
function deflatedReader(
  source: ByteSource,
  offset: number,
  entry: ZipEntry,
  check: (crc: number) => void,
): Read {
  let kept: Promise<Uint8Array> | undefined
  const unpack = async () => {
    const bytes = await inflate(source, offset, entry)
    check(crc32(bytes))
    return bytes
  }
  return async (from, length) => {
    if (length === entry.bytes) return kept ?? unpack()
    kept ??= unpack()
    return (await kept).subarray(from, from + length)
  }
}

/** Declared sizes may lie: the bytes are counted as they come. */
async function inflate(source: ByteSource, offset: number, entry: ZipEntry): Promise<Uint8Array> {
  const where = `${source.name}: its entry ${quote(entry.name)}`
  const lie = new CheckpointError(`${where} does not unpack to the ${entry.bytes} bytes it claims`)
  const result = memory(where, entry.bytes)
  const unpacker = new DecompressionStream('deflate-raw')
  const packed = await source.read(offset, entry.compressed)
  const blob = new Blob([new Uint8Array(packed)])
  let length = 0
  try {
    for await (const chunk of piecesOf(blob.stream().pipeThrough(unpacker))) {
      if (length + chunk.byteLength > result.length) throw lie
      result.set(chunk, length)
      length += chunk.byteLength
    }
  } catch (error) {
    if (error === lie) throw lie
    throw new CheckpointError(`${where} cannot be unpacked; the file is damaged`, { cause: error })
  }
  if (length !== result.length) throw lie
  return result
}

function memory(where: string, length: number): Uint8Array {
  try {
    return new Uint8Array(length)
  } catch (error) {
    throw new ResourceError(`${where}: this machine cannot give ${length} bytes of memory at once`, {
      cause: error,
    })
  }
}

function hex(crc: number): string {
  return crc.toString(16).padStart(8, '0')
}
