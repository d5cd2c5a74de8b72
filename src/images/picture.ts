/** Pictures in memory, and the limits that hold for every picture from outside. */
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

/** Pixels that somebody else decoded: grey, RGB or RGBA, a byte each. The browser's `ImageData` is one. */
export interface Pixels {
  readonly width: number
  readonly height: number
  readonly data: Uint8Array | Uint8ClampedArray
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
    `${file}: ${width}×${height} are ${millions(width * height)} million pixels, more than ${millions(limit)} million; make the picture smaller first${
      limit === pictureLimits.pixels ? ', or save it as JPEG, which Node reads at half its size' : ''
    }`,
  )
}

/**
 * The picture that grey, RGB or RGBA pixels hold. Alpha is dropped, not composited, as Pillow's `convert('RGB')` does.
 *
 * @throws ImageError where length and size do not go together.
 */
export function pictureFromPixels({ width, height, data }: Pixels, file = 'the pixels'): Picture {
  const pixels = width * height
  const channels = data.length / pixels
  if (!(pixels > 0) || ![1, 3, 4].includes(channels)) {
    throw new ImageError(
      `${file}: ${data.length} bytes for ${width}×${height} pixels; give 1 (grey), 3 (RGB) or 4 (RGBA) a pixel`,
    )
  }
  return { width, height, data: threeChannels(data, pixels, channels) }
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
