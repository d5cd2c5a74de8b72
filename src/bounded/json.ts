/**
 * How large the value of a JSON text will be, told before it is parsed: a text of 60 MB that is all brackets takes
 * gigabytes as a value.
 */

export interface JsonSize {
  /** Levels of nesting. */
  readonly depth: number
  /** Values of all kinds, and at least one. */
  readonly values: number
}

const [quote, backslash, comma] = [0x22, 0x5c, 0x2c]
const opening: ReadonlySet<number> = new Set([0x5b, 0x7b])
const closing: ReadonlySet<number> = new Set([0x5d, 0x7d])

/** Counts what a UTF-8 text holds; a text that is not JSON gets numbers that are too small, and no parser takes it. */
export function jsonSizeOf(bytes: Uint8Array): JsonSize {
  let [depth, deepest, values] = [0, 0, 1]
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0
    if (byte === quote) at = endOfString(bytes, at)
    else if (byte === comma) values++
    else if (opening.has(byte)) {
      values++
      depth++
      if (depth > deepest) deepest = depth
    } else if (closing.has(byte)) depth--
  }
  return { depth: deepest, values }
}

/** The place of the quote that ends the string which begins at `begin`. */
function endOfString(bytes: Uint8Array, begin: number): number {
  let at = begin + 1
  while (at < bytes.length && bytes[at] !== quote) at += bytes[at] === backslash ? 2 : 1
  return at
}
