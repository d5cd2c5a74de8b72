/**
 * Writes messages in Protocol Buffers' wire format (protobuf.dev/programming-guides/encoding): a field is its number and
 * wire type in one varint, then its value. Bytes are kept as they were given and copied once, at the end, since an
 * exported network is hundreds of megabytes of them.
 */
import { joined } from '../bounded/pieces.ts'

const wire = { varint: 0, double: 1, bytes: 2, float: 5 } as const

export class Message {
  readonly #chunks: Uint8Array[] = []
  #size = 0

  /** Bytes written so far. */
  get size(): number {
    return this.#size
  }

  /** A whole number; negative ones as 64-bit two's complement. */
  integer(field: number, value: number): this {
    return this.#add([varint(tag(field, wire.varint)), varint(value)])
  }

  /** A 32-bit floating-point number. */
  float(field: number, value: number): this {
    const bytes = new Uint8Array(4)
    new DataView(bytes.buffer).setFloat32(0, value, true)
    return this.#add([varint(tag(field, wire.float)), bytes])
  }

  /** A 64-bit floating-point number. */
  double(field: number, value: number): this {
    const bytes = new Uint8Array(8)
    new DataView(bytes.buffer).setFloat64(0, value, true)
    return this.#add([varint(tag(field, wire.double)), bytes])
  }

  text(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value))
  }

  /** Bytes, which must not change until `finish`. */
  bytes(field: number, value: Uint8Array): this {
    return this.#add([varint(tag(field, wire.bytes)), varint(value.byteLength), value])
  }

  message(field: number, value: Message): this {
    this.#add([varint(tag(field, wire.bytes)), varint(value.#size)])
    return this.#add(value.#chunks)
  }

  /** Whole numbers packed into one field. */
  integers(field: number, values: readonly number[]): this {
    return this.bytes(field, joined(values.map(varint)))
  }

  /** The message's bytes. */
  finish(): Uint8Array {
    return joined(this.#chunks)
  }

  #add(chunks: readonly Uint8Array[]): this {
    for (const chunk of chunks) {
      this.#chunks.push(chunk)
      this.#size += chunk.byteLength
    }
    return this
  }
}

function tag(field: number, type: number): number {
  return field * 8 + type
}

/** Seven bits a byte, the lowest first; the eighth says that more follow. */
function varint(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, BigInt(value))
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128)
  return Uint8Array.of(...bytes, Number(rest))
}
