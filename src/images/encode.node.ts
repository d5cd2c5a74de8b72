/** Encodes pictures as PNG files, in Node through sharp (libvips). */
import type { Picture } from './picture.ts'

/** The bytes of a PNG file: 8-bit RGB. */
export async function encodePng({ width, height, data }: Picture): Promise<Uint8Array> {
  const { default: sharp } = await import('sharp')
  return sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer()
}
