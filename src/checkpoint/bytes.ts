import { CheckpointError } from '../errors.ts'

/**
 * Random access to the bytes of one file, whatever holds them: a file on disk, a `Blob`, an array. Readers ask only for
 * the ranges they have checked, so a file of many gigabytes is never in memory as a whole.
 */
export interface ByteSource {
  /** What to call it in messages: a path or a name. */
  readonly name: string
  /** Bytes in all. */
  readonly size: number
  /** Exactly `length` bytes from `offset`; throws `CheckpointError` past the end. */
  read(offset: number, length: number): Promise<Uint8Array>
  close(): Promise<void>
  /** What lies beside a file of the disk. */
  readonly beside?: Beside
}

/** Opens a file by its name in a known folder; undefined where there is none. */
export type Beside = (name: string) => Promise<ByteSource | undefined>

/** A folder whose files refer to each other by relative paths (a TensorFlow.js `model.json` and its shards). */
export interface Folder {
  readonly name: string
  /** The names of what lies directly in it, sorted; those of folders end in a slash. */
  list(): Promise<readonly string[]>
  /** Opens a file inside; throws `CheckpointError` when `path` leaves the folder or names nothing. */
  open(path: string): Promise<ByteSource>
}

/** The bytes of an array in memory. */
export function sourceOfBytes(name: string, bytes: Uint8Array): ByteSource {
  return {
    name,
    size: bytes.byteLength,
    async read(offset, length) {
      checkRange(name, bytes.byteLength, offset, length)
      return bytes.subarray(offset, offset + length)
    },
    async close() {},
  }
}

/** The bytes of a `Blob` or `File`. */
export function sourceOfBlob(name: string, blob: Blob): ByteSource {
  return {
    name,
    size: blob.size,
    async read(offset, length) {
      checkRange(name, blob.size, offset, length)
      return new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer())
    },
    async close() {},
  }
}

/** Throws where a range does not lie within a file of `size` bytes. */
export function checkRange(name: string, size: number, offset: number, length: number): void {
  if (
    !Number.isSafeInteger(offset) ||
    !Number.isSafeInteger(length) ||
    offset < 0 ||
    length < 0 ||
    offset + length > size
  ) {
    throw new CheckpointError(
      `${name}: needs bytes ${offset} to ${offset + length}, but the file ends at ${size}; it is truncated or not what it claims to be`,
    )
  }
}

/**
 * The path of a file inside a folder, as files name each other; throws where it could leave the folder: absolute, with
 * `..`, a drive, a backslash or a character that does not print.
 */
export function checkInnerPath(folder: string, path: string): string {
  const segments = path.split('/')
  const printable = /^[\x20-\x7e\u00a0-\uffff]{1,512}$/.test(path)
  if (!printable || /[\\:]/.test(path) || segments.some((segment) => segment === '..' || segment === '')) {
    throw new CheckpointError(
      `${folder}: the path ${JSON.stringify(path.slice(0, 80))} is not that of a file inside this folder; paths must be relative, without "..", backslashes or colons`,
    )
  }
  return path
}
