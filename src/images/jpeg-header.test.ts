import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { decodePicture } from './decode.node.ts'
import { headerOfColourJpeg } from './jpeg-header.ts'

const colour = sharp({ create: { width: 31, height: 17, channels: 3, background: '#a06030' } })

describe('the header of a JPEG picture in colour', () => {
  test.for([
    ['baseline', {}],
    ['progressive', { progressive: true }],
    ['without reduced chroma', { chromaSubsampling: '4:4:4' }],
  ] as const)('is read off its frame header: %s', async ([, options]) => {
    const bytes = await colour.clone().jpeg(options).toBuffer()
    expect(headerOfColourJpeg(bytes)).toMatchObject({ width: 31, height: 17, mayBeTurned: false })
    const { width, height } = await decodePicture({ file: 'colour.jpg', bytes })
    expect([width, height]).toEqual([31, 17])
  })

  test('stands behind metadata of any kind', async () => {
    const exif = { IFD0: { ImageDescription: 'x'.repeat(5000) } }
    const bytes = await colour.clone().withExif(exif).withIccProfile('p3').jpeg().toBuffer()
    expect(headerOfColourJpeg(bytes)).toMatchObject({ width: 31, height: 17, mayBeTurned: true })
  })

  test('is not told of grey and CMYK pictures, other formats, and what ends early', async () => {
    const grey = await colour.clone().toColourspace('b-w').jpeg().toBuffer()
    const inks = await colour.clone().toColourspace('cmyk').jpeg().toBuffer()
    const whole = await colour.clone().jpeg().toBuffer()
    const frame = whole.indexOf(Uint8Array.of(0xff, 0xc0))
    const others = [grey, inks, await colour.clone().png().toBuffer(), whole.subarray(0, frame + 6)]
    for (const bytes of [...others, new Uint8Array(), Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 0)])
      expect(headerOfColourJpeg(bytes)).toBeUndefined()
  })
})
