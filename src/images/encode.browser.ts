/** Encodes pictures as PNG files, in browsers through a canvas. */
import { ImageError } from '../errors.ts'
import type { Picture } from './picture.ts'

/** The bytes of a PNG file: 8-bit, opaque. Throws `ImageError` where the browser gives no canvas of that size. */
export async function encodePng({ width, height, data }: Picture): Promise<Uint8Array> {
  const canvas = new OffscreenCanvas(width, height)
  const context = canvas.getContext('2d')
  if (context === null)
    throw new ImageError(`the browser gives no canvas of ${width}×${height} to encode a picture on`)
  const image = context.createImageData(width, height)
  for (let pixel = 0; pixel < width * height; pixel++) {
    image.data.set(data.subarray(pixel * 3, pixel * 3 + 3), pixel * 4)
    image.data[pixel * 4 + 3] = 255
  }
  context.putImageData(image, 0, 0)
  const blob = await canvas.convertToBlob({ type: 'image/png' })
  return new Uint8Array(await blob.arrayBuffer())
}
