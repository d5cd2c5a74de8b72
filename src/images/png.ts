/**
 * PNG pictures (W3C, Portable Network Graphics, third edition), read without a browser's decoder, which mixes colours with
 * alpha and rounds 16 bits in its own way. Colours are taken as they stand: alpha, gamma and profiles change nothing.
 */
import { piecesOf } from '../bounded/pieces.ts'
import { ImageError } from '../errors.ts'
import { type Orientation, orientationOf } from './orientation.ts'
import { checkPixels, type Picture } from './picture.ts'

const colours = { grey: 0, rgb: 2, palette: 3, greyAlpha: 4, rgbAlpha: 6 } as const
/** Samples of a pixel, and how many bits they may have, by the kind of colour. */
const layouts: ReadonlyMap<number, { readonly channels: number; readonly bits: readonly number[] }> = new Map(
  [
    [colours.grey, { channels: 1, bits: [1, 2, 4, 8, 16] }],
    [colours.rgb, { channels: 3, bits: [8, 16] }],
    [colours.palette, { channels: 1, bits: [1, 2, 4, 8] }],
    [colours.greyAlpha, { channels: 2, bits: [8, 16] }],
    [colours.rgbAlpha, { channels: 4, bits: [8, 16] }],
  ],
)

/** Pixels that are kept together: every `across`-th from `left`, in every `down`-th row from `top`. */
interface Pass {
  readonly left: number
  readonly top: number
  readonly across: number
  readonly down: number
}

const wholePicture: readonly Pass[] = [{ left: 0, top: 0, across: 1, down: 1 }]
const adam7: readonly Pass[] = [
  { left: 0, top: 0, across: 8, down: 8 },
  { left: 4, top: 0, across: 8, down: 8 },
  { left: 0, top: 4, across: 4, down: 8 },
  { left: 2, top: 0, across: 4, down: 4 },
  { left: 0, top: 2, across: 2, down: 4 },
  { left: 1, top: 0, across: 2, down: 2 },
  { left: 0, top: 1, across: 1, down: 2 },
]

interface Header {
  readonly width: number
  readonly height: number
  readonly bits: number
  readonly colour: number
  readonly channels: number
  readonly passes: readonly Pass[]
}

type Fail = (why: string) => never

/** A picture as its file keeps it. */
export interface StoredPicture {
  readonly picture: Picture
  readonly orientation: Orientation
}

/**
 * The pixels of a PNG file.
 *
 * @throws ImageError for a damaged file, and for too many pixels.
 */
export async function decodePng(file: string, bytes: Uint8Array): Promise<StoredPicture> {
  const fail: Fail = (why) => {
    throw new ImageError(`${file}: the picture is damaged (${why})`)
  }
  const packed: Uint8Array[] = []
  let header: Header | undefined
  let palette = new Uint8Array()
  let orientation: Orientation = 1
  for (const { type, data } of chunksOf(bytes, fail)) {
    if (type === 'IHDR') header = headerOf(data, fail)
    else if (type === 'PLTE') palette = new Uint8Array(data)
    else if (type === 'IDAT') packed.push(data)
    else if (type === 'eXIf') orientation = orientationOf(data)
    else if (type === 'CgBI') fail('it is written for Apple’s devices alone; save it again as PNG')
  }
  if (header === undefined) return fail('it has no header')
  if (header.colour === colours.palette && palette.length === 0) fail('it has no palette')
  checkPixels(file, header.width, header.height)
  const rows = await unpack(packed, lengthOf(header), fail)
  return { picture: pictureOf(header, palette, rows, fail), orientation }
}

function* chunksOf(bytes: Uint8Array, fail: Fail) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 8; at + 12 <= bytes.length; ) {
    const length = view.getUint32(at)
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8))
    if (type === 'IEND') return
    if (at + 12 + length > bytes.length) fail('it ends early')
    yield { type, data: bytes.subarray(at + 8, at + 8 + length) }
    at += 12 + length
  }
}

function headerOf(data: Uint8Array, fail: Fail): Header {
  if (data.length < 13) fail('its header ends early')
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  const [width, height] = [view.getUint32(0), view.getUint32(4)]
  const [bits = 0, colour = 0, compression, filter, interlace] = data.subarray(8, 13)
  const layout = layouts.get(colour)
  if (width === 0 || height === 0) fail('it has no pixels')
  if (layout === undefined || !layout.bits.includes(bits))
    return fail(`${bits} bits of colour type ${colour}`)
  if (compression !== 0 || filter !== 0 || interlace === undefined || interlace > 1)
    fail('its header is of no known kind')
  return {
    width,
    height,
    bits,
    colour,
    channels: layout.channels,
    passes: interlace === 1 ? adam7 : wholePicture,
  }
}

interface Size {
  readonly width: number
  readonly height: number
}

function sizeOf({ left, top, across, down }: Pass, { width, height }: Header): Size {
  return {
    width: Math.max(0, Math.ceil((width - left) / across)),
    height: Math.max(0, Math.ceil((height - top) / down)),
  }
}

