/** Writes pictures as PNG files in Node, through sharp (libvips). */
import { ImageError } from '../errors.ts'
import type { Picture } from './picture.ts'

/**
 * The picture as a PNG file, without loss.
 *
 * @throws ImageError where the encoder does not take the picture (one without pixels, say).
 */
export async function encodePng({ width, height, data }: Picture): Promise<Uint8Array> {
  const { default: sharp } = await import('sharp')
  try {
    return new Uint8Array(
      await sharp(data, { raw: { width, height, channels: 3 } })
        .png()
        .toBuffer(),
    )
  } catch (error) {
    throw new ImageError(`a picture of ${width}×${height} cannot be written as PNG`, { cause: error })
  }
}
