/**
 * Decodes the pictures that lie beside the page, takes one as everything that a page holds as a picture, and posts what came
 * of it.
 */
import { decodePicture } from '../../src/images/decode.browser.ts'
import { type PictureInput, readGiven } from '../../src/images/given.ts'
import type { Picture } from '../../src/images/picture.ts'

export interface Found {
  readonly width: number
  readonly height: number
  readonly data: readonly number[]
}

/** Pixels, or what was wrong, by names. */
export type Outcomes = Readonly<Record<string, Found | string>>

export interface Answers {
  readonly files: Outcomes
  /** The picture `plain.png` in every form. */
  readonly forms: Outcomes
  /** What is no picture, or cannot be read. */
  readonly refusals: Outcomes
}

async function outcome(work: () => Promise<Picture>): Promise<Found | string> {
  try {
    const { width, height, data } = await work()
    return { width, height, data: [...data] }
  } catch (error) {
    return String(error)
  }
}

async function outcomes(works: Readonly<Record<string, () => Promise<Picture>>>): Promise<Outcomes> {
  const found: [string, Found | string][] = []
  for (const [name, work] of Object.entries(works)) found.push([name, await outcome(work)])
  return Object.fromEntries(found)
}

async function read(input: PictureInput): Promise<Picture> {
  const given = await readGiven(input)
  return 'bytes' in given ? decodePicture(given) : given
}

const bytesOf = async (file: string) => new Uint8Array(await (await fetch(`/files/${file}`)).arrayBuffer())

const names: readonly string[] = await (await fetch('/files.json')).json()
const decodings = names.map((file) => [
  file,
  async () => decodePicture({ file, bytes: await bytesOf(file) }, { orient: !file.startsWith('unturned-') }),
])

const address = '/files/plain.png'
const bytes = await bytesOf('plain.png')

async function image(from: string): Promise<HTMLImageElement> {
  const element = new Image()
  element.src = from
  await element.decode()
  return element
}

async function canvas(): Promise<HTMLCanvasElement> {
  const shown = await image(address)
  const element = document.createElement('canvas')
  element.width = shown.width
  element.height = shown.height
  element.getContext('2d')?.drawImage(shown, 0, 0)
  return element
}

function offscreen(from: HTMLCanvasElement): OffscreenCanvas {
  const copy = new OffscreenCanvas(from.width, from.height)
  copy.getContext('2d')?.drawImage(from, 0, 0)
  return copy
}

const pixels = async () => {
  const element = await canvas()
  const data = element.getContext('2d')?.getImageData(0, 0, element.width, element.height)
  if (data === undefined) throw new Error('no canvas')
  return data
}

/** The picture's bytes as a script in a frame has them. */
async function inFrame(script: string): Promise<PictureInput> {
  const frame = document.createElement('iframe')
  document.body.append(frame)
  const make = Reflect.get(frame.contentWindow ?? {}, 'Function')
  return make('bytes', `return ${script}`)([...bytes])
}

const unloaded = () => {
  const element = new Image()
  element.src = address
  return element
}

const forms = {
  'an address': () => read(address),
  'a URL': () => read(new URL(address, location.href)),
  'a blob’s address': () => read(URL.createObjectURL(new Blob([bytes]))),
  bytes: () => read(bytes),
  'a buffer': () => read(bytes.buffer),
  'a Blob': () => read(new Blob([bytes])),
  'a File': () => read(new File([bytes], 'a.png')),
  'a Response': async () => read(await fetch(address)),
  'a stream': () => read(new Blob([bytes]).stream()),
  ImageData: async () => read(await pixels()),
  ImageBitmap: async () => read(await createImageBitmap(new Blob([bytes]))),
  'an <img>': async () => read(await image(address)),
  'an <img> that is still loading': () => read(unloaded()),
  'a canvas': async () => read(await canvas()),
  'an OffscreenCanvas': async () => read(offscreen(await canvas())),
  VideoFrame: async () => read(new VideoFrame(await canvas(), { timestamp: 0 })),
  'bytes of a frame': async () => read(await inFrame('Uint8Array.from(bytes)')),
  'a buffer of a frame': async () => read(await inFrame('Uint8Array.from(bytes).buffer')),
  'a Blob of a frame': async () => read(await inFrame('new Blob([Uint8Array.from(bytes)])')),
  'an <img> with a profile': async () => read(await image('/files/profile.png')),
}

const closed = async () => {
  const bitmap = await createImageBitmap(new Blob([bytes]))
  bitmap.close()
  return bitmap
}

const refusals = {
  'a broken <img>': () => {
    const element = new Image()
    element.src = '/files.json'
    return read(element)
  },
  'a video without a frame': () => read(document.createElement('video')),
  'an empty canvas': () => read(new OffscreenCanvas(0, 0)),
  'a closed bitmap': async () => read(await closed()),
  'a missing file': () => read('/files/none.png'),
  'a data URL': () => read(`data:image/png;base64,${'QUJD'.repeat(5000)}`),
  floats: () => read({ width: 1, height: 1, data: Float32Array.of(1) }),
}

const answers: Answers = {
  files: await outcomes(Object.fromEntries(decodings)),
  forms: await outcomes(forms),
  refusals: await outcomes(refusals),
}
await fetch('/answers', { method: 'POST', body: JSON.stringify(answers) })
