/** Whatever holds a picture is a picture, of whatever realm; and whatever is none is refused in one sentence. */
import { createReadStream, openAsBlob, readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { pathToFileURL } from 'node:url'
import { runInNewContext } from 'node:vm'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { ImageError } from '../errors.ts'
import { decodePicture } from './decode.node.ts'
import { type PictureInput, readGiven } from './given.ts'
import type { Picture } from './picture.ts'

const path = 'examples/browser/pictures/ship.png'
const bytes = new Uint8Array(readFileSync(path))
const expected = await decodePicture({ file: path, bytes })
const base64 = Buffer.from(bytes).toString('base64')

async function pictureOf(input: PictureInput): Promise<Picture> {
  const read = await readGiven(input)
  return 'bytes' in read ? decodePicture(read) : read
}

/** What a script of another realm makes of the picture's bytes. */
const elsewhere = (script: string): PictureInput =>
  runInNewContext(`const bytes = Uint8Array.from(given); ${script}`, { given: [...bytes] })

function inThe<T extends ArrayBufferLike>(buffer: T): Uint8Array<T> {
  const view = new Uint8Array(buffer)
  view.set(bytes, buffer.byteLength - bytes.length)
  return view.subarray(buffer.byteLength - bytes.length)
}

describe('a picture', () => {
  it.each<[string, () => PictureInput | Promise<PictureInput>]>([
    ['path', () => path],
    ['URL of a file', () => pathToFileURL(path)],
    ['data URL as text', () => `data:image/png;base64,${base64}`],
    ['data URL', () => new URL(`data:image/png;base64,${base64}`)],
    ['URL of a blob', () => new URL(URL.createObjectURL(new Blob([bytes])))],
    ['Buffer', () => Buffer.from(bytes)],
    ['ArrayBuffer', () => bytes.slice().buffer],
    ['part of a buffer', () => inThe(new ArrayBuffer(bytes.length + 7))],
    ['shared buffer', () => inThe(new SharedArrayBuffer(bytes.length)).buffer],
    ['part of a shared buffer', () => inThe(new SharedArrayBuffer(bytes.length + 3))],
    ['Uint8ClampedArray', () => Uint8ClampedArray.from(bytes)],
    ['DataView', () => new DataView(bytes.slice().buffer)],
    ['view of another realm', () => elsewhere('bytes')],
    ['buffer of another realm', () => elsewhere('bytes.buffer')],
    ['file of another realm', () => elsewhere('({ file: "there", bytes })')],
    ['Blob', () => new Blob([bytes])],
    ['Blob of a file', () => openAsBlob(path)],
    ['Response', () => new Response(bytes)],
    ['web stream', () => new Blob([bytes]).stream()],
    ['Node stream', () => createReadStream(path)],
    ['Node stream of many pieces', () => Readable.from([bytes.slice(0, 9), bytes.slice(9)])],
    ['file with its name', () => ({ file: 'a.png', bytes })],
    ['sharp object', () => sharp(path)],
    ['sharp object fed by a stream', () => createReadStream(path).pipe(sharp())],
    ['pixels', () => expected],
  ])('may be a %s', async (_kind, make) => {
    const { width, height, data } = await pictureOf(await make())
    expect([width, height]).toEqual([expected.width, expected.height])
    // Element by element a matcher takes seconds.
    expect(Buffer.compare(data, expected.data)).toBe(0)
  })

  it('may be pixels of another realm', async () => {
    const made = runInNewContext('({ width: 1, height: 1, data: new Uint8Array([1, 2, 3]) })')
    expect(await pictureOf(made)).toEqual({ width: 1, height: 1, data: Uint8Array.of(1, 2, 3) })
  })

  it('of a sharp object is what its pipeline makes, 8 bits of red, green and blue', async () => {
    const pipeline = sharp(path).rotate(90).greyscale().toColourspace('grey16')
    const { width, height, data } = await pictureOf(pipeline)
    expect([width, height, data.length]).toEqual([expected.height, expected.width, expected.data.length])
  })
})

describe('pixels that are no bytes', () => {
  const two = { width: 2, height: 1 }
  it.each([
    ['fractions', { ...two, data: Float32Array.of(0, 0.5), range: 1 }, [0, 128]],
    ['fractions of 64 bits', { ...two, data: Float64Array.of(1, 100 / 255), range: 1 }, [255, 100]],
    [
      '16 bits, which lose the lower 8',
      { ...two, data: Uint16Array.of(0x64ff, 65_535), range: 65_535 },
      [0x64, 255],
    ],
    ['bytes in numbers', { ...two, data: Float32Array.of(7, 255), range: 255 }, [7, 255]],
    ['12 bits', { ...two, data: Uint16Array.of(4095, 0), range: 4095 }, [255, 0]],
    ['a mask in bytes', { ...two, data: Uint8Array.of(1, 0), range: 1 }, [255, 0]],
    ['plain arrays', { ...two, data: [9, 10], range: 255 }, [9, 10]],
  ] as const)('are taken with their range: %s', async (_kind, given, [first, second]) => {
    expect([...(await pictureOf(given)).data]).toEqual([first, first, first, second, second, second])
  })

  it.each([
    [
      'fractions',
      { ...two, data: Float32Array.of(0, 1) },
      /numbers in a Float32Array may mean anything; .*range: 1/,
    ],
    ['16 bits', { ...two, data: Uint16Array.of(0, 1) }, /numbers in an Uint16Array|a Uint16Array/],
    ['signed bytes', { ...two, data: Int8Array.of(0, 1) }, /range: 1 for fractions/],
    ['plain arrays', { ...two, data: [0, 1] }, /numbers in an array may mean anything/],
    [
      'what is beyond its range',
      { ...two, data: [0, 200], range: 1 },
      /value 1 is 200, which is not from 0 to/,
    ],
    ['what is no number', { ...two, data: Float32Array.of(0, Number.NaN), range: 1 }, /value 1 is NaN/],
    ['no array', { ...two, data: Object('text') }, /pixels in a String/],
    ['too few', { width: 3, height: 1, data: new Uint8Array(2) }, /2 values for 3×1 pixels/],
    ['no size', { width: 0, height: 0, data: new Uint8Array(2) }, /0×0 pixels/],
  ] as const)('are refused without one: %s', async (_kind, given, message) => {
    await expect(pictureOf(given)).rejects.toThrow(ImageError)
    await expect(pictureOf(given)).rejects.toThrow(message)
  })
})

describe('what is no picture', () => {
  const used = new Response(bytes)
  it.each<[string, unknown, RegExp]>([
    [
      'nothing',
      undefined,
      /^the picture: undefined is no picture; pass a path .* or URL, .*Blob.*sharp object$/,
    ],
    ['null', null, /null is no picture/],
    ['a number', 7, /a number is no picture/],
    ['a promise', Promise.resolve(bytes), /a promise; await it first is no picture/],
    ['an array', [bytes], /an array is no picture/],
    ['an object', { photo: 1, b: 2 }, /an object of photo, b is no picture/],
    ['a function', () => bytes, /a function is no picture/],
    ['floats', new Float32Array(9), /the numbers of a Float32Array are no file/],
    [
      'floats in a file',
      { file: 'f.png', bytes: new Float32Array(9) },
      /^f\.png: the numbers of a Float32Array/,
    ],
    ['text in a file', { file: 'f.png', bytes: [1, 2] }, /^f\.png: an array is no picture/],
    ['a stream of text', Readable.from(['a', 'b']), /the stream gives a string, not bytes/],
    ['a stream that breaks', brokenStream(), /the stream cannot be read \(gone\)/],
    ['an answer of a server', new Response('no', { status: 404 }), /the server answered 404/],
    ['an address as text', 'https://example.org/a.png', /in Node a text is a path; .* pass new URL/],
    ['an address of nothing', new URL('http://127.0.0.1:1/a.png'), /a\.png: cannot be fetched \(/],
    ['a missing file', pathToFileURL('/no/such.png'), /such\.png: no such file/],
    [
      'an element',
      { [Symbol.toStringTag]: 'HTMLImageElement' },
      /pixels of a HTMLImageElement are read in pages/,
    ],
    ['sharp of nothing', sharp('/no/such.png'), /^the picture: sharp says: /],
    ['a web page', new Response('<!doctype html>'), /this is a web page/],
  ])('%s is refused in one sentence', async (_kind, given, message) => {
    // As programs without types pass it.
    const read: Promise<unknown> = Reflect.apply(pictureOf, undefined, [given])
    const error = await read.catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ImageError)
    expect(String(error)).toMatch(new RegExp(message.source.replace(/^\^/, '^ImageError: ')))
    expect(String(error)).not.toContain('\n')
  })

  it('a Response that was read is told from a fresh one', async () => {
    await used.arrayBuffer()
    await expect(pictureOf(used)).rejects.toThrow(/this Response was read before/)
  })

  it('is called by a short name, though its address holds megabytes', async () => {
    const address = `data:text/plain;base64,${'QUJD'.repeat(300_000)}`
    for (const input of [address, new URL(address), { file: address, bytes: new Uint8Array(3) }]) {
      const error: unknown = await pictureOf(input).catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(ImageError)
      expect(String(error).length).toBeLessThan(200)
    }
  })
})

function brokenStream(): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull() {
      throw new Error('gone')
    },
  })
}
