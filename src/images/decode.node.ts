/**
 * Decodes pictures in Node through sharp (libvips), to the pixels that they have in pages. Whatever the file holds becomes 8-bit RGB the way the networks'
 * training pipelines have it: alpha is dropped (Pillow's `convert('RGB')`), an RGB colour profile is not applied, CMYK is
 * converted, 16 bits lose their lower 8.
 */
import type { Metadata, Sharp } from 'sharp'
import { ImageError } from '../errors.ts'
import { decodeBmp } from './bmp.ts'
import { decodeSmall, isSmall, openOptions } from './decode-small.node.ts'
import { headerOfColourJpeg } from './jpeg-header.ts'
import { formatOf } from './kinds.ts'
import { checkPixels, type EncodedPicture, type Picture, pictureLimits, threeChannels } from './picture.ts'

export interface DecodeOptions {
  /** Whether to turn the picture as its EXIF orientation says (default true; torchvision does not). */
  readonly orient?: boolean
}

/**
 * The first frame or page of a JPEG, PNG, WebP, GIF, TIFF, AVIF or BMP file. A JPEG picture of more pixels than
 * `pictureLimits` allows is read at half its width and height.
 *
 * @throws ImageError for anything else, for damaged files, and for too many pixels.
 */
export async function decodePicture(
  { file, bytes }: EncodedPicture,
  { orient = true }: DecodeOptions = {},
): Promise<Picture> {
  const format = formatOf(file, bytes)
  if (format === 'BMP') return decodeBmp(file, bytes)
  // Loaded when the first picture comes: it costs 50 ms that most commands need not pay.
  const { default: sharp } = await import('sharp')
  try {
    // The usual picture needs no look at its metadata, which costs small ones a third of their time.
    const header = headerOfColourJpeg(bytes)
    if (header !== undefined && isSmall(header) && !(orient && header.mayBeTurned)) {
      const { width, height } = header
      return { width, height, data: await decodeSmall(bytes, header) }
    }
    const known = header !== undefined && !isHuge(header)
    const metadata = known ? { ...header, ...plain } : await metadataOf(file, bytes)
    if (format === 'JPEG' && isHuge(metadata)) return await toRgb(await halved(file, bytes, orient), metadata)
    checkPixels(file, metadata.width, metadata.height)
    const image = sharp(bytes, openOptions)
    return await toRgb(orient ? image.autoOrient() : image, metadata)
  } catch (error) {
    if (error instanceof ImageError) throw error
    throw new ImageError(`${file}: the picture is damaged (${firstLine(error)})`, { cause: error })
  }
}

/** As libvips opens a JPEG picture of three components. */
const plain = { space: 'srgb', depth: 'uchar' } as const

function isHuge({ width, height }: { readonly width: number; readonly height: number }): boolean {
  return width * height > pictureLimits.pixels
}

/** What the header says. Pictures of measurements would become black or white without a word, and are refused. */
async function metadataOf(file: string, bytes: Uint8Array): Promise<Metadata> {
  const { default: sharp } = await import('sharp')
  const metadata = await sharp(bytes, {
    ...openOptions,
    limitInputPixels: false,
    limitInputChannels: false,
  }).metadata()
  const { depth, channels, space } = metadata
  const isEightOrSixteen = depth === 'uchar' || depth === 'ushort'
  if (isEightOrSixteen && channels <= (space === 'cmyk' ? 5 : 4)) return metadata
  throw new ImageError(
    `${file}: a picture of ${channels} channels of numbers "${depth}"; expected up to 4 channels of 8 or 16 bits: save it as PNG`,
  )
}

/**
 * A JPEG picture decoded at half its width and height, so that all its pixels never are in memory. Its short side then has
 * 512 pixels or more, since a JPEG picture's sides have at most 65,535: twice what networks usually are shown.
 */
async function halved(file: string, bytes: Uint8Array, orient: boolean): Promise<Sharp> {
  const { default: sharp } = await import('sharp')
  const image = sharp(bytes, { ...openOptions, limitInputPixels: pictureLimits.halvedPixels })
  const { width, height, isProgressive, autoOrient } = await metadataOf(file, bytes)
  const { halvedPixels, halvedScansPixels } = pictureLimits
  checkPixels(file, width, height, isProgressive ? halvedScansPixels : halvedPixels)
  const shown = orient ? autoOrient : { width, height }
  return (orient ? image.autoOrient() : image).resize({
    width: Math.floor(shown.width / 2),
    height: Math.floor(shown.height / 2),
    fit: 'fill',
    fastShrinkOnLoad: true,
  })
}

async function toRgb(image: Sharp, { space, depth }: Pick<Metadata, 'space' | 'depth'>): Promise<Picture> {
  if (space === 'cmyk') return cmykToRgb(image)
  const converted = space === 'srgb' && depth === 'uchar' ? image : image.toColourspace('srgb')
  const { data, info } = await converted.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true })
  const { width, height, channels } = info
  return { width, height, data: threeChannels(data, width * height, channels) }
}

/** Pillow's arithmetic, which training pipelines have: what each ink and then black leave of white; no profile. */
async function cmykToRgb(image: Sharp): Promise<Picture> {
  const inks = image.pipelineColourspace('cmyk').toColourspace('cmyk').raw({ depth: 'uchar' })
  const { data, info } = await inks.toBuffer({ resolveWithObject: true })
  const { width, height, channels } = info
  const rgb = new Uint8Array(width * height * 3)
  for (let pixel = 0; pixel < width * height; pixel++) {
    const white = 255 - (data[pixel * channels + 3] ?? 0)
    for (let c = 0; c < 3; c++) {
      const product = (data[pixel * channels + c] ?? 0) * white + 128
      rgb[pixel * 3 + c] = Math.max(0, white - (((product >> 8) + product) >> 8))
    }
  }
  return { width, height, data: rgb }
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return (text.trim().split('\n')[0] ?? '').slice(0, 120)
}
