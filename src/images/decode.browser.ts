/** Decodes pictures in browsers through `createImageBitmap`; the same conversions as in Node. */
import { ImageError } from '../errors.ts'
import { type EncodedPicture, type Picture, threeChannels } from './picture.ts'
import { checkFormat, checkPixels } from './sniff.ts'

export interface DecodeOptions {
  /** Whether to turn the picture as its EXIF orientation says (default true; torchvision does not). */
  readonly orient?: boolean
}

/**
 * The first frame of a JPEG, PNG or WebP file.
 *
 * @throws ImageError for anything else, for damaged files, and for more than 50 million pixels.
 */
export async function decodePicture(
  { file, bytes }: EncodedPicture,
  { orient = true }: DecodeOptions = {},
): Promise<Picture> {
  checkFormat(file, bytes)
  const bitmap = await openBitmap(bytes, file, orient)
  try {
    checkPixels(file, bitmap.width, bitmap.height)
    return pixelsOf(bitmap, file)
  } finally {
    bitmap.close()
  }
}

async function openBitmap(bytes: Uint8Array, name: string, orient: boolean): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(new Blob([bytes.slice()]), {
      imageOrientation: orient ? 'from-image' : 'none',
      premultiplyAlpha: 'none',
      colorSpaceConversion: 'none',
    })
  } catch (error) {
    throw new ImageError(`${name}: the picture is damaged (the browser cannot decode it)`, { cause: error })
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
