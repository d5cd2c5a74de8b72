/**
 * The directory of a zip archive (PKWARE's APPNOTE.TXT, 4.3 to 4.5): the end record at the end of the file says where the
 * directory stands and how long it is; where a number does not fit, a second end record of 64 bits says it. PyTorch writes
 * both, whether they are needed or not.
 */
import { CheckpointError } from '../../errors.ts'
import type { ByteSource } from '../bytes.ts'
import { limits } from './limits.ts'
import { quote } from './names.ts'

export interface ZipEntry {
  readonly name: string
  /** 0: stored as it is; 8: deflated. */
  readonly method: number
  readonly crc: number
  readonly compressed: number
  readonly bytes: number
  /** Where its local header stands. */
  readonly header: number
}

const marks = { entry: 0x02014b50, end: 0x06054b50, end64: 0x06064b50, locator64: 0x07064b50 }
const endLength = 22
const end64Length = 56
const locatorLength = 20
const entryLength = 46
/** A comment of 65,535 bytes may follow the end record, and the 64-bit records stand before it. */
const longestTail = endLength + 0xffff + locatorLength + end64Length

interface Directory {
  readonly offset: number
  readonly bytes: number
  readonly count: number
  /** Whether `count` is whole: the old record counts up to 65,535 only. */
  readonly counts64: boolean
  /** Where the directory ends, if nothing was put before the archive: the end record, or the one of 64 bits. */
  readonly end: number
}

/** All entries that are files. Throws `CheckpointError` on a damaged, ambiguous, split or encrypted archive. */
export async function readDirectory(source: ByteSource): Promise<readonly ZipEntry[]> {
  const directory = await findDirectory(source)
  const moved = await findShift(source, directory)
  if (directory.bytes > limits.zipDirectoryBytes) throw damaged(source, 'its directory is too long')
  const bytes = await source.read(directory.offset + moved, directory.bytes)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const entries: ZipEntry[] = []
  let at = 0
  let count = 0
  while (at + entryLength <= bytes.length && view.getUint32(at, true) === marks.entry) {
    const lengths = [28, 30, 32].map((field) => view.getUint16(at + field, true))
    const [name = 0, extra = 0, comment = 0] = lengths
    const end = at + entryLength + name + extra + comment
    if (end > bytes.length) throw damaged(source, 'an entry of its directory reaches beyond it')
    const entry = readEntry(source, bytes.subarray(at, at + entryLength + name + extra), name, moved)
    if (!entry.name.endsWith('/')) entries.push(entry)
    if (++count > limits.storages) {
      throw new CheckpointError(
        `${source.name}: its zip has more than ${limits.storages} entries, beyond what a network needs`,
      )
    }
    at = end
  }
  const expected = directory.counts64 ? directory.count : directory.count & 0xffff
  if ((directory.counts64 ? count : count & 0xffff) !== expected || at !== bytes.length) {
    throw damaged(source, `its directory should hold ${expected} entries, ${count} are there`)
  }
  return entries
}

async function findDirectory(source: ByteSource): Promise<Directory> {
  const length = Math.min(source.size, longestTail)
  const begin = source.size - length
  const bytes = await source.read(begin, length)
  const view = new DataView(bytes.buffer, bytes.byteOffset, length)
  for (let at = length - endLength; at >= 0; at--) {
    if (view.getUint32(at, true) !== marks.end) continue
    if (at + endLength + view.getUint16(at + 20, true) > length) continue
    return endRecord(source, view, at, begin)
  }
  throw damaged(source, 'its end record is missing')
}

