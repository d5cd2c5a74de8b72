import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { decodePicture } from './decode.node.ts'
import type { Picture } from './picture.ts'

/** A JPEG picture of noise, of its own for each mean. */
function noise(mean: number, width: number, height: number) {
  const create = { width, height, channels: 3, noise: { type: 'gaussian', mean, sigma: 40 } } as const
  return sharp({ create: { ...create, background: 'black' } }).jpeg()
}

async function byLibvips(bytes: Uint8Array): Promise<Picture> {
  const { data, info } = await sharp(bytes).autoOrient().raw().toBuffer({ resolveWithObject: true })
  return { width: info.width, height: info.height, data: new Uint8Array(data) }
}

const decodeAll = (files: readonly Uint8Array[]) =>
  Promise.allSettled(files.map((bytes, i) => decodePicture({ file: `${i}.jpg`, bytes })))

describe('small pictures that are asked for at once', () => {
  test('come out as each would alone, whatever sizes they have', async () => {
    const sizes = [
      [32, 32],
      [48, 20],
      [20, 48],
    ] as const
    const files = await Promise.all(
      Array.from({ length: 120 }, (_, i) => {
        const [width, height] = sizes[i % 7 === 0 ? 1 : i % 11 === 0 ? 2 : 0]
        return noise(60 + i, width, height).toBuffer()
      }),
    )
    const alone = await Promise.all(files.map(byLibvips))
    expect(await decodeAll(files)).toEqual(alone.map((value) => ({ status: 'fulfilled', value })))
  })

  test('are turned as EXIF says', async () => {
    const files = await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        noise(100 + i, 30, 10)
          .withMetadata(i % 3 === 0 ? { orientation: 6 } : {})
          .toBuffer(),
      ),
    )
    const answers = await decodeAll(files)
    const widths = answers.map((answer) => (answer.status === 'fulfilled' ? answer.value.width : 0))
    expect(widths).toEqual(files.map((_, i) => (i % 3 === 0 ? 10 : 30)))
  })

  test('do not suffer from damaged ones among them', async () => {
    const files = await Promise.all(Array.from({ length: 90 }, (_, i) => noise(80 + i, 32, 32).toBuffer()))
    const damaged = files.map((bytes, i) => (i % 20 === 13 ? bytes.subarray(0, bytes.length / 2) : bytes))
    const answers = await decodeAll(damaged)
    const alone = await Promise.all(files.map(byLibvips))
    for (const [i, answer] of answers.entries()) {
      if (i % 20 !== 13) expect(answer).toEqual({ status: 'fulfilled', value: alone[i] })
      else
        expect(`${answer.status === 'rejected' && answer.reason}`).toMatch(`${i}.jpg: the picture is damaged`)
    }
  })
})
