/**
 * BMP pictures, Windows' and OS/2's: 1 to 32 bits a pixel, palettes, bit fields, run lengths, rows from the bottom or the
 * top (Microsoft's BITMAPINFOHEADER and its later versions; OS/2's BITMAPCOREHEADER). Alpha is dropped.
 */
import { ImageError } from '../errors.ts'
import type { Picture } from './picture.ts'
import { checkPixels } from './picture.ts'

/** Lengths of the headers that follow the file's own 14 bytes. */
const coreHeader = 12
const headers: readonly number[] = [coreHeader, 16, 40, 52, 56, 64, 108, 124]
const compressions = { none: 0, rle8: 1, rle4: 2, fields: 3, fieldsWithAlpha: 6 } as const

/** A channel's bits within a pixel of 16 or 32. */
interface Field {
  readonly mask: number
  readonly shift: number
  readonly greatest: number
}

interface Header {
  readonly width: number
  readonly height: number
  readonly topDown: boolean
  readonly bits: number
  readonly compression: number
  /** Where the pixels begin. */
  readonly start: number
  /** Red, green, blue. */
  readonly fields: readonly Field[]
  /** Red, green and blue of each colour, up to 8 bits a pixel. */
  readonly palette: Uint8Array
}

/** Whether the bytes begin as a BMP picture: the two letters alone begin many a text too. */
export function beginsAsBmp(bytes: Uint8Array): boolean {
  return bytes[0] === 0x42 && bytes[1] === 0x4d && bytes.length >= 18 && headers.includes(u32(bytes, 14))
}

/**
 * The pixels of a BMP file.
 *
 * @throws ImageError for a damaged file, for what other files' compressions it holds, and for too many pixels.
 */
export function decodeBmp(file: string, bytes: Uint8Array): Picture {
  const fail = (why: string): never => {
    throw new ImageError(`${file}: the picture is damaged (${why})`)
  }
  if (bytes.length < 26) fail('its header ends early')
  const header = headerOf(file, bytes, fail)
  const { width, height, compression } = header
  const isRuns = compression === compressions.rle8 || compression === compressions.rle4
  // Before memory is taken: two bytes tell 255 pixels at most, but for those that are jumped over.
  if (isRuns && width * height > 256 * bytes.length) fail('it ends early')
  if (!isRuns && endOfRows(header) > bytes.length) fail('it ends early')
  const write = writerOf(header, fail)
  if (isRuns) readRuns(bytes, header, write, fail)
  else readRows(bytes, header, write)
  return { width, height, data: write.data }
}

type Fail = (why: string) => never

/** The size alone, for whoever decodes the picture otherwise. */
export function sizeOfBmp(bytes: Uint8Array): { readonly width: number; readonly height: number } {
  const isCore = u32(bytes, 14) === coreHeader
  return isCore
    ? { width: u16(bytes, 18), height: u16(bytes, 20) }
    : { width: u32(bytes, 18), height: Math.abs(u32(bytes, 22) | 0) }
}

function headerOf(file: string, bytes: Uint8Array, fail: Fail): Header {
  const length = u32(bytes, 14)
  const isCore = length === coreHeader
  const { width, height } = sizeOfBmp(bytes)
  const bits = u16(bytes, isCore ? 24 : 28)
  const compression = length >= 40 ? u32(bytes, 30) : compressions.none
  if (width === 0 || height === 0) fail(`${width}×${height} pixels`)
  checkPixels(file, width, height)
  if (![1, 2, 4, 8, 16, 24, 32].includes(bits)) fail(`${bits} bits a pixel`)
  // OS/2's second header has other meanings for the same numbers.
  const known = length === 64 ? [0, 1, 2] : Object.values(compressions)
  if (!known.some((value) => value === compression) || !fits(compression, bits))
    throw new ImageError(
      `${file}: a BMP picture of ${bits} bits in compression ${compression}, which is not read; save it as PNG`,
    )
  const start = u32(bytes, 10)
  const palette = bits > 8 ? new Uint8Array() : paletteOf(bytes, { length, bits, start, isCore })
  if (bits <= 8 && palette.length === 0) fail('it has no palette')
  const topDown = !isCore && (u32(bytes, 22) | 0) < 0
  return {
    width,
    height,
    topDown,
    bits,
    compression,
    start,
    fields: fieldsOf(bytes, compression, bits),
    palette,
  }
}

function fits(compression: number, bits: number): boolean {
  if (compression === compressions.rle8) return bits === 8
  if (compression === compressions.rle4) return bits === 4
  return compression === compressions.none || bits === 16 || bits === 32
}

