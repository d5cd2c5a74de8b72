/**
 * Bytes of whatever holds some: views and buffers, `Blob` and `File`, a `Response`, a stream, a picked file's handle. Told by
 * what they say they are, not by `instanceof`: those of an iframe, of jsdom or of a vm context are others' classes.
 */
import { ResNetError } from '../errors.ts'
import { joined, piecesOf } from './pieces.ts'

/** What holds a file's bytes. */
export type GivenBytes =
  | ArrayBuffer
  | SharedArrayBuffer
  | Uint8Array
  | Uint8ClampedArray
  | DataView
  | Blob
  | Response
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>

export interface ByteRules {
  /** What to call it in messages. */
  readonly name: string
  /** Bytes at most. */
  readonly limit: number
  /** The caller's kind of error. */
  readonly error: new (
    message: string,
    options?: { readonly cause?: unknown },
  ) => ResNetError
}

/** Throws the caller's kind of error, whose message begins with the name. */
export function refuse({ name, error: Refusal }: ByteRules, why: string, cause?: unknown): never {
  throw new Refusal(`${name}: ${why}`, cause === undefined ? {} : { cause })
}

/** What a value says that it is: `Uint8Array`, `Blob`, `HTMLImageElement`. */
export function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice('[object '.length, -1)
}

export function isBlob(value: unknown): value is Blob {
  return tagOf(value) === 'Blob' || tagOf(value) === 'File'
}

export function isUrl(value: unknown): value is URL {
  return tagOf(value) === 'URL'
}

/** A name for messages: of an address no more than its ends, of a data URL no data. */
export function shortName(name: string): string {
  if (/^data:/i.test(name)) return `${/^data:[^,]{0,40}/i.exec(name)?.[0] ?? 'data:'},…`
  return name.length <= 200 ? name : `${name.slice(0, 120)}…${name.slice(-60)}`
}

/** The bytes that a value holds; undefined for what holds none. */
export async function givenBytes(value: unknown, rules: ByteRules): Promise<Uint8Array | undefined> {
  const known = bytesAtHand(value, rules)
  if (known !== undefined) return known
  if (typeof value !== 'object' || value === null) return undefined
  if (isBlob(value)) return bytesOfBlob(value, rules)
  if (isResponse(value)) return bytesOfResponse(value, rules)
  if (isFileHandle(value)) return bytesOfBlob(await value.getFile(), rules)
  const chunks = chunksOf(value)
  return chunks === undefined ? undefined : collected(chunks, rules)
}

/** The bytes of a view or buffer; undefined for anything else. Numbers of more than a byte are no file. */
export function bytesAtHand(value: unknown, rules: ByteRules): Uint8Array | undefined {
  const tag = tagOf(value)
  if (isBuffer(value)) return unshared(new Uint8Array(value), tag)
  if (!ArrayBuffer.isView(value)) return undefined
  if (!['Uint8Array', 'Uint8ClampedArray', 'Int8Array', 'DataView'].includes(tag))
    refuse(rules, `the numbers of a ${tag} are no file; pass a file's bytes as Uint8Array`)
  return unshared(new Uint8Array(value.buffer, value.byteOffset, value.byteLength), tagOf(value.buffer))
}

function isBuffer(value: unknown): value is ArrayBuffer | SharedArrayBuffer {
  return tagOf(value) === 'ArrayBuffer' || tagOf(value) === 'SharedArrayBuffer'
}

/** Decoders take no memory that others may write to meanwhile. */
function unshared(bytes: Uint8Array, buffer: string): Uint8Array {
  return buffer === 'SharedArrayBuffer' ? new Uint8Array(bytes) : bytes
}

/** What an address holds, by the platform's own `fetch`. */
export async function fetchedBytes(address: string | URL, rules: ByteRules): Promise<Uint8Array> {
  const response = await fetch(address).catch((error: unknown) =>
    refuse(
      rules,
      `cannot be fetched (${messageOf(error)}); check the address, that its server lets this page read it (CORS), and that the page's policy allows it (connect-src)`,
      error,
    ),
  )
  return bytesOfResponse(response, rules)
}

async function bytesOfBlob(blob: Blob, rules: ByteRules): Promise<Uint8Array> {
  checkLength(blob.size, rules)
  try {
    return new Uint8Array(await blob.arrayBuffer())
  } catch (error) {
    return refuse(rules, `cannot be read (${messageOf(error)})`, error)
  }
}

function isResponse(value: object): value is Response {
  return tagOf(value) === 'Response'
}

async function bytesOfResponse(response: Response, rules: ByteRules): Promise<Uint8Array> {
  if (response.type === 'opaque')
    refuse(rules, `a page may not read a Response of mode "no-cors"; fetch it from a server that allows CORS`)
  if (!response.ok) refuse(rules, `the server answered ${response.status} ${response.statusText}`.trimEnd())
  if (response.bodyUsed) refuse(rules, `this Response was read before; pass its bytes, or a clone() of it`)
  const chunks = chunksOf(response.body)
  if (chunks !== undefined) return collected(chunks, rules)
  return new Uint8Array(await response.arrayBuffer())
}

function isFileHandle(value: object): value is { getFile(): Promise<Blob> } {
  return tagOf(value) === 'FileSystemFileHandle'
}

/** The pieces of a stream of the web or of Node; undefined for what is no stream. */
function chunksOf(value: unknown): AsyncIterable<unknown> | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (isWebStream(value)) return piecesOf(value)
  return isIterable(value) ? value : undefined
}

function isWebStream(value: object): value is ReadableStream<unknown> {
  return tagOf(value) === 'ReadableStream'
}

function isIterable(value: object): value is AsyncIterable<unknown> {
  return Symbol.asyncIterator in value && typeof value[Symbol.asyncIterator] === 'function'
}

async function collected(chunks: AsyncIterable<unknown>, rules: ByteRules): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let length = 0
  try {
    for await (const chunk of chunks) {
      const part = bytesAtHand(chunk, rules)
      if (part === undefined)
        return refuse(rules, `the stream gives ${articled(chunk)}, not bytes; open it without an encoding`)
      length += part.length
      checkLength(length, rules)
      parts.push(part)
    }
  } catch (error) {
    if (error instanceof ResNetError) throw error
    return refuse(rules, `the stream cannot be read (${messageOf(error)})`, error)
  }
  return joined(parts)
}

function checkLength(length: number, rules: ByteRules): void {
  if (length > rules.limit) refuse(rules, `more than ${rules.limit} bytes, which is too much`)
}

/** What somebody passed, in words: `a promise; await it first`. */
export function articled(value: unknown): string {
  if (value === undefined || value === null) return String(value)
  if (typeof value !== 'object') return `a ${typeof value}`
  if (Array.isArray(value)) return 'an array'
  const tag = tagOf(value)
  if (tag === 'Promise') return 'a promise; await it first'
  if (tag !== 'Object') return `${/^[AEIO]/.test(tag) ? 'an' : 'a'} ${tag}`
  const keys = Object.keys(value).slice(0, 4)
  return keys.length === 0
    ? 'an empty object'
    : `an object of ${keys.map((key) => shortName(key)).join(', ')}`
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 200)
}