async function endRecord(source: ByteSource, view: DataView, at: number, begin: number): Promise<Directory> {
  const [disk, first] = [view.getUint16(at + 4, true), view.getUint16(at + 6, true)]
  const count = view.getUint16(at + 10, true)
  const bytes = view.getUint32(at + 12, true)
  const offset = view.getUint32(at + 16, true)
  const has64 = at >= locatorLength && view.getUint32(at - locatorLength, true) === marks.locator64
  const record64 = has64 ? await endRecord64(source, at + begin) : undefined
  const end = record64?.at ?? at + begin
  const full = count === 0xffff || bytes === 0xffffffff || offset === 0xffffffff
  if (full && record64 !== undefined) return { ...record64, counts64: true, end }
  if ((disk !== 0 && disk !== 0xffff) || first !== disk)
    throw damaged(source, 'it is one part of a split archive')
  return { offset, bytes, count, counts64: false, end }
}

/** The record of 64 bits stands right before its locator; where the locator says is wrong once bytes were put before. */
async function endRecord64(source: ByteSource, end: number) {
  const at = end - locatorLength - end64Length
  if (at < 0) return undefined
  const bytes = await source.read(at, end64Length)
  const view = new DataView(bytes.buffer, bytes.byteOffset, end64Length)
  if (view.getUint32(0, true) !== marks.end64) return undefined
  const [count, length, offset] = [32, 40, 48].map((field) => Number(view.getBigUint64(field, true)))
  return { at, count: count ?? 0, bytes: length ?? 0, offset: offset ?? 0 }
}

/** How far everything stands behind where it says, for bytes that were put before the archive. */
async function findShift(source: ByteSource, { offset, bytes, end }: Directory): Promise<number> {
  const shift = end - bytes - offset
  for (const moved of shift === 0 ? [0] : [0, shift]) {
    const at = offset + moved
    if (bytes === 0 && at === end) return moved
    if (at < 0 || at + bytes > source.size || bytes < entryLength) continue
    const mark = await source.read(at, 4)
    if (new DataView(mark.buffer, mark.byteOffset, 4).getUint32(0, true) === marks.entry) return moved
  }
  throw damaged(source, 'its directory is not where its end record says')
}

function readEntry(source: ByteSource, bytes: Uint8Array, nameLength: number, moved: number): ZipEntry {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const name = nameOf(bytes.subarray(entryLength, entryLength + nameLength))
  if ((view.getUint16(8, true) & 1) !== 0)
    throw new CheckpointError(`${source.name}: its zip is encrypted; unpack and save it plainly`)
  const short = {
    bytes: view.getUint32(24, true),
    compressed: view.getUint32(20, true),
    header: view.getUint32(42, true),
  }
  const long = zip64Of(bytes.subarray(entryLength + nameLength))
  const pick = (value: number) => (value === 0xffffffff ? (long.shift() ?? value) : value)
  // In this order, and only those that do not fit.
  const [size, compressed, header] = [pick(short.bytes), pick(short.compressed), pick(short.header)]
  if (![size, compressed, header].every(Number.isSafeInteger))
    throw damaged(source, `its entry ${quote(name)} claims more bytes than any file holds`)
  return {
    name,
    method: view.getUint16(10, true),
    crc: view.getUint32(16, true),
    compressed,
    bytes: size,
    header: header + moved,
  }
}

/** The numbers of the extra field of 64 bits. */
function zip64Of(extra: Uint8Array): number[] {
  const view = new DataView(extra.buffer, extra.byteOffset, extra.byteLength)
  for (let at = 0; at + 4 <= extra.length; ) {
    const length = view.getUint16(at + 2, true)
    if (at + 4 + length > extra.length) break
    if (view.getUint16(at, true) === 1) {
      const count = Math.min(Math.floor(length / 8), 3)
      return Array.from({ length: count }, (_, i) => Number(view.getBigUint64(at + 4 + 8 * i, true)))
    }
    at += 4 + length
  }
  return []
}

/** UTF-8, as everybody writes it today, else a byte a character. */
function nameOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return String.fromCharCode(...bytes)
  }
}

function damaged(source: ByteSource, reason: string): CheckpointError {
  return new CheckpointError(`${source.name}: its zip cannot be read (${reason}); it is truncated or damaged`)
}
