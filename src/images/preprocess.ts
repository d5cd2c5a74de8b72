/** From a decoded picture to a network's input, as the model's preprocessing says. */
import type { Preprocessing } from '../architecture/preprocessing.ts'
import { ImageError } from '../errors.ts'
import { cut, type Rectangle } from './cut.ts'
import { type Picture, pictureLimits, threeChannels } from './picture.ts'
import { resize } from './resize.ts'

/**
 * One image of a network's input, `[C, H, W]` in row-major order. A network of one channel gets the luminance.
 *
 * @throws ImageError when the preprocessing has channels that a picture cannot give.
 */
export function preprocess(picture: Picture, preprocessing: Preprocessing): Float32Array {
  const pixels = croppedPixels(picture, preprocessing)
  const input = new Float32Array(preprocessing.mean.length * pixels.width * pixels.height)
  writeInput(pixels, preprocessing, input, 0)
  return input
}

/**
 * Writes one image of a network's input, `[C, H, W]`, into `target` from `offset` on.
 *
 * @throws ImageError as `preprocess`.
 */
export function writeInput(
  pixels: Picture,
  preprocessing: Preprocessing,
  target: Float32Array,
  offset: number,
): void {
  const size = pixels.width * pixels.height
  const inputs = inputsOfBytes(preprocessing)
  channelPlanes(pixels, preprocessing).forEach(({ bytes, first, step }, c) => {
    const [start, table] = [offset + c * size, c * 256]
    for (let i = 0; i < size; i++) target[start + i] = inputs[table + (bytes[first + i * step] ?? 0)] ?? 0
  })
}

/** The pixels of one image of an input, `[C, H, W]`: the way back from `writeInput`. */
export function pictureOfInput(input: Float32Array, preprocessing: Preprocessing): Picture {
  const { channels, divisor, mean, std, crop } = preprocessing
  const [height, width] = crop
  const size = height * width
  // Clamps and rounds what is written to it.
  const data = new Uint8ClampedArray(size * 3)
  for (let colour = 0; colour < 3; colour++) {
    const c = mean.length === 1 ? 0 : channels === 'rgb' ? colour : 2 - colour
    const [shift, scale] = [mean[c] ?? 0, std[c] ?? 1]
    for (let i = 0; i < size; i++)
      data[i * 3 + colour] = ((input[c * size + i] ?? 0) * scale + shift) * divisor
  }
  return { width, height, data: new Uint8Array(data.buffer) }
}

const tables = new WeakMap<Preprocessing, Float32Array>()

/** What each of the 256 values of a byte becomes, `[C, 256]`; made once, as it takes as long as a small picture. */
function inputsOfBytes(preprocessing: Preprocessing): Float32Array {
  const known = tables.get(preprocessing)
  if (known !== undefined) return known
  const { divisor, mean, std } = preprocessing
  const made = new Float32Array(mean.length * 256)
  mean.forEach((shift, c) => {
    for (let value = 0; value < 256; value++)
      made[c * 256 + value] = (value / divisor - shift) / (std[c] ?? 1)
  })
  tables.set(preprocessing, made)
  return made
}

/** The pixels that the network sees, before any arithmetic: in its colours, resized and cut. */
export function croppedPixels(picture: Picture, preprocessing: Preprocessing): Picture {
  return centreCrop(resizeAsTold(inColoursOf(picture, preprocessing), preprocessing), preprocessing.crop)
}

/** The picture in the colours that the network sees: grey, before anything else happens to it, where it reads one channel. */
export function inColoursOf(picture: Picture, { mean }: Preprocessing): Picture {
  if (mean.length !== 1) return picture
  const { width, height } = picture
  return { width, height, data: threeChannels(luminance(picture), width * height, 1) }
}

function resizeAsTold(picture: Picture, preprocessing: Preprocessing): Picture {
  const { width, height } = resizedSize(picture, preprocessing)
  return resize(picture, width, height, preprocessing.interpolation)
}

interface Size {
  readonly width: number
  readonly height: number
}

function resizedSize({ width, height }: Size, { resize: to }: Preprocessing): Size {
  if (to.kind === 'squash') return { width: to.size, height: to.size }
  const exact = (to.size * Math.max(width, height)) / Math.min(width, height)
  const long = to.kind === 'short-side-rounded' ? roundHalfToEven(exact) : Math.trunc(exact)
  if (to.size * long > pictureLimits.pixels) {
    throw new ImageError(
      `a picture of ${width}×${height} is too long and thin to be resized to a short side of ${to.size}`,
    )
  }
  return width <= height ? { width: to.size, height: long } : { width: long, height: to.size }
}

/** Which part of a picture the network sees, in the picture's own pixels; what is padded around a small one lies outside of it. */
export function seenRectangle(picture: Size, preprocessing: Preprocessing): Rectangle {
  const resized = resizedSize(picture, preprocessing)
  const [height, width] = preprocessing.crop
  const [down, across] = [picture.height / resized.height, picture.width / resized.width]
  return {
    top: Math.round(((resized.height - height) / 2) * down),
    left: Math.round(((resized.width - width) / 2) * across),
    height: Math.max(1, Math.round(height * down)),
    width: Math.max(1, Math.round(width * across)),
  }
}

/** torchvision's CenterCrop: zeros around a picture that is too small, ties rounded to even. */
function centreCrop(picture: Picture, [height, width]: readonly [number, number]): Picture {
  if (picture.height === height && picture.width === width) return picture
  const padded = padToSize(picture, height, width)
  const top = roundHalfToEven((padded.height - height) / 2)
  const left = roundHalfToEven((padded.width - width) / 2)
  return cut(padded, { top, left, height, width })
}

function padToSize(picture: Picture, height: number, width: number): Picture {
  if (picture.height >= height && picture.width >= width) return picture
  const missing = (wanted: number, given: number) => Math.max(0, wanted - given)
  const [down, across] = [missing(height, picture.height), missing(width, picture.width)]
  return cut(picture, {
    top: -Math.floor(down / 2),
    left: -Math.floor(across / 2),
    height: picture.height + down,
    width: picture.width + across,
  })
}

function roundHalfToEven(value: number): number {
  const floor = Math.floor(value)
  return value - floor === 0.5 ? floor + (floor % 2) : Math.round(value)
}

/** A channel of a picture: every `step`-th byte from `first` on. */
interface Plane {
  readonly bytes: Uint8Array
  readonly first: number
  readonly step: number
}

function channelPlanes(pixels: Picture, { channels, mean }: Preprocessing): readonly Plane[] {
  if (mean.length === 1) return [{ bytes: luminance(pixels), first: 0, step: 1 }]
  if (mean.length === 3) {
    const order = channels === 'rgb' ? [0, 1, 2] : [2, 1, 0]
    return order.map((first) => ({ bytes: pixels.data, first, step: 3 }))
  }
  throw new ImageError(`a picture has three channels or, as luminance, one; the network reads ${mean.length}`)
}

/** ITU-R 601 in Pillow's fixed point, what `convert('L')` gives: a byte for each pixel. */
export function luminance({ data }: Picture): Uint8Array {
  const grey = new Uint8Array(data.length / 3)
  for (let i = 0; i < grey.length; i++) {
    const [red, green, blue] = [data[i * 3] ?? 0, data[i * 3 + 1] ?? 0, data[i * 3 + 2] ?? 0]
    grey[i] = (red * 19_595 + green * 38_470 + blue * 7471 + 0x8000) >> 16
  }
  return grey
}
