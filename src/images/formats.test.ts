/** Every format that is read, every one that is named, and pictures of more pixels than are taken. */
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { ImageError } from '../errors.ts'
import { decodePicture } from './decode.node.ts'
import { kindOf } from './kinds.ts'
import { checkPixels, type Picture } from './picture.ts'

const red = sharp({ create: { width: 6, height: 4, channels: 3, background: '#c02030' } })
const blue = sharp({ create: { width: 6, height: 4, channels: 3, background: '#2030c0' } })
const decoded = (bytes: Uint8Array) => decodePicture({ file: 'a', bytes })
const sizeOf = ({ width, height }: Picture) => [width, height]
const firstPixel = ({ data }: Picture) => [...data.subarray(0, 3)]
const text = (content: string) => Uint8Array.from(content, (character) => character.charCodeAt(0))

describe('formats beside JPEG, PNG and WebP', () => {
  it.each([
    ['GIF', () => red.clone().gif()],
    ['TIFF', () => red.clone().tiff({ compression: 'none' })],
    ['TIFF', () => red.clone().tiff({ compression: 'lzw', bigtiff: true })],
    ['TIFF', () => red.clone().toColourspace('rgb16').tiff({ compression: 'deflate' })],
    ['AVIF', () => red.clone().avif({ lossless: true })],
    ['AVIF', () => red.clone().ensureAlpha(0.3).avif({ lossless: true })],
  ] as const)('%s is told by its bytes and decoded', async (format, make) => {
    const bytes = await make().toBuffer()
    expect(kindOf(bytes)).toEqual({ kind: 'picture', format })
    const picture = await decoded(bytes)
    expect(sizeOf(picture)).toEqual([6, 4])
    expect(firstPixel(picture)).toEqual([192, 32, 48])
  })

  it('give the first of several frames or pages', async () => {
    const both = [await red.clone().png().toBuffer(), await blue.clone().png().toBuffer()]
    const animated = sharp(both, { join: { animated: true } })
    for (const bytes of [
      await animated.clone().gif().toBuffer(),
      await animated.clone().webp({ lossless: true }).toBuffer(),
      await animated.clone().tiff({ compression: 'none' }).toBuffer(),
    ]) {
      const picture = await decoded(bytes)
      expect(sizeOf(picture)).toEqual([6, 4])
      expect(firstPixel(picture)).toEqual([192, 32, 48])
    }
  })

  it('are turned as their orientation says', async () => {
    const turned = await red.clone().withMetadata({ orientation: 6 }).tiff().toBuffer()
    expect(sizeOf(await decoded(turned))).toEqual([4, 6])
  })

  it('of 16 bits lose the lower 8, in grey too', async () => {
    const grey = Uint16Array.from({ length: 24 }, () => 0x6442)
    const bytes = await sharp(grey, { raw: { width: 6, height: 4, channels: 1 } })
      .toColourspace('grey16')
      .tiff({ compression: 'none' })
      .toBuffer()
    expect(firstPixel(await decoded(bytes))).toEqual([0x64, 0x64, 0x64])
  })
})

/** A TIFF file whose one directory has these entries: tag, type, count, value. */
function tiff(
  entries: readonly (readonly [number, number, number, number])[],
  data = new Uint8Array(),
): Uint8Array {
  const bytes = new Uint8Array(8 + 2 + entries.length * 12 + 4 + data.length)
  const view = new DataView(bytes.buffer)
  bytes.set(text('II*\0'))
  view.setUint32(4, 8, true)
  view.setUint16(8, entries.length, true)
  entries.forEach(([tag, type, count, value], i) => {
    view.setUint16(10 + i * 12, tag, true)
    view.setUint16(12 + i * 12, type, true)
    view.setUint32(14 + i * 12, count, true)
    view.setUint32(18 + i * 12, value, true)
  })
  bytes.set(data, bytes.length - data.length)
  return bytes
}

/** One row of two pixels. */
const rowOfTwo = (bits: number, format: number, samples: number) => {
  const directory = 8 + 2 + 11 * 12 + 4
  return tiff(
    [
      [256, 4, 1, 2],
      [257, 4, 1, 1],
      [258, 3, 1, bits],
      [259, 3, 1, 1],
      [262, 3, 1, 1],
      [273, 4, 1, directory],
      [277, 3, 1, samples],
      [278, 4, 1, 1],
      [279, 4, 1, (2 * samples * bits) / 8],
      [284, 3, 1, 1],
      [339, 3, 1, format],
    ],
    new Uint8Array((2 * samples * bits) / 8),
  )
}