function paletteOf(
  bytes: Uint8Array,
  { length, bits, start, isCore }: { length: number; bits: number; start: number; isCore: boolean },
): Uint8Array {
  const [from, size] = [14 + length, isCore ? 3 : 4]
  const named = length >= 40 ? u32(bytes, 46) : 0
  const most = 2 ** bits
  const room = Math.floor((Math.min(start, bytes.length) - from) / size)
  const count = Math.max(0, Math.min(named === 0 ? most : named, most, room))
  const palette = new Uint8Array(count * 3)
  for (let i = 0; i < count * 3; i++) {
    // Blue, green, red, and with Windows a byte of nothing.
    palette[i] = bytes[from + Math.floor(i / 3) * size + 2 - (i % 3)] ?? 0
  }
  return palette
}

function fieldsOf(bytes: Uint8Array, compression: number, bits: number): readonly Field[] {
  const told = compression === compressions.fields || compression === compressions.fieldsWithAlpha
  const usual = bits === 16 ? [0x7c00, 0x3e0, 0x1f] : [0xff0000, 0xff00, 0xff]
  return usual.map((mask, i) => fieldOf(told ? u32(bytes, 54 + 4 * i) : mask))
}

function fieldOf(mask: number): Field {
  const shift = mask === 0 ? 0 : 31 - Math.clz32(mask & -mask)
  return { mask, shift, greatest: mask >>> shift }
}

interface Writer {
  readonly data: Uint8Array
  /** Writes a pixel as the file has it, `line` counted from the file's first one. */
  (x: number, line: number, pixel: number): void
}

function writerOf({ width, height, topDown, bits, fields, palette }: Header, fail: Fail): Writer {
  const data = new Uint8Array(width * height * 3)
  const place = (x: number, line: number) => ((topDown ? line : height - 1 - line) * width + x) * 3
  const write = (x: number, line: number, pixel: number) => {
    const at = place(x, line)
    if (bits > 8) {
      for (let channel = 0; channel < 3; channel++) data[at + channel] = eightBits(pixel, fields[channel])
      return
    }
    if (pixel * 3 >= palette.length) fail(`it has no colour ${pixel}`)
    for (let channel = 0; channel < 3; channel++) data[at + channel] = palette[pixel * 3 + channel] ?? 0
  }
  return Object.assign(write, { data })
}

/** A channel of a pixel, as 8 bits. */
function eightBits(pixel: number, field: Field | undefined): number {
  if (field === undefined || field.greatest === 0) return 0
  const value = (pixel & field.mask) >>> field.shift
  return field.greatest === 255 ? value : Math.floor((value * 255) / field.greatest)
}

/** Rows one after another, each a multiple of four bytes long. */
function readRows(bytes: Uint8Array, header: Header, write: Writer): void {
  const { width, height, bits, start } = header
  for (let line = 0; line < height; line++) {
    const row = start + line * strideOf(header)
    for (let x = 0; x < width; x++) write(x, line, pixelAt(bytes, row, x, bits))
  }
}

function strideOf({ width, bits }: Header): number {
  return Math.ceil((width * bits) / 32) * 4
}

/** Some programs leave the filling of the last row out. */
function endOfRows(header: Header): number {
  const { width, height, bits, start } = header
  return start + strideOf(header) * (height - 1) + Math.ceil((width * bits) / 8)
}

function pixelAt(bytes: Uint8Array, row: number, x: number, bits: number): number {
  if (bits <= 8) {
    const bit = x * bits
    return ((bytes[row + (bit >> 3)] ?? 0) >> (8 - bits - (bit & 7))) & (2 ** bits - 1)
  }
  let pixel = 0
  for (let byte = bits / 8 - 1; byte >= 0; byte--)
    pixel = pixel * 256 + (bytes[row + (x * bits) / 8 + byte] ?? 0)
  return pixel
}

/** Runs of a colour, colours one by one, and jumps; what is jumped over has the first colour. */
function readRuns(bytes: Uint8Array, header: Header, write: Writer, fail: Fail): void {
  const { width, height, bits, start, palette } = header
  for (let at = 0; at < write.data.length; at += 3) write.data.set(palette.subarray(0, 3), at)
  let [at, x, line] = [start, 0, 0]
  const next = () => bytes[at++] ?? fail('it ends early')
  const put = (pixel: number) => {
    if (x < width && line < height) write(x, line, pixel)
    x++
  }
  const half = (byte: number, i: number) => (bits === 8 ? byte : i % 2 === 0 ? byte >> 4 : byte & 15)
  while (line < height) {
    const [count, byte] = [next(), next()]
    if (count > 0) for (let i = 0; i < count; i++) put(half(byte, i))
    else if (byte === 0) [x, line] = [0, line + 1]
    else if (byte === 1) return
    else if (byte === 2) [x, line] = [x + next(), line + next()]
    else {
      const length = Math.ceil((byte * bits) / 8)
      for (let i = 0; i < byte; i++)
        put(half(bytes[at + Math.floor((i * bits) / 8)] ?? fail('it ends early'), i))
      at += length + (length % 2)
    }
  }
}

function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) + (bytes[at + 1] ?? 0) * 256
}

function u32(bytes: Uint8Array, at: number): number {
  return u16(bytes, at) + u16(bytes, at + 2) * 65_536
}
