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

/** What the header of a JPEG picture says. */
export interface JpegHeader {
  readonly width: number
  readonly height: number
  /** Whether it has a segment of the kind in which EXIF says how the picture is turned. */
  readonly mayBeTurned: boolean
}

/**
 * The header of a JPEG picture of three components of 8 bits (ITU-T T.81, B.2.2); undefined for anything else, and for
 * headers that are not as they should be.
 */
export function headerOfColourJpeg(bytes: Uint8Array): JpegHeader | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < 4 || view.getUint16(0) !== 0xffd8) return undefined
  let mayBeTurned = false
  // Segments from here on: a marker of two bytes, then their length with its own two bytes.
  for (let at = 2; at + 10 <= bytes.length; at += 2 + view.getUint16(at + 2)) {
    const marker = view.getUint16(at)
    const isFrame = marker >= 0xffc0 && marker <= 0xffc2
    if (isFrame) {
      const [precision, components] = [view.getUint8(at + 4), view.getUint8(at + 9)]
      const [height, width] = [view.getUint16(at + 5), view.getUint16(at + 7)]
      const isColour = precision === 8 && components === 3 && width > 0 && height > 0
      return isColour ? { width, height, mayBeTurned } : undefined
    }
    // Tables, comments and application data may stand before it.
    const isBefore =
      (marker >= 0xffe0 && marker <= 0xffef) || [0xffdb, 0xffc4, 0xffdd, 0xfffe].includes(marker)
    if (!isBefore) return undefined
    mayBeTurned ||= marker === 0xffe1
  }
  return undefined
}
