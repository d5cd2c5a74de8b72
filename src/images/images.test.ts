/** Pictures as the networks were trained on them: Pillow's resize at every pixel, torchvision's crops, one way to RGB. */
import { readFileSync } from 'node:fs'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { uniform } from '../../test/generator.ts'
import { type Preprocessing, preprocessingNamed } from '../architecture/preprocessing.ts'
import { ImageError } from '../errors.ts'
import { decodePicture } from './decode.node.ts'
import { type Picture, pictureFromPixels } from './picture.ts'
import { croppedPixels, preprocess } from './preprocess.ts'
import { resize } from './resize.ts'

interface ResizeFixture {
  readonly from: readonly [number, number]
  readonly to: readonly [number, number]
  readonly filter: Preprocessing['interpolation']
  readonly pixels: string
}

const resizes: readonly ResizeFixture[] = JSON.parse(
  readFileSync(new URL('../../fixtures/pictures/resize.json', import.meta.url), 'utf8'),
)

/** The pictures that scripts/fixtures/pictures.py generates: gradients with noise. */
function generatedPicture(width: number, height: number): Picture {
  const noise = uniform(`picture ${width}x${height}`)
  const data = new Uint8Array(width * height * 3)
  data.forEach((_, i) => {
    const [x, y, c] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width), i % 3]
    data[i] = Math.floor(noise(i) * 128 + ((x * (5 + c) + y * (3 + 2 * c)) % 128))
  })
  return { width, height, data }
}

describe('resizing', () => {
  it.each(
    resizes.map((fixture) => [`${fixture.filter} ${fixture.from} to ${fixture.to}`, fixture] as const),
  )('is Pillow’s: %s', (_title, { from, to, filter, pixels }) => {
    const expected = Buffer.from(pixels, 'base64')
    const { data } = resize(generatedPicture(from[0], from[1]), to[0], to[1], filter)
    expect(data).toHaveLength(expected.length)
    const greatest = data.reduce((most, value, i) => Math.max(most, Math.abs(value - (expected[i] ?? 0))), 0)
    expect(greatest).toBeLessThanOrEqual(1)
  })
})

describe('a drawn picture', () => {
  it('is seen by the network as Pillow decodes, resizes and cuts it', async () => {
    const decoded = async (path: string) =>
      decodePicture({ file: path, bytes: readFileSync(new URL(`../../${path}`, import.meta.url)) })
    const expected = await decoded('fixtures/pictures/traffic-light-224.png')
    const picture = await decoded('examples/pictures/traffic-light.png')
    const { width, height, data } = croppedPixels(picture, preprocessingNamed('caffe-imagenet'))
    expect([width, height]).toEqual([expected.width, expected.height])
    const greatest = data.reduce(
      (most, value, i) => Math.max(most, Math.abs(value - (expected.data[i] ?? 0))),
      0,
    )
    expect(greatest).toBeLessThanOrEqual(1)
  })
})

/** A picture that tells each pixel's place: red its column, green its row. */
function places(width: number, height: number): Picture {
  const data = new Uint8Array(width * height * 3)
  data.forEach((_, i) => {
    data[i] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width), 7][i % 3] ?? 0
  })
  return { width, height, data }
}

const plain: Preprocessing = {
  ...preprocessingNamed('raw-imagenet'),
  resize: { kind: 'short-side', size: 9 },
  crop: [5, 4],
}

describe('preprocessing', () => {
  it('cuts the middle, ties rounded to even as torchvision does', () => {
    const { width, height, data } = croppedPixels(places(9, 20), {
      ...plain,
      resize: { kind: 'short-side', size: 9 },
    })
    expect([width, height]).toEqual([4, 5])
    // (9 - 4) / 2 = 2.5 gives column 2; (20 - 5) / 2 = 7.5 gives row 8.
    expect([...data.subarray(0, 3)]).toEqual([2, 8, 7])
  })

  it('puts zeros around a picture that is smaller than the crop', () => {
    const { data, width } = croppedPixels(places(9, 9), { ...plain, crop: [11, 9] })
    expect([...data.subarray(0, 3)]).toEqual([0, 0, 0])
    expect([...data.subarray(width * 3, width * 3 + 3)]).toEqual([0, 0, 7])
  })

  it('truncates the long side, and squashes where it is told to', () => {
    const wide = croppedPixels(places(31, 20), {
      ...plain,
      resize: { kind: 'short-side', size: 10 },
      crop: [10, 15],
    })
    expect([wide.width, wide.height]).toEqual([15, 10])
    const rounded = croppedPixels(places(31, 20), {
      ...plain,
      resize: { kind: 'short-side-rounded', size: 10 },
      crop: [10, 16],
    })
    expect(rounded.data).toEqual(resize(places(31, 20), 16, 10, 'bilinear').data)
    const square = croppedPixels(places(31, 20), {
      ...plain,
      resize: { kind: 'squash', size: 12 },
      crop: [12, 12],
    })
    expect(square.data).toEqual(resize(places(31, 20), 12, 12, 'bilinear').data)
  })

  it('orders, scales and shifts the channels', () => {
    const picture: Picture = { width: 1, height: 1, data: Uint8Array.of(10, 20, 30) }
    const one = { ...plain, resize: { kind: 'short-side', size: 1 }, crop: [1, 1] } as const
    const caffe = { ...preprocessingNamed('caffe-imagenet'), resize: one.resize, crop: one.crop }
    expect([...preprocess(picture, caffe)].map((value) => Number(value.toFixed(3)))).toEqual([
      -73.939, -96.779, -113.68,
    ])
    const half = { ...preprocessingNamed('half-imagenet'), resize: one.resize, crop: one.crop }
    expect(preprocess(picture, half)[2]).toBeCloseTo((30 / 255 - 0.5) / 0.5, 6)
    const grey = { ...one, mean: [0], std: [1] }
    expect([...preprocess(picture, grey)]).toEqual([18])
    expect(() => preprocess(picture, { ...one, mean: [0, 0], std: [1, 1] })).toThrow('the network reads 2')
  })
})

