/** Writes pictures as PNG files in browsers, without a canvas: protections against fingerprinting change what one gives. */
import { crc32 } from '#platform/bounded/crc32'
import { ImageError } from '../errors.ts'
import type { Picture } from './picture.ts'

const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)
/** Each byte less the one three before it, its pixel's left neighbour: packs better than the bytes themselves. */
const lessLeft = 1

/**
 * The picture as a PNG file, without loss.
 *
 * @throws ImageError for a picture without pixels.
 */
export async function encodePng({ width, height, data }: Picture): Promise<Uint8Array> {
  if (!(width > 0 && height > 0) || data.length !== width * height * 3)
    throw new ImageError(`a picture of ${width}×${height} cannot be written as PNG`)
  const length = width * 3
  const rows = new Uint8Array(height * (1 + length))
  for (let y = 0; y < height; y++) {
    const [from, to] = [y * length, y * (1 + length) + 1]
    rows[to - 1] = lessLeft
    for (let i = 0; i < length; i++)
      rows[to + i] = (data[from + i] ?? 0) - (i < 3 ? 0 : (data[from + i - 3] ?? 0))
  }
  const packed = new Response(new Blob([rows]).stream().pipeThrough(new CompressionStream('deflate')))
  const parts = [
    signature,
    chunk('IHDR', headerOf(width, height)),
    chunk('IDAT', new Uint8Array(await packed.arrayBuffer())),
    chunk('IEND', new Uint8Array()),
  ]
  return new Uint8Array(await new Blob(parts).arrayBuffer())
}

/** 8 bits of red, green and blue, not interlaced. */
function headerOf(width: number, height: number): Uint8Array {
  const header = new Uint8Array(13)
  const view = new DataView(header.buffer)
  view.setUint32(0, width)
  view.setUint32(4, height)
  header.set([8, 2], 8)
  return header
}

function chunk(type: string, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(12 + data.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, data.length)
  bytes.set(new TextEncoder().encode(type), 4)
  bytes.set(data, 8)
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)))
  return bytes
}
