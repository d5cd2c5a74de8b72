/**
 * Tells picture formats by their first bytes. Only JPEG, PNG and WebP go on to a decoder: theirs are fuzzed continuously,
 * and a network was never trained on anything else.
 */
import { ImageError } from '../errors.ts'
import { pictureLimits } from './picture.ts'

interface Signature {
  readonly format: string
  readonly at: number
  /** A `?` stands for any byte. */
  readonly bytes: string
}

const decodable: readonly Signature[] = [
  { format: 'JPEG', at: 0, bytes: '\xff\xd8\xff' },
  { format: 'PNG', at: 0, bytes: '\x89PNG\r\n\x1a\n' },
  { format: 'WebP', at: 0, bytes: 'RIFF????WEBP' },
]

const others: readonly Signature[] = [
  ...['heic', 'heix', 'hevc', 'heim', 'heis', 'mif1', 'msf1'].map((brand) => ({
    format: 'HEIC',
    at: 4,
    bytes: `ftyp${brand}`,
  })),
  { format: 'AVIF', at: 4, bytes: 'ftypavif' },
  { format: 'GIF', at: 0, bytes: 'GIF8' },
  { format: 'TIFF', at: 0, bytes: 'II*\0' },
  { format: 'TIFF', at: 0, bytes: 'MM\0*' },
  { format: 'BMP', at: 0, bytes: 'BM' },
  { format: 'SVG', at: 0, bytes: '<svg' },
  { format: 'XML or HTML', at: 0, bytes: '<' },
  { format: 'PDF', at: 0, bytes: '%PDF' },
  { format: 'a zip archive', at: 0, bytes: 'PK\x03\x04' },
  { format: 'a gzip archive', at: 0, bytes: '\x1f\x8b' },
]

/** Throws `ImageError` unless the bytes begin as a picture that is decoded here, of a bounded size. */
export function checkFormat(name: string, bytes: Uint8Array): void {
  if (bytes.byteLength === 0) throw new ImageError(`${name}: the file is empty`)
  if (bytes.byteLength > pictureLimits.fileBytes) {
    throw new ImageError(
      `${name}: ${bytes.byteLength} bytes are more than a picture may have (${pictureLimits.fileBytes})`,
    )
  }
  const begins = ({ at, bytes: signature }: Signature) =>
    [...signature].every((character, i) => character === '?' || bytes[at + i] === character.charCodeAt(0))
  if (decodable.some(begins)) return
  const found = others.find(begins)?.format
  throw new ImageError(
    found === undefined
      ? `${name}: not a picture; JPEG, PNG and WebP are read`
      : `${name}: this is ${found}, which is not read; convert it to JPEG, PNG or WebP`,
  )
}

/** Throws `ImageError` for more pixels than are decoded. */
export function checkPixels(name: string, width: number, height: number): void {
  if (width * height > pictureLimits.pixels) {
    throw new ImageError(
      `${name}: ${width}×${height} are more than ${pictureLimits.pixels} pixels; make the picture smaller first`,
    )
  }
}
