/** The PNG decoder of pages, whose oracle is libpng: the pixels that sharp reads, whatever kind of PNG they are in. */
import fc from 'fast-check'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { uniform } from '../../test/generator.ts'
import { ImageError } from '../errors.ts'
import { decodePicture } from './decode.node.ts'
import { turned } from './orientation.ts'
import { decodePng } from './png.ts'

/** Noise of 13×11 pixels, an odd size for every pass. */
function noise(channels: 1 | 2 | 3 | 4) {
  const random = uniform(`png ${channels}`)
  const data = Uint8Array.from({ length: 13 * 11 * channels }, (_, i) => Math.floor(random(i) * 256))
  return sharp(data, { raw: { width: 13, height: 11, channels } })
}

async function both(bytes: Uint8Array) {
  const { picture, orientation } = await decodePng('a.png', bytes)
  return { ours: turned(picture, orientation), libpng: await decodePicture({ file: 'a.png', bytes }) }
}

describe('a PNG picture read without libpng', () => {
  const kinds = [
    ['grey', () => noise(1).toColourspace('b-w')],
    ['grey with alpha', () => noise(2)],
    ['RGB', () => noise(3)],
    ['RGB with alpha', () => noise(4)],
    ['16 bits', () => noise(3).toColourspace('rgb16')],
    ['16 bits with alpha', () => noise(4).toColourspace('rgb16')],
    ['16 bits of grey', () => noise(1).toColourspace('grey16')],
    ['turned', () => noise(3).withMetadata({ orientation: 6 })],
    ['with a colour profile', () => noise(3).withIccProfile('p3')],
  ] as const
  it.each(
    kinds.flatMap(([kind, make]) => [
      [kind, make, { adaptiveFiltering: true }] as const,
      [`${kind}, interlaced`, make, { progressive: true }] as const,
    ]),
  )('%s', async (_kind, make, options) => {
    const { ours, libpng } = await both(await make().png(options).toBuffer())
    expect(ours).toEqual(libpng)
  })

  it.each([2, 4, 16, 200])('of a palette of %i colours', async (count) => {
    for (const progressive of [false, true]) {
      const { ours, libpng } = await both(
        await noise(4).png({ palette: true, colours: count, progressive }).toBuffer(),
      )
      expect(ours).toEqual(libpng)
    }
  })
})

describe('a damaged PNG picture', () => {
  it.each([1, 20, 45, 60, 200])('cut at %i bytes is refused', async (length) => {
    const bytes = (await noise(3).png().toBuffer()).subarray(0, length)
    await expect(decodePng('a.png', bytes)).rejects.toThrow(/^a\.png: the picture is damaged/)
  })

  it('never crashes and never takes more than its header says, whatever byte is another', async () => {
    const whole = await noise(4).png().toBuffer()
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 9), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const bytes = new Uint8Array(whole)
        bytes[at + 8] = (bytes[at + 8] ?? 0) ^ change
        const read = await decodePng('a.png', bytes).catch((error: unknown) => error)
        if (read instanceof Error) expect(read).toBeInstanceOf(ImageError)
      }),
      { numRuns: 300 },
    )
  })
})
