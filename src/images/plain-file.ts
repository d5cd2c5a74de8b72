/**
 * Files made plain for a browser's decoder: what it would do to colours and directions beyond decoding (mixing with alpha,
 * converting by a profile, turning) is taken out of the file, and done by ourselves or not at all, as in Node.
 */
import { joined } from '../bounded/pieces.ts'
import type { Rectangle } from './cut.ts'
import { type Orientation, orientationOf } from './orientation.ts'

export interface PlainFile {
  readonly bytes: Uint8Array
  /** How the picture is turned once it is decoded. */
  readonly orientation: Orientation
  /** Whether the pixels have alpha still, which only their own decoder leaves out. */
  readonly hasAlpha?: boolean
  /** Whether the file has no end, of which some browsers make half a picture. */
  readonly endsEarly?: boolean
  /** Where the picture lies that its first frame is only a part of; seen from the frame. */
  readonly frame?: Rectangle
}

/** JPEG (ITU-T T.81, B.1.1) without the segments of EXIF and of colour profiles. */
export function plainJpeg(bytes: Uint8Array): PlainFile {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const kept: Uint8Array[] = [bytes.subarray(0, 2)]
  let orientation: Orientation = 1
  let at = 2
  while (at + 4 <= bytes.length) {
    const marker = view.getUint16(at)
    const isSegment = marker >= 0xffc0 && marker < 0xffff && marker !== 0xffda
    if (!isSegment) break
    const segment = bytes.subarray(at, at + 2 + view.getUint16(at + 2))
    at += segment.length
    if (marker === 0xffe1 && latin(segment, 4, 10) === 'Exif\0\0' && orientation === 1)
      orientation = orientationOf(segment.subarray(4))
    if (marker !== 0xffe1 && marker !== 0xffe2) kept.push(segment)
  }
  // Coded data hold no such marker.
  const endsEarly = !latin(bytes, at, bytes.length).includes('\xff\xd9')
  return { bytes: joined([...kept, bytes.subarray(at)]), orientation, endsEarly }
}

/** GIF (version 89a, sections 17 to 26) as it is: nothing to take out. */
export function plainGif(bytes: Uint8Array): PlainFile {
  const byte = (at: number) => bytes[at] ?? 0
  const colours = (flags: number) => (flags & 0x80 ? 3 << ((flags & 7) + 1) : 0)
  const afterBlocks = (start: number) => {
    let at = start
    while (byte(at) !== 0) at += 1 + byte(at)
    return at + 1
  }
  let at = 13 + colours(byte(10))
  while (byte(at) === 0x21) at = afterBlocks(at + 2)
  if (byte(at) === 0x2c) at = afterBlocks(at + 11 + colours(byte(at + 9)))
  else at += 1
  return { bytes, orientation: 1, endsEarly: at > bytes.length }
}

/** The first frame of a WebP file (RFC 9649) alone, without alpha, profile and EXIF. */
export function plainWebp(bytes: Uint8Array): PlainFile {
  const chunks = [...riffChunks(bytes, 12)]
  const exif = chunks.find(({ type }) => type === 'EXIF')?.data
  const orientation = exif === undefined ? 1 : orientationOf(exif)
  const canvas = chunks.find(({ type }) => type === 'VP8X')?.data
  const frame = chunks.find(({ type }) => type === 'ANMF')?.data
  const inFrame = frame === undefined ? chunks : [...riffChunks(frame, 16)]
  const image = inFrame.find(({ type }) => type === 'VP8 ' || type === 'VP8L')
  if (image === undefined) return { bytes, orientation }
  const isLossless = image.type === 'VP8L'
  const data = image.data.slice()
  const hasAlpha = isLossless && ((data[4] ?? 0) & losslessAlpha) !== 0
  if (hasAlpha) data[4] = (data[4] ?? 0) & ~losslessAlpha
  return {
    bytes: riff(image.type, data),
    orientation,
    hasAlpha,
    ...(frame === undefined || canvas === undefined ? {} : { frame: placeOf(frame, canvas) }),
  }
}

/** The bit of the fifth byte that says whether alpha is used. */
const losslessAlpha = 0x10

/** AVIF (ISO/IEC 23008-12) whose alpha is an auxiliary picture of no known kind, and whose profile is none. */
export function plainAvif(bytes: Uint8Array): PlainFile {
  const plain = bytes.slice()
  const { start, end } = boxOf(bytes, 'meta')
  const text = latin(bytes, start, end)
  for (const [from, to] of unmade)
    for (let at = text.indexOf(from); at >= 0; at = text.indexOf(from, at + 1))
      plain.set(new TextEncoder().encode(to), start + at)
  return { bytes: plain, orientation: 1 }
}

/** Texts of AVIF's boxes and what stands there instead, as long as they are. */
const unmade = [
  ['urn:mpeg:mpegB:cicp:systems:auxiliary:alpha', 'urn:mpeg:mpegB:cicp:systems:auxiliary:other'],
  ['colrprof', 'freeprof'],
  ['colrrICC', 'freerICC'],
] as const

/** Whether an AVIF file turns or mirrors its picture, which is done in decoding. */
export function isTurnedAvif(bytes: Uint8Array): boolean {
  const { start, end } = boxOf(bytes, 'meta')
  return /irot|imir/.test(latin(bytes, start, end))
}

/** Where the first box of a kind lies among the outermost ones; nowhere where there is none. */
function boxOf(bytes: Uint8Array, type: string): { readonly start: number; readonly end: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 0; at + 8 <= bytes.length; ) {
    const size = view.getUint32(at)
    if (latin(bytes, at + 4, at + 8) === type) return { start: at, end: Math.min(at + size, bytes.length) }
    if (size < 8) break
    at += size
  }
  return { start: 0, end: 0 }
}

interface Chunk {
  readonly type: string
  readonly data: Uint8Array
}

function* riffChunks(bytes: Uint8Array, start: number): Generator<Chunk> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = start; at + 8 <= bytes.length; ) {
    const length = view.getUint32(at + 4, true)
    yield { type: latin(bytes, at, at + 4), data: bytes.subarray(at + 8, at + 8 + length) }
    at += 8 + length + (length % 2)
  }
}

/** A WebP file of one chunk. */
function riff(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(20 + data.length + (data.length % 2))
  const view = new DataView(bytes.buffer)
  bytes.set(new TextEncoder().encode(`RIFF____WEBP${type}`))
  view.setUint32(4, bytes.length - 8, true)
  view.setUint32(16, data.length, true)
  bytes.set(data, 20)
  return bytes
}

/** The whole picture, seen from its first frame; sizes are kept less one, places halved. */
function placeOf(frame: Uint8Array, canvas: Uint8Array): Rectangle {
  const at = (bytes: Uint8Array, offset: number) =>
    (bytes[offset] ?? 0) | ((bytes[offset + 1] ?? 0) << 8) | ((bytes[offset + 2] ?? 0) << 16)
  return {
    left: -2 * at(frame, 0),
    top: -2 * at(frame, 3),
    width: at(canvas, 4) + 1,
    height: at(canvas, 7) + 1,
  }
}

function latin(bytes: Uint8Array, from: number, to: number): string {
  // In pieces: a call takes only so many arguments.
  let text = ''
  for (let at = from; at < Math.min(to, bytes.length); at += 4096)
    text += String.fromCharCode(...bytes.subarray(at, Math.min(at + 4096, to)))
  return text
}
