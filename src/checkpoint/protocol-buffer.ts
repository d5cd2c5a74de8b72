/**
 * The first fields of a message in the encoding of protocol buffers (protobuf.dev, "Encoding"): enough to tell by them what
 * a file is. The bytes may end before the message does.
 */

export interface Field {
  readonly number: number
  /** Of a whole number. */
  readonly value?: number
  /** Of a text, a message or packed numbers, as far as they are there. */
  readonly bytes?: Uint8Array
}

/** The first two fields, or as many as there are. */
export function fieldsOf(bytes: Uint8Array): readonly Field[] {
  const fields: Field[] = []
  let at = 0
  const varint = () => {
    let value = 0
    for (let shift = 1; at < bytes.length; shift *= 128) {
      const byte = bytes[at++] ?? 0
      value += (byte & 0x7f) * shift
      if (byte < 0x80) return value
    }
    return undefined
  }
  while (fields.length < 2) {
    const key = varint()
    const value = key === undefined ? undefined : varint()
    if (key === undefined || value === undefined) break
    const number = Math.floor(key / 8)
    if (key % 8 === 0) fields.push({ number, value })
    else if (key % 8 === 2) {
      fields.push({ number, bytes: bytes.subarray(at, at + value) })
      at += value
    } else break
  }
  return fields
}

/** Whether bytes are a text of one line. */
export function isText(bytes: Uint8Array | undefined): boolean {
  return bytes !== undefined && bytes.length > 0 && bytes.every((byte) => byte >= 0x20 && byte < 0x7f)
}