describe('pictures of measurements', () => {
  it.each([
    ['fractions', rowOfTwo(32, 3, 1), 'numbers "float"'],
    ['numbers of 32 bits', rowOfTwo(32, 1, 1), 'numbers "uint"'],
    ['seven channels', rowOfTwo(8, 1, 7), '7 channels'],
  ])('of %s are refused: they would become black without a word', async (_title, bytes, message) => {
    await expect(decoded(bytes)).rejects.toThrow(ImageError)
    await expect(decoded(bytes)).rejects.toThrow(message)
  })
})

describe('what is not read', () => {
  const media = (...brands: readonly string[]) =>
    text(
      `\0\0\0${String.fromCharCode(16 + 4 * (brands.length - 1))}ftyp${brands[0]}\0\0\0\0${brands.slice(1).join('')}`,
    )

  it.each([
    ['HEIC pictures', media('heic', 'mif1')],
    ['HEIC pictures', media('mif1', 'heic', 'avif')],
    ['JPEG XL pictures', text('\xff\x0a....')],
    ['JPEG XL pictures', text('\0\0\0\x0cJXL \r\n\x87\n')],
    ['JPEG 2000 pictures', text('\0\0\0\x0cjP  \r\n\x87\n')],
    ['camera RAW pictures', media('crx ')],
    ['camera RAW pictures', text('FUJIFILMCCD-RAW 0201')],
    ['camera RAW pictures', text('II*\0\x10\0\0\0CR\x02\0....')],
    ['camera RAW pictures', tiff([[0xc612, 1, 4, 1]])],
    ['camera RAW pictures', tiff([[0xfe, 4, 1, 1]])],
    ['Photoshop pictures', text('8BPS\0\x01')],
    ['SVG pictures', text('<?xml version="1.0"?>\n<!-- a drawing -->\n<svg xmlns="x">')],
    ['DICOM pictures', text(`${'\0'.repeat(128)}DICM`)],
    ['NetPBM pictures', text('P6\n4 4 255\n')],
    ['videos', media('qt  ')],
    ['videos', media('isom', 'mp42')],
    ['PDFs', text('%PDF-1.7')],
    ['compressed archives', text('PK\x03\x04....')],
    ['Git LFS pointers', text('version https://git-lfs.github.com/spec/v1\n')],
    ['web pages', text('\n<!DOCTYPE html><p>404')],
    ['text files', text('{"a": 1}\n')],
    ['text files', text('BM is what this text begins with, and no picture')],
    ['text files', text('\xff\xfeh\0i\0')],
    ['empty files', new Uint8Array()],
    ['files of an unknown kind', Uint8Array.of(0, 0, 0, 0, 0)],
    ['files of an unknown kind', new Uint8Array(2000)],
  ])('is called %s', async (many, bytes) => {
    expect(kindOf(bytes)).toMatchObject({ kind: 'other', many })
    await expect(decoded(bytes)).rejects.toThrow(ImageError)
  })

  it('says what to do', async () => {
    await expect(decoded(media('heic'))).rejects.toThrow(
      'a: this is a HEIC picture, which is not read; save as JPEG: on a Mac "sips -s format jpeg FILE --out FILE.jpg"',
    )
  })
})

describe('many pixels', () => {
  it('of a telephone are read, all of them', () => {
    expect(() => checkPixels('a', 8160, 6144)).not.toThrow()
    expect(() => checkPixels('a', 9248, 6936)).not.toThrow()
  })

  it('above the limit are read at half the size from JPEG, turned as EXIF says', async () => {
    const grey = sharp({ create: { width: 10_001, height: 6800, channels: 3, background: '#646464' } })
    const bytes = await grey.toColourspace('b-w').withMetadata({ orientation: 6 }).jpeg().toBuffer()
    const picture = await decoded(bytes)
    expect(sizeOf(picture)).toEqual([3400, 5000])
    for (const value of firstPixel(picture)) expect(Math.abs(value - 0x64)).toBeLessThan(4)
  })

  it('are refused from other formats, by the header alone', async () => {
    const bytes = await red.clone().png().toBuffer()
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    view.setUint32(16, 30_000)
    view.setUint32(20, 30_000)
    await expect(decoded(bytes)).rejects.toThrow('a: 30000×30000 is 900 million pixels, more than 67 million')
    await expect(decoded(bytes)).rejects.toThrow('or save it as JPEG, which Node reads at half its size')
  })

  it('are refused from JPEG where even half of them would be too many, or they come in scans', async () => {
    const jpeg = await red.clone().jpeg({ progressive: true }).toBuffer()
    const frame = jpeg.indexOf(Uint8Array.of(0xff, 0xc2))
    const view = new DataView(jpeg.buffer, jpeg.byteOffset)
    view.setUint16(frame + 5, 12_000)
    view.setUint16(frame + 7, 9000)
    await expect(decoded(jpeg)).rejects.toThrow('108 million pixels, more than 100 million')
  })
})
