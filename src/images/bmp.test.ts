/** BMP pictures in all their variants, written here by the formats' descriptions, and broken ones. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { uniform } from '../../test/generator.ts'
import { ImageError, ResNetError } from '../errors.ts'
import { beginsAsBmp, decodeBmp } from './bmp.ts'
import { decodePicture } from './decode.node.ts'

type Colour = readonly [red: number, green: number, blue: number]

interface Written {
  readonly width: number
  readonly height: number
  readonly bits: number
  /** Length of the second header: 12 and 64 are OS/2's. */
  readonly header?: 12 | 40 | 64 | 108 | 124
  readonly topDown?: boolean
  readonly compression?: number
  readonly masks?: readonly number[]
  readonly palette?: readonly Colour[]
  /** The bytes of the pixels. */
  readonly body: readonly number[] | Uint8Array
}

function bmp({ width, height, bits, header = 40, topDown = false, ...rest }: Written): Uint8Array {
  const { compression = 0, masks = [], palette = [], body } = rest
  const after = header === 40 ? masks.length * 4 : 0
  const start = 14 + header + after + palette.length * (header === 12 ? 3 : 4)
  const bytes = new Uint8Array(start + body.length)
  const view = new DataView(bytes.buffer)
  bytes.set([0x42, 0x4d])
  view.setUint32(2, bytes.length, true)
  view.setUint32(10, start, true)
  view.setUint32(14, header, true)
  if (header === 12) {
    for (const [i, value] of [width, height, 1, bits].entries()) view.setUint16(18 + 2 * i, value, true)
  } else {
    view.setInt32(18, width, true)
    view.setInt32(22, topDown ? -height : height, true)
    view.setUint16(26, 1, true)
    view.setUint16(28, bits, true)
    view.setUint32(30, compression, true)
    view.setUint32(46, palette.length, true)
    for (const [i, mask] of masks.entries()) view.setUint32(54 + 4 * i, mask, true)
  }
  palette.forEach(([red, green, blue], i) => {
    bytes.set([blue, green, red], 14 + header + after + i * (header === 12 ? 3 : 4))
  })
  bytes.set(body, start)
  return bytes
}

/** The rows of a picture as the file has them, from the bottom, each filled up to four bytes. */
function rowsOf(
  width: number,
  height: number,
  bits: number,
  topDown: boolean,
  pixel: (x: number, y: number) => number,
) {
  const stride = Math.ceil((width * bits) / 32) * 4
  const body = new Uint8Array(stride * height)
  for (let y = 0; y < height; y++) {
    const row = (topDown ? y : height - 1 - y) * stride
    for (let x = 0; x < width; x++) {
      const value = pixel(x, y)
      if (bits < 8)
        body[row + ((x * bits) >> 3)] =
          (body[row + ((x * bits) >> 3)] ?? 0) | (value << (8 - bits - ((x * bits) & 7)))
      else
        for (let byte = 0; byte < bits / 8; byte++)
          body[row + (x * bits) / 8 + byte] = Math.floor(value / 256 ** byte)
    }
  }
  return body
}

const colours: readonly Colour[] = Array.from({ length: 256 }, (_, i) => [i, (i * 7) % 256, 255 - i])

const shape = fc.record({
  width: fc.integer({ min: 1, max: 19 }),
  height: fc.integer({ min: 1, max: 9 }),
  topDown: fc.boolean(),
  seed: fc.integer(),
})

