/** Decodes pictures in browsers through `createImageBitmap`; the same conversions as in Node. */
import { ImageError } from '../errors.ts'
import { decodeBmp } from './bmp.ts'
import { headerOfColourJpeg } from './jpeg-header.ts'
import { formatOf, type PictureFormat } from './kinds.ts'
import { checkPixels, type EncodedPicture, type Picture, threeChannels } from './picture.ts'

export interface DecodeOptions {
  /** Whether to turn the picture as its EXIF orientation says (default true; torchvision does not). */
  readonly orient?: boolean
}

/**
 * The first frame of a JPEG, PNG, WebP, GIF, AVIF or BMP file; of TIFF where the browser knows it, as Safari does.
 *
 * @throws ImageError for anything else, for damaged files, and for too many pixels.
 */
export async function decodePicture(
  { file, bytes }: EncodedPicture,
  { orient = true }: DecodeOptions = {},
): Promise<Picture> {
  const format = formatOf(file, bytes)
  if (format === 'BMP') return decodeBmp(file, bytes)
  const size = format === 'PNG' ? sizeOfPng(bytes) : headerOfColourJpeg(bytes)
  // Before the browser takes memory for it.
  if (size !== undefined) checkPixels(file, size.width, size.height)
  const bitmap = await openBitmap({ file, bytes }, format, orient)
  try {
    checkPixels(file, bitmap.width, bitmap.height)
    return pixelsOf(bitmap, file)
  } finally {
    bitmap.close()
  }
}

function sizeOfPng(bytes: Uint8Array): { readonly width: number; readonly height: number } | undefined {
  if (bytes.length < 24) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  return { width: view.getUint32(16), height: view.getUint32(20) }
}

async function openBitmap(
  { file, bytes }: EncodedPicture,
  format: PictureFormat,
  orient: boolean,
): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(new Blob([bytes.slice()]), {
      imageOrientation: orient ? 'from-image' : 'none',
      premultiplyAlpha: 'none',
      colorSpaceConversion: 'none',
    })
  } catch (error) {
    throw new ImageError(
      `${file}: the browser cannot decode this ${format} picture; it is damaged, or save it as JPEG or PNG`,
      { cause: error },
    )
  }
}

function pixelsOf(bitmap: ImageBitmap, name: string): Picture {
  const { width, height } = bitmap
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })
  if (context === null)
    throw new ImageError(`${name}: the browser gives no canvas of ${width}×${height} to decode on`)
  context.drawImage(bitmap, 0, 0)
  const { data } = context.getImageData(0, 0, width, height)
  return { width, height, data: threeChannels(data, width * height, 4) }
}
