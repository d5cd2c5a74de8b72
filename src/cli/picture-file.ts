/** Writes drawings as files, by the ending of their names. */

import { InvalidArgumentError } from 'commander'
import { saveFile } from '#platform/checkpoint/save'
import type { Picture } from '../images/picture.ts'

/** Pixels for each of the drawing's own, so that a PNG is sharp on a dense screen. */
const pngScale = 2

/** Parses an option that names a drawing. */
export function pictureFile(path: string): string {
  if (/.\.(svg|png)$/i.test(path)) return path
  throw new InvalidArgumentError('It must be called NAME.svg or NAME.png.')
}

/** Writes an SVG as it is, or its pixels as a PNG. Throws `ResourceError` where the disk does not take it. */
export async function savePicture(path: string, svg: string): Promise<void> {
  await saveFile(path, chunk(/\.png$/i.test(path) ? await pngOf(svg) : new TextEncoder().encode(svg)))
}

/** Endings of the pictures that `savePixels` writes. */
export const pixelEndings = /\.(png|jpe?g|webp)$/i

/** Writes pixels in the format of the file's ending. Throws `ResourceError` where the disk does not take it. */
export async function savePixels(path: string, { width, height, data }: Picture): Promise<void> {
  const { default: sharp } = await import('sharp')
  const [, ending = 'png'] = pixelEndings.exec(path) ?? []
  const format = /^jpe?g$/i.test(ending) ? 'jpeg' : /^webp$/i.test(ending) ? 'webp' : 'png'
  const bytes = await sharp(data, { raw: { width, height, channels: 3 } })
    .toFormat(format)
    .toBuffer()
  await saveFile(path, [bytes])
}

async function pngOf(svg: string): Promise<Uint8Array> {
  const { default: sharp } = await import('sharp')
  // The density at which one pixel of SVG is one pixel.
  return sharp(Buffer.from(svg), { density: 72 * pngScale })
    .png({ palette: true })
    .toBuffer()
}

async function* chunk(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes
}
