/**
 * Tells what a file is by its first bytes, never by its ending. Pictures are those that a decoder takes here; other kinds
 * are named, with what to do about them.
 */
import { ImageError } from '../errors.ts'
import { beginsAsBmp } from './bmp.ts'
import { pictureLimits } from './picture.ts'
import { isRaw } from './raw.ts'

/** Formats that are decoded. */
export type PictureFormat = 'JPEG' | 'PNG' | 'WebP' | 'GIF' | 'TIFF' | 'AVIF' | 'BMP'

export const readFormats = 'JPEG, PNG, WebP, GIF, TIFF, AVIF and BMP'

export type FileKind =
  | { readonly kind: 'picture'; readonly format: PictureFormat }
  /** `isPicture`: a picture of some sort, though none that is read. */
  | {
      readonly kind: 'other'
      readonly one: string
      readonly many: string
      readonly isPicture: boolean
      readonly advice?: string
    }

/** So many bytes tell the kind of a file. */
export const headBytes = 1024

interface Signature {
  readonly at: number
  /** Each character a byte; a `?` stands for any. */
  readonly bytes: string
}

type Row = readonly [signatures: readonly Signature[], kind: FileKind]

const begins = (...texts: readonly string[]): readonly Signature[] => texts.map((bytes) => ({ at: 0, bytes }))
const picture = (format: PictureFormat): FileKind => ({ kind: 'picture', format })
const unread = (name: string, advice = 'save as JPEG or PNG'): FileKind => ({
  kind: 'other',
  one: `${name} picture`,
  many: `${name} pictures`,
  isPicture: true,
  advice,
})
const file = (one: string, advice?: string, many = `${one}s`): FileKind => ({
  kind: 'other',
  one,
  many,
  isPicture: false,
  ...(advice === undefined ? {} : { advice }),
})

const heic = unread(
  'HEIC',
  'save as JPEG: on a Mac "sips -s format jpeg FILE --out FILE.jpg", elsewhere "heif-convert FILE FILE.jpg"',
)
const raw = unread('camera RAW', 'develop to JPEG in the camera’s program')
const empty = file('empty file', 'copy again')
const unknown = file('file of an unknown kind', undefined, 'files of an unknown kind')
const text = file('text file')

const rows: readonly Row[] = [
  [begins('\xff\xd8\xff'), picture('JPEG')],
  [begins('\x89PNG\r\n\x1a\n'), picture('PNG')],
  [begins('RIFF????WEBP'), picture('WebP')],
  [begins('GIF87a', 'GIF89a'), picture('GIF')],
  [begins('IIRO', 'IIRS', 'MMOR', 'IIU\0', 'FUJIFILMCCD-RAW', '\0MRM', 'FOVb', '????ftypcrx'), raw],
  [begins('II*\0', 'MM\0*', 'II+\0', 'MM\0+'), picture('TIFF')],
  [begins('\xff\x0a', '\0\0\0\x0cJXL '), unread('JPEG XL')],
  [begins('\0\0\0\x0cjP  ', '\xff\x4f\xff\x51'), unread('JPEG 2000')],
  [begins('8BPS'), unread('Photoshop')],
  [begins('gimp xcf'), unread('GIMP')],
  [begins('\0\0\x01\0', '\0\0\x02\0'), unread('icon')],
  [begins('v/1\x01'), unread('OpenEXR')],
  [begins('#?RADIANCE', '#?RGBE'), unread('Radiance HDR')],
  [
    begins('P1\n', 'P2\n', 'P3\n', 'P4\n', 'P5\n', 'P6\n', 'P7\n', 'PF\n', 'Pf\n', 'P5 ', 'P6 '),
    unread('NetPBM'),
  ],
  [begins('qoif'), unread('QOI')],
  [[{ at: 128, bytes: 'DICM' }], unread('DICOM')],
  [begins('SIMPLE  ='), unread('FITS')],
  [begins('DDS '), unread('DDS')],
  [begins('version https://git-lfs.'), file('Git LFS pointer', 'fetch by "git lfs pull"')],
  [begins('%PDF'), file('PDF')],
  [
    begins('PK\x03\x04', 'PK\x05\x06', '7z\xbc\xaf\x27\x1c', 'Rar!', '\x1f\x8b', 'BZh', '\xfd7zXZ'),
    file('compressed archive', 'unpack first'),
  ],
  [[{ at: 257, bytes: 'ustar' }], file('tar archive', 'unpack first')],
  [begins('\x1a\x45\xdf\xa3', 'RIFF????AVI ', '\0\0\x01\xba'), file('video')],
  [begins('\x93NUMPY'), file('NumPy file')],
]

