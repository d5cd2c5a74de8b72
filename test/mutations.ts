/**
 * Damage for files of any format, for property tests of their readers: bytes cut off, flipped, overwritten, put in, taken
 * out, moved, repeated, and whole numbers made as large as they can be, wherever a length may stand.
 */
import fc from 'fast-check'

/** How many cases a property gets: `RESNET_TS_CASES`, or a number for every day. */
export function casesOr(usual: number): number {
  return Number(process.env.RESNET_TS_CASES ?? usual)
}

/** One change to the bytes of a file; places are fractions, so that they fit files of any length. */
export type Mutation = (bytes: Uint8Array) => Uint8Array

const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })
const telling = fc.constantFrom(0, 1, 0x7f, 0x80, 0xff)
const piece = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 8 }),
  fc
    .tuple(telling, fc.integer({ min: 1, max: 8 }))
    .map(([byte, length]) => new Uint8Array(length).fill(byte)),
)
const length = fc.oneof(fc.nat(64), fc.nat(4096))
const at = (bytes: Uint8Array, fraction: number) => Math.floor(fraction * bytes.length)

const cutOff = place.map(
  (end): Mutation =>
    (bytes) =>
      bytes.slice(0, at(bytes, end)),
)

const flipped = fc.tuple(place, fc.nat(7)).map(
  ([where, bit]): Mutation =>
    (bytes) => {
      const copy = bytes.slice()
      copy[at(bytes, where)] = (copy[at(bytes, where)] ?? 0) ^ (1 << bit)
      return copy
    },
)

const overwritten = fc.tuple(place, piece).map(
  ([where, put]): Mutation =>
    (bytes) => {
      const copy = bytes.slice()
      copy.set(put.subarray(0, bytes.length - at(bytes, where)), at(bytes, where))
      return copy
    },
)

const putIn = fc.tuple(place, piece).map(
  ([where, put]): Mutation =>
    (bytes) =>
      joined(bytes.subarray(0, at(bytes, where)), put, bytes.subarray(at(bytes, where))),
)

const takenOut = fc.tuple(place, length).map(
  ([where, long]): Mutation =>
    (bytes) =>
      joined(bytes.subarray(0, at(bytes, where)), bytes.subarray(at(bytes, where) + long)),
)

const moved = fc.tuple(place, place, length).map(
  ([from, to, long]): Mutation =>
    (bytes) => {
      const copy = bytes.slice()
      copy.copyWithin(at(bytes, to), at(bytes, from), at(bytes, from) + long)
      return copy
    },
)

const repeated = fc.tuple(place, length).map(
  ([where, long]): Mutation =>
    (bytes) => {
      const end = at(bytes, where) + long
      return joined(bytes.subarray(0, end), bytes.subarray(at(bytes, where)))
    },
)

/** A number of 1, 2, 4 or 8 bytes becomes the greatest, the greatest positive, or a little more than it was. */
const blownUp = fc
  .tuple(place, fc.constantFrom(1, 2, 4, 8), fc.constantFrom('all', 'positive', 'more'), fc.boolean())
  .map(
    ([where, width, how, highFirst]): Mutation =>
      (bytes) => {
        const copy = bytes.slice()
        const field = copy.subarray(at(bytes, where), at(bytes, where) + width)
        const top = highFirst ? 0 : field.length - 1
        const low = highFirst ? field.length - 1 : 0
        if (how === 'more') field[low] = (field[low] ?? 0) + 1
        else {
          field.fill(0xff)
          if (how === 'positive') field[top] = 0x7f
        }
        return copy
      },
  )

/** Digits in texts (JSON, headers of tar) are lengths too. */
const digits = fc.tuple(place, fc.constantFrom('9', '0', '-', '.', 'e')).map(
  ([where, put]): Mutation =>
    (bytes) => {
      const found = bytes.findIndex((byte, i) => i >= at(bytes, where) && byte >= 0x30 && byte <= 0x39)
      if (found < 0) return bytes
      const copy = bytes.slice()
      copy[found] = put.charCodeAt(0)
      return copy
    },
)

const one = fc.oneof(cutOff, flipped, overwritten, putIn, takenOut, moved, repeated, blownUp, digits)

/** One to three changes, one after another. */
export const mutations: fc.Arbitrary<Mutation> = fc.array(one, { minLength: 1, maxLength: 3 }).map(
  (changes): Mutation =>
    (bytes) =>
      changes.reduce((changed, change) => change(changed), bytes),
)

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts))
}
