/** Reads the arguments of pickle opcodes from bytes, with the limits on their sizes. */
import { CheckpointError } from '../../errors.ts'
import { limits } from './limits.ts'
import { quote } from './names.ts'

/** The bytes end in the middle of a pickle. The caller may try again with more of them. */
export class OutOfBytes extends Error {}

export class PickleCursor {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #where: string
  #at = 0

  constructor(bytes: Uint8Array, where: string) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#where = where
  }

  /** Where the next byte stands. */
  get at(): number {
    return this.#at
  }

  /** Refuses the pickle for a reason that follows the file's name. */
  fail(reason: string): never {
    throw new CheckpointError(`${this.#where} ${reason}`)
  }

  #take(length: number): number {
    if (this.#at + length > this.#bytes.byteLength) throw new OutOfBytes()
    this.#at += length
    return this.#at - length
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1))
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true)
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true)
  }

  i32(): number {
    return this.#view.getInt32(this.#take(4), true)
  }

  /** A 64-bit length; those that no limit allows come out as 2^53 or so, which is refused all the same. */
  u64(): number {
    return Number(this.#view.getBigUint64(this.#take(8), true))
  }

  /** The only number that pickles keep with the highest byte first. */
  f64(): number {
    return this.#view.getFloat64(this.#take(8))
  }

  /** A signed integer of `length` bytes, lowest first. */
  integer(length: number): number | bigint {
    if (length > limits.pickleIntegerBytes) {
      this.fail(`holds an integer of ${length} bytes; at most ${limits.pickleIntegerBytes} are read`)
    }
    const bytes = this.bytes(length)
    let value = 0n
    for (const byte of bytes.toReversed()) value = (value << 8n) | BigInt(byte)
    return shortest(BigInt.asIntN(8 * length, value))
  }

  bytes(length: number): Uint8Array {
    if (length > limits.pickleStringBytes) {
      this.fail(`holds a string of ${length} bytes; at most ${limits.pickleStringBytes} are read`)
    }
    const start = this.#take(length)
    return this.#bytes.subarray(start, start + length)
  }

  utf8(length: number): string {
    return new TextDecoder().decode(this.bytes(length))
  }

  /** A string of Python 2, which knew bytes only: UTF-8 where it is that, else Latin-1. */
  text(length: number): string {
    return pythonString(this.bytes(length))
  }

  /** The text up to the end of the line, Latin-1. */
  line(): string {
    const newline = this.#bytes.indexOf(0x0a, this.#at)
    const length = (newline < 0 ? this.#bytes.byteLength : newline) - this.#at
    const text = latin1(this.bytes(length))
    this.#take(1)
    return text
  }

  /** A number written in decimal digits. */
  decimal(): number | bigint {
    const line = this.line()
    if (!/^[+-]?\d{1,25}L?$/.test(line)) this.fail(`holds ${quote(line)} where an integer is expected`)
    return shortest(BigInt(line.replace(/^\+|L$/g, '')))
  }
}

function shortest(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

/** Bytes as text: UTF-8 where they are that, else Latin-1. */
export function pythonString(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return latin1(bytes)
  }
}

/** Each byte as the character of that number; `TextDecoder` would read Windows-1252. */
export function latin1(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 8192) {
    text += String.fromCharCode(...bytes.subarray(at, at + 8192))
  }
  return text
}
