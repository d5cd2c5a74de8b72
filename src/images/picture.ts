/** Pictures in memory, and the limits that hold for every picture from outside. */
import { articled, tagOf } from '../bounded/given-bytes.ts'
import { ImageError } from '../errors.ts'

/** A decoded picture: 8-bit sRGB, row by row. */
export interface Picture {
  readonly width: number
  readonly height: number
  /** Red, green, blue for each pixel; `width × height × 3` bytes. */
  readonly data: Uint8Array
}

/** A picture still in its file: what to call it in messages, and its bytes. */
export interface EncodedPicture {
  readonly file: string
  readonly bytes: Uint8Array
}

/** Pixels that somebody else decoded: grey, RGB or RGBA, row by row. The browser's `ImageData` is one. */
export interface Pixels {
  readonly width: number
  readonly height: number
  /** Bytes; anything else (fractions, 16 bits, plain arrays) needs a `range`. */
  readonly data: ArrayLike<number>
  /** What full light is in `data`: 1 of fractions, 65535 of 16 bits. Bytes need none. */
  readonly range?: number
}

export const pictureLimits = {
  /** Bytes of an encoded file. */
  fileBytes: 128 * 1024 * 1024,
  /** Pixels, read from the header before anything is decoded: 200 MB of memory, as an 8192×8192 picture takes. */
  pixels: 2 ** 26,
  /** JPEG pictures are decoded at half their size up to so many, where all their pixels would be too many. */
  halvedPixels: 2 ** 28,
  /** The same of those in several scans, which are held in memory whole. */
  halvedScansPixels: 100_000_000,
} as const

/** Throws `ImageError` for more pixels than are decoded. */
export function checkPixels(
  file: string,
  width: number,
  height: number,
  limit: number = pictureLimits.pixels,
): void {
  if (width * height <= limit) return
  const millions = (pixels: number) => Math.round(pixels / 1e6)
  throw new ImageError(
    `${file}: ${width}×${height} is ${millions(width * height)} million pixels, more than ${millions(limit)} million; make the picture smaller first${
      limit === pictureLimits.pixels ? ', or save it as JPEG, which Node reads at half its size' : ''
    }`,
  )
}

/**
 * The picture that grey, RGB or RGBA pixels hold. Alpha is dropped, not composited, as Pillow's `convert('RGB')` does.
 *
 * @throws ImageError where length and size do not go together, and for numbers that are no bytes and of no stated range.
 */
export function pictureFromPixels(given: Pixels, file = 'the pixels'): Picture {
  const { width, height } = given
  const pixels = width * height
  const data = bytesOfPixels(given, file)
  const channels = data.length / pixels
  if (!(pixels > 0) || !Number.isInteger(width) || ![1, 3, 4].includes(channels)) {
    throw new ImageError(
      `${file}: ${data.length} values for ${width}×${height} pixels; give 1 (grey), 3 (RGB) or 4 (RGBA) a pixel`,
    )
  }
  return { width, height, data: threeChannels(data, pixels, channels) }
}

function bytesOfPixels(given: Pixels, file: string): Uint8Array {
  const { data } = given
  const tag = tagOf(data)
  const isBytes = tag === 'Uint8Array' || tag === 'Uint8ClampedArray'
  if (ArrayBuffer.isView(data) && isBytes && (given.range === undefined || given.range === 255))
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  if (!Array.isArray(data) && (!ArrayBuffer.isView(data) || tag === 'DataView'))
    throw new ImageError(`${file}: pixels in ${articled(data)}; expected a typed array of numbers`)
  // Browsers keep fractions in what they make with the format "rgba-float16".
  const range = given.range ?? (tagOf(given) === 'ImageData' ? 1 : undefined)
  if (range === undefined || !(range > 0 && range < Number.POSITIVE_INFINITY)) {
    throw new ImageError(
      `${file}: numbers in ${articled(data)} may mean anything; say what full light is: range: 1 for fractions, 65535 for 16 bits, 255 for bytes`,
    )
  }
  return Uint8Array.from(data, (value, i) => {
    if (!(typeof value === 'number' && value >= 0 && value <= range))
      throw new ImageError(`${file}: value ${i} is ${value}, which is not from 0 to the range of ${range}`)
    // Of 16 bits the lower 8 go, as they do in files.
    return range === 65_535 ? Math.floor(value / 256) : Math.round((value * 255) / range)
  })
}

/** Drops alpha, or repeats grey. */
export function threeChannels(
  data: Uint8Array | Uint8ClampedArray,
  pixels: number,
  channels: number,
): Uint8Array {
  if (channels === 3) return new Uint8Array(data)
  const rgb = new Uint8Array(pixels * 3)
  const [green, blue] = channels < 3 ? [0, 0] : [1, 2]
  for (let i = 0; i < pixels; i++) {
    rgb[i * 3] = data[i * channels] ?? 0
    rgb[i * 3 + 1] = data[i * channels + green] ?? 0
    rgb[i * 3 + 2] = data[i * channels + blue] ?? 0
  }
  return rgb
}