describe('a BMP picture', () => {
  it('of a palette gives its colours, of 1, 2, 4 and 8 bits, from the bottom or the top, by Windows or OS/2', () => {
    const bits = fc.constantFrom(1, 2, 4, 8)
    const header = fc.constantFrom(12, 40, 64, 108, 124)
    fc.assert(
      fc.property(shape, bits, header, ({ width, height, topDown, seed }, depth, length) => {
        const isTopDown = topDown && length !== 12
        const noise = uniform(`bmp ${seed}`)
        const index = (x: number, y: number) => Math.floor(noise(y * width + x) * 2 ** depth)
        const body = rowsOf(width, height, depth, isTopDown, index)
        const palette = colours.slice(0, 2 ** depth)
        const bytes = bmp({
          width,
          height,
          bits: depth,
          header: length as 40,
          topDown: isTopDown,
          palette,
          body,
        })
        const { data } = decodeBmp('a.bmp', bytes)
        const expected = Array.from(
          { length: width * height },
          (_, i) => palette[index(i % width, Math.floor(i / width))],
        )
        expect([...data]).toEqual(expected.flat())
      }),
    )
  })

  it('of 24 and 32 bits gives its pixels, whatever stands where alpha would', () => {
    fc.assert(
      fc.property(shape, fc.constantFrom(24, 32), ({ width, height, topDown, seed }, bits) => {
        const noise = uniform(`bmp ${seed}`)
        const value = (x: number, y: number) => Math.floor(noise(y * width + x) * 2 ** bits)
        const body = rowsOf(width, height, bits, topDown, value)
        const { data } = decodeBmp('a.bmp', bmp({ width, height, bits, topDown, body }))
        const expected = Array.from({ length: width * height }, (_, i) => {
          const pixel = value(i % width, Math.floor(i / width))
          return [16, 8, 0].map((shift) => Math.floor(pixel / 2 ** shift) % 256)
        })
        expect([...data]).toEqual(expected.flat())
      }),
    )
  })

  it.each([
    ['16 bits as usual', 16, 0, [], 0b11111_00000_10000, [255, 0, 131]],
    ['16 bits in 5, 6 and 5', 16, 3, [0xf800, 0x7e0, 0x1f], 0b11111_100000_00001, [255, 129, 8]],
    ['32 bits in another order', 32, 3, [0xff, 0xff00, 0xff0000], 0x00_30_20_10, [0x10, 0x20, 0x30]],
    ['32 bits in 10 and 10 and 10', 32, 3, [0x3ff00000, 0xffc00, 0x3ff], 0x3ff00000, [255, 0, 0]],
    [
      '32 bits with a mask up to the top',
      32,
      3,
      [0xff000000, 0xff0000, 0xff00],
      0x80_40_20_99,
      [128, 64, 32],
    ],
  ] as const)('of %s is scaled to 8 bits', (_title, bits, compression, masks, pixel, expected) => {
    for (const header of [40, 108] as const) {
      const body = rowsOf(1, 1, bits, false, () => pixel)
      expect([
        ...decodeBmp('a.bmp', bmp({ width: 1, height: 1, bits, header, compression, masks, body })).data,
      ]).toEqual(expected)
    }
  })

  const indices = (data: Uint8Array) => [...data].filter((_, i) => i % 3 === 0)

  it('of runs gives them, colours one by one, jumps, and ends of lines', () => {
    // From the bottom: three of 5, then 1 2 3 one by one (and a byte to fill); a jump over one pixel up; the end.
    const body = [3, 5, 0, 3, 1, 2, 3, 0, 0, 0, 0, 2, 1, 0, 2, 9, 0, 1]
    const { data } = decodeBmp(
      'a.bmp',
      bmp({ width: 6, height: 3, bits: 8, compression: 1, palette: colours, body }),
    )
    expect(indices(data)).toEqual([0, 0, 0, 0, 0, 0, 0, 9, 9, 0, 0, 0, 5, 5, 5, 1, 2, 3])
    // Of half bytes: five of 1 and 2 in turn, then three one by one.
    const halves = [5, 0x12, 0, 3, 0x34, 0x50, 0, 0, 0, 1]
    const four = bmp({
      width: 8,
      height: 1,
      bits: 4,
      compression: 2,
      palette: colours.slice(0, 16),
      body: halves,
    })
    expect(indices(decodeBmp('a.bmp', four).data)).toEqual([1, 2, 1, 2, 1, 3, 4, 5])
  })

  it('goes through the one decoder of pictures', async () => {
    const bytes = bmp({ width: 1, height: 1, bits: 24, body: [3, 2, 1, 0] })
    expect(await decodePicture({ file: 'a.jpg', bytes })).toEqual({
      width: 1,
      height: 1,
      data: Uint8Array.of(1, 2, 3),
    })
  })
})

describe('what is no whole BMP picture', () => {
  const whole = bmp({ width: 20, height: 20, bits: 24, body: new Uint8Array(1200) })

  it.each([
    ['one that ends early', whole.subarray(0, 900), 'it ends early'],
    ['a header that ends early', whole.subarray(0, 20), 'its header ends early'],
    [
      'runs that end early',
      bmp({ width: 9, height: 9, bits: 8, compression: 1, palette: colours, body: [9, 1, 0, 0] }),
      'it ends early',
    ],
    [
      'a colour that is not in the palette',
      bmp({ width: 1, height: 1, bits: 8, palette: colours.slice(0, 4), body: [9, 0, 0, 0] }),
      'it has no colour 9',
    ],
    ['no pixels', bmp({ width: 0, height: 1, bits: 24, body: [] }), '0×1 pixels'],
    ['7 bits a pixel', bmp({ width: 1, height: 1, bits: 7, body: [0, 0, 0, 0] }), '7 bits a pixel'],
    [
      'a JPEG within',
      bmp({ width: 1, height: 1, bits: 24, compression: 4, body: [] }),
      'compression 4, which is not read; save it as PNG',
    ],
    [
      'too many pixels',
      bmp({ width: 60_000, height: 60_000, bits: 1, palette: colours.slice(0, 2), body: [] }),
      '3600 million pixels',
    ],
  ])('%s is refused in words', (_title, bytes, message) => {
    expect(() => decodeBmp('a.bmp', bytes)).toThrow(ImageError)
    expect(() => decodeBmp('a.bmp', bytes)).toThrow(message)
  })

  it('is told from texts that begin with the same letters', () => {
    expect(beginsAsBmp(new TextEncoder().encode('BMW models, by year and colour'))).toBe(false)
  })

  it('never gives another error, and never half a picture', () => {
    const runs = bmp({
      width: 7,
      height: 5,
      bits: 8,
      compression: 1,
      palette: colours,
      body: [7, 1, 0, 5, 1, 2, 3, 4, 5, 0, 0, 1],
    })
    const changes = fc.array(fc.tuple(fc.integer({ min: 2, max: 1100 }), fc.integer({ min: 0, max: 255 })), {
      minLength: 1,
      maxLength: 6,
    })
    fc.assert(
      fc.property(
        fc.constantFrom(whole, runs),
        changes,
        fc.integer({ min: 0, max: 1300 }),
        (original, changed, length) => {
          const bytes = original.slice(0, Math.max(18, length))
          for (const [at, value] of changed) if (at < bytes.length) bytes[at] = value
          try {
            const { width, height, data } = decodeBmp('a.bmp', bytes)
            expect(data).toHaveLength(width * height * 3)
          } catch (error) {
            expect(error).toBeInstanceOf(ResNetError)
          }
        },
      ),
    )
  })
})
