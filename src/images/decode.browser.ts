/**
 * Decodes pictures in browsers, to the pixels that they have in Node: colours as they stand in the file, whatever alpha and
 * profile say, and turned by ourselves. PNG and BMP are decoded here, the others by the browser from a plain file.
 */
import { ImageError } from '../errors.ts'
import { decodeBmp } from './bmp.ts'
import { cut } from './cut.ts'
import { headerOfColourJpeg } from './jpeg-header.ts'
import { formatOf, type PictureFormat } from './kinds.ts'
import { turned } from './orientation.ts'
import { checkPixels, type EncodedPicture, type Picture, pictureFromPixels } from './picture.ts'
import { isTurnedAvif, type PlainFile, plainAvif, plainGif, plainJpeg, plainWebp } from './plain-file.ts'
import { decodePng } from './png.ts'
import { fromCanvas, fromDecoder, fromTexture } from './read-back.browser.ts'

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
  if (format === 'PNG') {
    const { picture, orientation } = await decodePng(file, bytes)
    return orient ? turned(picture, orientation) : picture
  }
  const header = headerOfColourJpeg(bytes)
  // Before the browser takes memory for it.
  if (header !== undefined) checkPixels(file, header.width, header.height)
  const plain = plainFile(bytes, format)
  if (plain.endsEarly === true) throw new ImageError(`${file}: the picture is damaged (it ends early)`)
  const decoded = await byBrowser(file, plain, format)
  const picture = plain.frame === undefined ? decoded : cut(decoded, plain.frame)
  return orient ? turned(picture, plain.orientation) : picture
}

function plainFile(bytes: Uint8Array, format: PictureFormat): PlainFile {
  switch (format) {
    case 'JPEG':
      return plainJpeg(bytes)
    case 'WebP':
      return plainWebp(bytes)
    case 'AVIF':
      return plainAvif(bytes)
    case 'GIF':
      return plainGif(bytes)
    default:
      return { bytes, orientation: 1 }
  }
}

async function byBrowser(file: string, plain: PlainFile, format: PictureFormat): Promise<Picture> {
  const bitmap = await openBitmap(file, plain.bytes, format)
  try {
    const { width, height } = bitmap
    checkPixels(file, width, height)
    if (plain.hasAlpha === true) {
      const picture = await fromDecoder(plain.bytes, 'image/webp')
      if (picture !== undefined) return picture
      const data = fromTexture(bitmap, file)
      if (data !== undefined) return pictureFromPixels({ width, height, data })
      throw new ImageError(
        `${file}: this browser tells no colours of a transparent WebP picture without loss; save it as PNG`,
      )
    }
    // Canvases of some browsers smooth the colours of AVIF otherwise than decoders do.
    if (format === 'AVIF' && !isTurnedAvif(plain.bytes)) {
      const picture = await fromDecoder(plain.bytes, 'image/avif')
      if (picture !== undefined) return picture
    }
    return pictureFromPixels({ width, height, data: fromCanvas(bitmap, file) })
  } finally {
    bitmap.close()
  }
}

async function openBitmap(file: string, bytes: Uint8Array, format: PictureFormat): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(new Blob([bytes.slice()]), {
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