/** 8×8 pixels of the inks 10, 200, 128, 40 as Pillow writes them, which it reads as the RGB that the test expects. */
const inkPicture = [
  '/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwANCQoLCggNCwoLDg4NDxMgFRMSEhMnHB4XIC4pMTAuKS0sMzpKPjM2RjcsLUBXQUZMTlJT',
  'UjI+WmFaUGBKUVJP/8AAFAgACAAIBEMRAE0RAFkRAEsRAP/EABYAAQEBAAAAAAAAAAAAAAAAAAYBB//EABQQAQAAAAAAAAAAAAAA',
  'AAAAAAD/2gAOBEMATQBZAEsAAD8A0gSQ2f/Z',
].join('')

const red = { create: { width: 6, height: 4, channels: 3, background: '#c02030' } } as const
const asPicture = (bytes: Uint8Array) => decodePicture({ file: 'test.png', bytes })
const firstPixel = ({ data }: Picture) => [...data.subarray(0, 3)]

describe('decoding', () => {
  it('makes 8-bit RGB of grey, alpha, 16 bits and CMYK', async () => {
    const grey = await sharp(red).greyscale().png().toBuffer()
    const [r, g, b] = firstPixel(await asPicture(grey))
    expect(r === g && g === b).toBe(true)
    const clear = await sharp({
      create: { ...red.create, channels: 4, background: { r: 192, g: 32, b: 48, alpha: 0.2 } },
    })
      .png()
      .toBuffer()
    expect(firstPixel(await asPicture(clear))).toEqual([192, 32, 48])
    const deep = await sharp(red).toColourspace('rgb16').png().toBuffer()
    expect(firstPixel(await asPicture(deep))).toEqual([192, 32, 48])
  })

  it('makes RGB of inks by Pillow’s plain formula, whatever profile the file carries', async () => {
    const bytes = Buffer.from(inkPicture, 'base64')
    expect(firstPixel(await asPicture(bytes))).toEqual([208, 47, 107])
  })

  it('turns a picture as its EXIF orientation says, unless told otherwise', async () => {
    const turned = await sharp(red).withMetadata({ orientation: 6 }).jpeg().toBuffer()
    const upright = await decodePicture({ file: 'a.jpg', bytes: turned })
    expect([upright.width, upright.height]).toEqual([4, 6])
    const stored = await decodePicture({ file: 'a.jpg', bytes: turned }, { orient: false })
    expect([stored.width, stored.height]).toEqual([6, 4])
  })

  it('reads WebP', async () => {
    const picture = await asPicture(await sharp(red).webp({ lossless: true }).toBuffer())
    expect(firstPixel(picture)).toEqual([192, 32, 48])
  })

  it('takes pixels that were decoded elsewhere', () => {
    expect([...pictureFromPixels({ width: 1, height: 1, data: Uint8Array.of(1, 2, 3, 99) }).data]).toEqual([
      1, 2, 3,
    ])
    expect([...pictureFromPixels({ width: 1, height: 2, data: Uint8Array.of(5, 6) }).data]).toEqual([
      5, 5, 5, 6, 6, 6,
    ])
    expect(() => pictureFromPixels({ width: 2, height: 2, data: new Uint8Array(7) })).toThrow(ImageError)
  })
})

describe('what is no picture', () => {
  const text = (content: string) => new TextEncoder().encode(content)
  const heic = Uint8Array.from([0, 0, 0, 24, ...text('ftypheic')])
  const refusals: readonly [string, Uint8Array, string][] = [
    ['an empty file', new Uint8Array(), 'test.png: the file is empty'],
    [
      'a text',
      text('hello, this is no picture'),
      'test.png: not a picture; JPEG, PNG, WebP, GIF, TIFF, AVIF and BMP are read',
    ],
    ['a page', text('<!doctype html><p>404'), 'test.png: this is a web page, which is not read'],
    ['HEIC', heic, 'test.png: this is a HEIC picture, which is not read; save as JPEG'],
    ['half a GIF', text('GIF89a.............'), 'test.png: the picture is damaged'],
    [
      'an SVG that says WEBP',
      text('<svg a="WEBP" xmlns="http://www.w3.org/2000/svg"/>'),
      'this is an SVG picture, which is not read',
    ],
    ['a text that says heic', text('........heic'), 'test.png: not a picture'],
  ]

  it.each(refusals)('%s is refused in words', async (_title, bytes, message) => {
    await expect(asPicture(bytes)).rejects.toThrow(ImageError)
    await expect(asPicture(bytes)).rejects.toThrow(message)
  })

  it('a picture that ends early is damaged, not half a picture', async () => {
    const whole = await sharp({
      create: {
        width: 200,
        height: 200,
        channels: 3,
        background: '#123456',
        noise: { type: 'gaussian', mean: 120, sigma: 40 },
      },
    })
      .jpeg()
      .toBuffer()
    await expect(asPicture(whole.subarray(0, whole.length / 2))).rejects.toThrow(
      'test.png: the picture is damaged',
    )
  })

  it('a header that claims too many pixels is refused before anything is decoded', async () => {
    const bytes = await sharp(red).png().toBuffer()
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    view.setUint32(16, 60_000)
    view.setUint32(20, 60_000)
    await expect(asPicture(bytes)).rejects.toThrow(ImageError)
  })
})