function bytesOfRow(width: number, { bits, channels }: Header): number {
  return Math.ceil((width * bits * channels) / 8)
}

/** Bytes of all rows, each with one before it that names its filter. */
function lengthOf(header: Header): number {
  return header.passes.reduce((sum, pass) => {
    const { width, height } = sizeOf(pass, header)
    return width === 0 ? sum : sum + height * (1 + bytesOfRow(width, header))
  }, 0)
}

/** No more than `length` bytes, whatever is packed. */
async function unpack(packed: readonly Uint8Array[], length: number, fail: Fail): Promise<Uint8Array> {
  const packedBytes = packed.reduce((sum, part) => sum + part.length, 0)
  // Before memory is taken: a byte holds no more than 1032.
  if (length > 1032 * packedBytes) fail('it ends early')
  const result = new Uint8Array(length)
  const parts = packed.map((part) => part.slice())
  const unpacked = new Blob(parts).stream().pipeThrough(new DecompressionStream('deflate'))
  let at = 0
  try {
    for await (const piece of piecesOf(unpacked)) {
      const part = piece.subarray(0, length - at)
      result.set(part, at)
      at += part.length
      if (at === length) break
    }
  } catch {
    fail('its pixels cannot be unpacked')
  }
  if (at < length) fail('it ends early')
  return result
}

function pictureOf(header: Header, palette: Uint8Array, rows: Uint8Array, fail: Fail): Picture {
  const { width, height, bits, channels } = header
  const data = new Uint8Array(width * height * 3)
  const write = writerOf(header, palette, data)
  const step = Math.max(1, (bits * channels) >> 3)
  let at = 0
  for (const pass of header.passes) {
    const size = sizeOf(pass, header)
    if (size.width === 0) continue
    const length = bytesOfRow(size.width, header)
    let above: Uint8Array = new Uint8Array(length)
    for (let y = 0; y < size.height; y++) {
      const row = rows.subarray(at + 1, at + 1 + length)
      unfilter(rows[at] ?? 0, row, above, step, fail)
      const first = (pass.top + y * pass.down) * width + pass.left
      for (let x = 0; x < size.width; x++) write(row, x, (first + x * pass.across) * 3)
      above = row
      at += 1 + length
    }
  }
  return { width, height, data }
}

/** Undoes a row's filter in place (section 9). `step`: bytes of a pixel. */
function unfilter(filter: number, row: Uint8Array, above: Uint8Array, step: number, fail: Fail): void {
  switch (filter) {
    case 0:
      return
    case 1:
      for (let i = step; i < row.length; i++) row[i] = (row[i] ?? 0) + (row[i - step] ?? 0)
      return
    case 2:
      for (let i = 0; i < row.length; i++) row[i] = (row[i] ?? 0) + (above[i] ?? 0)
      return
    case 3:
      for (let i = 0; i < row.length; i++)
        row[i] = (row[i] ?? 0) + (((i < step ? 0 : (row[i - step] ?? 0)) + (above[i] ?? 0)) >> 1)
      return
    case 4:
      for (let i = 0; i < row.length; i++) {
        const [left, corner] = i < step ? [0, 0] : [row[i - step] ?? 0, above[i - step] ?? 0]
        row[i] = (row[i] ?? 0) + nearest(left, above[i] ?? 0, corner)
      }
      return
    default:
      fail(`a row has the filter ${filter}`)
  }
}

/** Paeth's predictor. */
function nearest(left: number, up: number, corner: number): number {
  const [toLeft, toUp] = [Math.abs(up - corner), Math.abs(left - corner)]
  const toCorner = Math.abs(left + up - 2 * corner)
  if (toLeft <= toUp && toLeft <= toCorner) return left
  return toUp <= toCorner ? up : corner
}

/** Writes the pixel at `x` of a row to three bytes from `to` on. Of 16 bits the upper 8 are taken. */
function writerOf({ bits, colour, channels }: Header, palette: Uint8Array, data: Uint8Array) {
  const mask = (1 << bits) - 1
  const sample = (row: Uint8Array, index: number): number => {
    if (bits >= 8) return row[index * (bits >> 3)] ?? 0
    const bit = index * bits
    return ((row[bit >> 3] ?? 0) >> (8 - bits - (bit & 7))) & mask
  }
  if (colour === colours.palette) {
    return (row: Uint8Array, x: number, to: number): void => {
      const entry = sample(row, x) * 3
      for (let c = 0; c < 3; c++) data[to + c] = palette[entry + c] ?? 0
    }
  }
  const scale = bits < 8 ? 255 / mask : 1
  const [green, blue] = channels < 3 ? [0, 0] : [1, 2]
  return (row: Uint8Array, x: number, to: number): void => {
    const first = x * channels
    data[to] = sample(row, first) * scale
    data[to + 1] = sample(row, first + green) * scale
    data[to + 2] = sample(row, first + blue) * scale
  }
}