/** `bytes`: at least the first `headBytes` of the file, or all of it. */
export function kindOf(bytes: Uint8Array): FileKind {
  if (bytes.length === 0) return empty
  const matches = ({ at, bytes: signature }: Signature) =>
    [...signature].every((character, i) => character === '?' || bytes[at + i] === character.charCodeAt(0))
  const [, found] = rows.find(([signatures]) => signatures.some(matches)) ?? []
  if (found?.kind === 'picture' && found.format === 'TIFF') return isRaw(bytes) ? raw : found
  if (found !== undefined) return found
  if (latin(bytes, 4, 8) === 'ftyp') return kindOfMedia(bytes)
  if (beginsAsBmp(bytes)) return picture('BMP')
  return isText(bytes) ? kindOfText(bytes) : unknown
}

/**
 * The format of a picture that is to be decoded.
 *
 * @throws ImageError for what is no picture, or none that is read, saying what it is and what to do.
 */
export function formatOf(name: string, bytes: Uint8Array): PictureFormat {
  if (bytes.byteLength > pictureLimits.fileBytes) {
    throw new ImageError(
      `${name}: ${bytes.byteLength} bytes are more than a picture may have (${pictureLimits.fileBytes})`,
    )
  }
  const found = kindOf(bytes)
  if (found.kind === 'picture') return found.format
  throw new ImageError(`${name}: ${refusalOf(found)}`)
}

function refusalOf(found: Exclude<FileKind, { kind: 'picture' }>): string {
  if (found === empty) return 'the file is empty'
  if (found === unknown || found === text) return `not a picture; ${readFormats} are read`
  const { one, advice } = found
  return `this is ${/^(SVG|[aeio])/i.test(one) ? 'an' : 'a'} ${one}, which is not read${advice === undefined ? '' : `; ${advice}`}`
}

/** Files of ISO's base media format: pictures of the HEIF family and videos (ISO/IEC 14496-12, 23008-12). */
function kindOfMedia(bytes: Uint8Array): FileKind {
  const length = Math.min(new DataView(bytes.buffer, bytes.byteOffset).getUint32(0), bytes.length, 256)
  const brands = [8, ...Array.from({ length: Math.max(0, (length - 16) >> 2) }, (_, i) => 16 + 4 * i)].map(
    (at) => latin(bytes, at, at + 4),
  )
  const [major = ''] = brands
  if (major === 'avif' || major === 'avis') return picture('AVIF')
  if (/^(he[iv]|mif|msf)/.test(major)) {
    const isAvif = brands.includes('avif') && !brands.some((brand) => brand.startsWith('hei'))
    return isAvif ? picture('AVIF') : heic
  }
  return file('video')
}

function kindOfText(bytes: Uint8Array): FileKind {
  const start = latin(bytes, 0, 512).toLowerCase()
  if (/<svg[\s>]/.test(start)) return unread('SVG')
  if (/^[\s\xef\xbb\xbf]*<(!doctype html|html|head|body)/.test(start))
    return file('web page', 'a download that failed leaves one: fetch again')
  return text
}

/** Whether there are no control characters but those of texts. */
function isText(bytes: Uint8Array): boolean {
  const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)
  return (
    isUtf16 ||
    bytes.subarray(0, headBytes).every((byte) => byte >= 0x20 || (byte >= 8 && byte <= 13) || byte === 0x1b)
  )
}

function latin(bytes: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...bytes.subarray(from, to))
}
