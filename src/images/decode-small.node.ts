/**
 * Small JPEG pictures, many in one pipeline: setting up one for each takes libvips ten times as long as decoding 32×32
 * pixels, and half of that is spent on the calling thread. What is asked for while others are decoded waits for them, and
 * then goes on together with what has the same size.
 */
import { pictureLimits } from './picture.ts'

/** How every picture is opened: no colour profile is applied, and one that ends early is damaged. */
export const openOptions = {
  ignoreIcc: true,
  limitInputPixels: pictureLimits.pixels,
  failOn: 'truncated',
} as const

interface Size {
  readonly width: number
  readonly height: number
}

interface Waiting {
  readonly bytes: Uint8Array
  readonly resolve: (rgb: Uint8Array) => void
  readonly reject: (error: unknown) => void
}

/** Above 128×128 pixels decoding itself is what takes time. */
const smallPixels = 128 * 128
const picturesTogether = 32
/** As many as libuv has threads for them. */
const pipelines = 4

let running = 0
/** By size. */
const waiting = new Map<string, { readonly size: Size; readonly pictures: Waiting[] }>()

export function isSmall({ width, height }: Size): boolean {
  return width * height <= smallPixels
}

/**
 * The pixels of a JPEG picture of three components, which is of the given size by its header and has no orientation: red,
 * green, blue, row by row. Rejects with libvips's error for a damaged one.
 */
export function decodeSmall(bytes: Uint8Array, size: Size): Promise<Uint8Array> {
  const key = `${size.width}×${size.height}`
  const queue = waiting.get(key) ?? { size, pictures: [] }
  waiting.set(key, queue)
  return new Promise((resolve, reject) => {
    queue.pictures.push({ bytes, resolve, reject })
    if (running < pipelines) decodeWaiting()
  })
}

async function decodeWaiting(): Promise<void> {
  running++
  for (let queue = nextQueue(); queue !== undefined; queue = nextQueue())
    await decodeTogether(queue.pictures.splice(0, picturesTogether), queue.size)
  running--
}

/** The first that is not empty. */
function nextQueue() {
  for (const [key, queue] of waiting) {
    if (queue.pictures.length > 0) return queue
    waiting.delete(key)
  }
  return undefined
}

async function decodeTogether(pictures: readonly Waiting[], size: Size): Promise<void> {
  try {
    const rgb = await decodeColumn(pictures, size)
    const length = size.width * size.height * 3
    pictures.forEach(({ resolve }, i) => {
      resolve(rgb.slice(i * length, (i + 1) * length))
    })
  } catch (error) {
    // One damaged picture spoils all of them: each tries alone.
    if (pictures.length > 1) for (const picture of pictures) await decodeTogether([picture], size)
    else for (const { reject } of pictures) reject(error)
  }
}

/** The pictures below one another. */
async function decodeColumn(pictures: readonly Waiting[], { width, height }: Size): Promise<Uint8Array> {
  const { default: sharp } = await import('sharp')
  const files = pictures.map(({ bytes }) => bytes)
  // sharp joins two pictures or more.
  const column =
    files.length === 1 ? sharp(files[0], openOptions) : sharp(files, { ...openOptions, join: { across: 1 } })
  const { data, info } = await column.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true })
  if (info.width !== width || info.height !== height * files.length || info.channels !== 3) {
    throw new Error(`decoded to ${info.width}×${info.height}×${info.channels}, unlike its header`)
  }
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}
