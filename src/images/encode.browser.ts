/** Writes pictures as PNG files in browsers, through a canvas that nobody sees. */
import { ImageError } from '../errors.ts'
import type { Picture } from './picture.ts'

/**
 * The picture as a PNG file, without loss.
 *
 * @throws ImageError where the browser gives no canvas of that size.
 */
export async function encodePng(picture: Picture): Promise<Uint8Array> {
  const { width, height } = picture
  try {
    const canvas = new OffscreenCanvas(width, height)
    const context = canvas.getContext('2d')
    if (context === null) throw new ImageError('the browser gives no canvas to draw on')
    context.putImageData(new ImageData(opaque(picture), width, height), 0, 0)
    const blob = await canvas.convertToBlob({ type: 'image/png' })
    return new Uint8Array(await blob.arrayBuffer())
  } catch (error) {
    throw new ImageError(`a picture of ${width}×${height} cannot be written as PNG`, { cause: error })
  }
}

/** The same pixels with an alpha channel that hides nothing. */
function opaque({ width, height, data }: Picture): Uint8ClampedArray<ArrayBuffer> {
  const rgba = new Uint8ClampedArray(width * height * 4).fill(255)
  for (let pixel = 0; pixel < width * height; pixel++) {
    rgba[pixel * 4] = data[pixel * 3] ?? 0
    rgba[pixel * 4 + 1] = data[pixel * 3 + 1] ?? 0
    rgba[pixel * 4 + 2] = data[pixel * 3 + 2] ?? 0
  }
  return rgba
}
