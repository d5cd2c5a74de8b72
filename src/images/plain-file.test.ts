/** Plain files decoded as they are, then turned by ourselves, are the pictures that Node sees. */
import sharp, { type Sharp } from 'sharp'
import { describe, expect, it } from 'vitest'
import { decodePicture } from './decode.node.ts'
import { turned } from './orientation.ts'
import { type PlainFile, plainGif, plainJpeg, plainWebp } from './plain-file.ts'

const data = Uint8Array.from({ length: 9 * 6 * 3 }, (_, i) => (i * 89) % 256)
const picture = () => sharp(data, { raw: { width: 9, height: 6, channels: 3 } })

const formats: readonly [string, (picture: Sharp) => Sharp, (bytes: Uint8Array) => PlainFile][] = [
  ['JPEG', (given) => given.jpeg(), plainJpeg],
  ['WebP', (given) => given.webp({ lossless: true }), plainWebp],
]

describe.each(formats)('a plain %s file', (_name, save, plainOf) => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('of orientation %i', async (orientation) => {
    const bytes = await save(picture().withMetadata({ orientation }).withIccProfile('p3')).toBuffer()
    const plain = plainOf(bytes)
    const metadata = await sharp(plain.bytes).metadata()
    expect([metadata.orientation, metadata.icc, plain.endsEarly ?? false]).toEqual([
      undefined,
      undefined,
      false,
    ])
    const decoded = await decodePicture({ file: 'plain', bytes: plain.bytes })
    expect(turned(decoded, plain.orientation)).toEqual(await decodePicture({ file: 'a', bytes }))
  })
})

describe('a file that is cut anywhere', () => {
  it.each([
    ['JPEG', () => picture().jpeg(), plainJpeg],
    ['progressive JPEG', () => picture().jpeg({ progressive: true }), plainJpeg],
    ['GIF', () => picture().gif(), plainGif],
  ] as const)('%s: is known to end early, or to be whole', async (_name, save, plainOf) => {
    const bytes = await save().toBuffer()
    expect(plainOf(bytes).endsEarly).toBe(false)
    for (let length = 14; length < bytes.length - 2; length++)
      expect(plainOf(bytes.subarray(0, length)).endsEarly).toBe(true)
  })
})
