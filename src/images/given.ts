/** Everything that is taken as a picture, made into a file's bytes or pixels: the one place for it. */
import { drawnPicture, readAddress } from '#platform/images/drawn'
import {
  articled,
  type ByteRules,
  bytesAtHand,
  type GivenBytes,
  givenBytes,
  isBlob,
  isUrl,
  refuse,
  shortName,
  tagOf,
} from '../bounded/given-bytes.ts'
import { ImageError } from '../errors.ts'
import {
  type EncodedPicture,
  type Picture,
  type Pixels,
  pictureFromPixels,
  pictureLimits,
} from './picture.ts'

/**
 * What a page draws, told by what it says it is: an `<img>`, `<video>`, canvas, `OffscreenCanvas`, `ImageBitmap` or
 * `VideoFrame`. A structure of what these have in common, so that programs without the types of pages compile.
 */
export type DrawnPicture =
  | {
      readonly width: number
      readonly height: number
      /** Opens a canvas to draw on. */
      getContext(kind: '2d'): unknown
    }
  | { readonly width: number; readonly height: number; readonly currentSrc: string }
  | {
      readonly width: number
      readonly height: number
      /** Gives an `ImageBitmap`'s memory back. */
      close(): void
    }
  | {
      readonly displayWidth: number
      readonly displayHeight: number
      /** Gives a `VideoFrame`'s memory back. */
      close(): void
    }

/** What is asked for by its name: a path in Node, an address in a page; a `URL` in both. */
export type NamedPicture = string | URL

/**
 * A picture, however it comes: a path (in a page: an address) or `URL`; a file's bytes as a view, buffer, `Blob`, `Response` or
 * stream, perhaps with its name; pixels such as `ImageData`; what a page draws; in Node a `sharp` object, which is a stream.
 */
export type PictureInput = NamedPicture | GivenBytes | EncodedPicture | Pixels | DrawnPicture

const expected =
  'pass a path (in a page an address) or URL, a file’s bytes (Blob, Uint8Array, ArrayBuffer, Response, stream), pixels ({ width, height, data } as ImageData has), in a page an <img>, <video>, canvas, ImageBitmap or VideoFrame, in Node a sharp object'

/** Whether it can be read again and is the same then; anything else is read once, when it is given. */
export function staysTheSame(input: PictureInput): boolean {
  if (typeof input === 'string' || isUrl(input) || isBlob(input) || ArrayBuffer.isView(input)) return true
  return (
    typeof input === 'object' && (tagOf(input).endsWith('ArrayBuffer') || isEncoded(input) || isPixels(input))
  )
}

/**
 * The bytes of a picture's file, or its pixels.
 *
 * @throws ImageError for what is no picture, saying what is.
 */
export async function readGiven(input: PictureInput, called?: string): Promise<EncodedPicture | Picture> {
  const file = shortName(called ?? nameOf(input))
  const rules: ByteRules = { name: file, limit: pictureLimits.fileBytes, error: ImageError }
  const noPicture = (value: unknown) => refuse(rules, `${articled(value)} is no picture; ${expected}`)
  if (typeof input === 'string' || isUrl(input)) return { file, bytes: await readAddress(input, rules) }
  if (typeof input === 'object' && input !== null) {
    if (isPixels(input)) return pictureFromPixels(input, called ?? 'the pixels')
    if (isEncoded(input)) return { file, bytes: bytesAtHand(input.bytes, rules) ?? noPicture(input.bytes) }
    const drawn = await drawnPicture(input, file)
    if (drawn !== undefined) return drawn
  }
  return { file, bytes: (await givenBytes(input, rules)) ?? noPicture(input) }
}

/** Newer classes have a method of this name. */
function isEncoded(input: object): input is EncodedPicture {
  return 'bytes' in input && typeof input.bytes === 'object'
}

function isPixels(input: object): input is Pixels {
  return 'data' in input && 'width' in input && 'height' in input
}

/** The name that a file or an answer has of its own. */
function nameOf(input: unknown): string {
  if (typeof input === 'string') return input
  if (isUrl(input)) return input.href
  if (typeof input === 'object' && input !== null) {
    for (const key of ['file', 'name', 'url'] as const) {
      const name: unknown = Reflect.get(input, key)
      if (typeof name === 'string' && name !== '') return name
    }
  }
  return 'the picture'
}
