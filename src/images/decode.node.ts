/**
 * Decodes pictures in Node through sharp (libvips). Whatever the file holds becomes 8-bit RGB the way the networks'
 * training pipelines have it: alpha is dropped (Pillow's `convert('RGB')`), an RGB colour profile is not applied, CMYK is
 * converted, 16 bits lose their lower 8.
 */
import type { Metadata, Sharp } from 'sharp'
import { ImageError } from '../errors.ts'
import { decodeSmall, isSmall, openOptions } from './decode-small.node.ts'
import { type EncodedPicture, type Picture, threeChannels } from './picture.ts'
import { checkFormat, checkPixels, headerOfColourJpeg } from './sniff.ts'

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
  // Loaded when the first picture comes: it costs 50 ms that most commands need not pay.
  const { default: sharp } = await import('sharp')
  const open = () => sharp(bytes, openOptions)
  try {
    // The usual picture needs no look at its metadata, which costs small ones a third of their time.
    const header = headerOfColourJpeg(bytes)
    if (header !== undefined && isSmall(header) && !(orient && header.mayBeTurned)) {
      const { width, height } = header
      return { width, height, data: await decodeSmall(bytes, header) }
    }
    const metadata = header === undefined ? await open().metadata() : { ...header, ...plain }
    checkPixels(file, metadata.width, metadata.height)
    const image = orient ? open().autoOrient() : open()
    return await toRgb(image, metadata)
  } catch (error) {
    if (error instanceof ImageError) throw error
    throw new ImageError(`${file}: the picture is damaged (${firstLine(error)})`, { cause: error })
  }
}

/** As libvips opens a JPEG picture of three components. */
const plain = { space: 'srgb', depth: 'uchar' } as const

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
  const { width, height } = info
  const rgb = new Uint8Array(width * height * 3)
  for (let pixel = 0; pixel < width * height; pixel++) {
    const white = 255 - (data[pixel * 4 + 3] ?? 0)
    for (let c = 0; c < 3; c++) {
      const product = (data[pixel * 4 + c] ?? 0) * white + 128
      rgb[pixel * 3 + c] = Math.max(0, white - (((product >> 8) + product) >> 8))
    }
  }
  return { width, height, data: rgb }
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return (text.trim().split('\n')[0] ?? '').slice(0, 120)
}
