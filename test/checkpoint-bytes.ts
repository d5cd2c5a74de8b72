/** Builds checkpoints byte by byte, valid ones and ones that lie, for the tests of the readers. */

import { crc32, inflateRawSync } from 'node:zlib'
import { type ByteSource, type Folder, sourceOfBytes } from '../src/checkpoint/bytes.ts'
import type { Checkpoint } from '../src/checkpoint/checkpoint.ts'
import { CheckpointError } from '../src/errors.ts'

/** Bytes from text in which each character is a byte. */
export function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts))
}

export function u16(value: number): Uint8Array {
  return Uint8Array.of(value & 255, (value >> 8) & 255)
}

export function u32(value: number): Uint8Array {
  return Uint8Array.of(value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24)
}

export function u64(value: number | bigint): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true)
  return bytes
}

export function floats(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer)
}

/** A safetensors file of any header, text or object, and data. */
export function safetensorsOf(header: unknown, data: Uint8Array, claimed?: number | bigint): Uint8Array {
  const text = typeof header === 'string' ? header : JSON.stringify(header)
  const bytes = new TextEncoder().encode(text)
  return concat(u64(claimed ?? bytes.byteLength), bytes, data)
}

export interface ZipPart {
  readonly name: string
  readonly data: Uint8Array
  /** As the headers declare it, where that differs from the data. */
  readonly size?: number
  readonly compressedSize?: number
  readonly method?: number
  readonly flags?: number
  readonly crc?: number
}

export interface ZipOptions {
  /** End records of 64 bits before the usual one, as PyTorch always writes them. */
  readonly end64?: boolean
  /** Numbers of the usual end record are full, so that those of 64 bits count. */
  readonly full?: boolean
  readonly comment?: string
}

/** A zip whose headers say what they are told to. */
export function zipOf(
  parts: readonly ZipPart[],
  { end64 = false, full = false, comment = '' }: ZipOptions = {},
): Uint8Array {
  const local: Uint8Array[] = []
  const central: Uint8Array[] = []
  let at = 0
  for (const {
    name,
    data,
    size = data.length,
    compressedSize = data.length,
    method = 0,
    flags = 0,
    crc = crc32(method === 8 ? inflateRawSync(data) : data),
  } of parts) {
    const common = concat(u16(flags), u16(method), u32(0), u32(crc), u32(compressedSize), u32(size))
    const label = new TextEncoder().encode(name)
    const header = concat(u32(0x04034b50), u16(20), common, u16(label.length), u16(0), label)
    const place = concat(u16(label.length), u16(0), u16(0), u16(0), u16(0), u32(0), u32(at), label)
    central.push(concat(u32(0x02014b50), u16(20), u16(20), common, place))
    local.push(header, data)
    at += header.length + data.length
  }
  const directory = Uint8Array.from(Buffer.concat(central))
  const count = parts.length
  const wide = concat(u64(count), u64(count), u64(directory.length), u64(at))
  const record64 = concat(u32(0x06064b50), u64(44), u16(0x031e), u16(45), u32(0), u32(0), wide)
  const locator = concat(u32(0x07064b50), u32(0), u64(at + directory.length), u32(1))
  const counts = full ? concat(u16(0xffff), u16(0xffff)) : concat(u16(count), u16(count))
  const place = full ? u64(2n ** 64n - 1n) : concat(u32(directory.length), u32(at))
  const end = concat(u32(0x06054b50), u16(0), u16(0), counts, place, u16(comment.length), latin1(comment))
  return Uint8Array.from(Buffer.concat([...local, directory, ...(end64 ? [record64, locator] : []), end]))
}

/** A PyTorch zip around a pickle and storages by key. */
export function torchZipOf(
  pickle: Uint8Array,
  storages: Readonly<Record<string, Uint8Array>> = {},
): Uint8Array {
  const data = Object.entries(storages).map(([key, bytes]) => ({ name: `a/data/${key}`, data: bytes }))
  return zipOf([{ name: 'a/data.pkl', data: pickle }, ...data])
}

/** Pickle of protocol 2 around opcodes that leave one value. */
export function pickleOf(opcodes: string): Uint8Array {
  return latin1(`\x80\x02${opcodes}.`)
}

export const text = (value: string) => `U${String.fromCharCode(value.length)}${value}`
export const integer = (value: number) => `J${String.fromCharCode(...u32(value))}`
export const tuple = (...items: readonly string[]) => `(${items.join('')}t`
export const dict = (...pairs: readonly string[]) => `}(${pairs.join('')}u`
export const global = (module: string, name: string) => `c${module}\n${name}\n`
export const call = (callee: string, ...args: readonly string[]) => `${callee}${tuple(...args)}R`

export function storage(key: string, items: number, type = 'Float'): string {
  return `${tuple(text('storage'), global('torch', `${type}Storage`), text(key), text('cpu'), integer(items))}Q`
}

export function tensor(
  from: string,
  offset: number,
  shape: readonly number[],
  stride: readonly number[],
): string {
  const sizes = (values: readonly number[]) => tuple(...values.map(integer))
  const rebuild = global('torch._utils', '_rebuild_tensor_v2')
  return call(rebuild, from, integer(offset), sizes(shape), sizes(stride), '\x89', dict())
}

/** A folder in memory. */
export function folderOf(files: Readonly<Record<string, Uint8Array | string>>): Folder {
  return {
    name: 'folder',
    async list() {
      return [...new Set(Object.keys(files).map((path) => path.replace(/\/.*$/s, '/')))].sort()
    },
    async open(path) {
      const content = Object.hasOwn(files, path) ? files[path] : undefined
      if (content === undefined) throw new CheckpointError(`folder/${path}: there is no such file`)
      return sourceOfBytes(`folder/${path}`, typeof content === 'string' ? Buffer.from(content) : content)
    },
  }
}

/** Reads everything in a checkpoint; the number of values. */
export async function readAll(checkpoint: Checkpoint): Promise<number> {
  let count = 0
  for (const tensor of checkpoint.tensors.values()) {
    const values = await tensor.read()
    const expected = tensor.shape.reduce((product, size) => product * size, 1)
    if (values.length !== expected)
      throw new Error(`${tensor.name} has ${values.length} values, not ${expected}`)
    count += values.length
  }
  await checkpoint.close()
  return count
}

/** A source that notes the longest range it gave out, and all bytes together. */
export function watched(source: ByteSource): ByteSource & { longest(): number; total(): number } {
  let longest = 0
  let total = 0
  return {
    ...source,
    async read(offset, length) {
      const bytes = await source.read(offset, length)
      longest = Math.max(longest, length)
      total += length
      return bytes
    },
    longest: () => longest,
    total: () => total,
  }
}
