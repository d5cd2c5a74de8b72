/** From a decoded picture to a network's input, as the model's preprocessing says. */
import type { Preprocessing } from '../architecture/preprocessing.ts'
import { ImageError } from '../errors.ts'
import { type Picture, pictureLimits } from './picture.ts'
import { resize } from './resize.ts'

/**
 * One image of a network's input, `[C, H, W]` in row-major order. A network of one channel gets the luminance.
 *
 * @throws ImageError when the preprocessing has channels that a picture cannot give.
 */
export function preprocess(picture: Picture, preprocessing: Preprocessing): Float32Array {
  const { channels, divisor, mean, std } = preprocessing
  const pixels = croppedPixels(picture, preprocessing)
  const planes = channelPlanes(pixels, channels, mean.length)
  const size = pixels.width * pixels.height
  const input = new Float32Array(planes.length * size)
  planes.forEach((plane, c) => {
    for (let i = 0; i < size; i++) {
      input[c * size + i] = (plane(i) / divisor - (mean[c] ?? 0)) / (std[c] ?? 1)
    }
  })
  return input
}

/** The pixels that the network sees, before any arithmetic: resized and cut. */
export function croppedPixels(picture: Picture, preprocessing: Preprocessing): Picture {
  return centreCrop(resizeAsTold(picture, preprocessing), preprocessing.crop)
}

function resizeAsTold(picture: Picture, { resize: to, interpolation }: Preprocessing): Picture {
  const { width, height } = picture
  if (to.kind === 'squash') return resize(picture, to.size, to.size, interpolation)
  const exact = (to.size * Math.max(width, height)) / Math.min(width, height)
  const long = to.kind === 'short-side-rounded' ? roundHalfToEven(exact) : Math.trunc(exact)
  if (to.size * long > pictureLimits.pixels) {
    throw new ImageError(
      `a picture of ${width}×${height} is too long and thin to be resized to a short side of ${to.size}`,
    )
  }
  return width <= height
    ? resize(picture, to.size, long, interpolation)
    : resize(picture, long, to.size, interpolation)
}

/** torchvision's CenterCrop: zeros around a picture that is too small, ties rounded to even. */
function centreCrop(picture: Picture, [height, width]: readonly [number, number]): Picture {
  if (picture.height === height && picture.width === width) return picture
  const padded = padToSize(picture, height, width)
  const top = roundHalfToEven((padded.height - height) / 2)
  const left = roundHalfToEven((padded.width - width) / 2)
  return window(padded, { top, left, height, width })
}

function padToSize(picture: Picture, height: number, width: number): Picture {
  if (picture.height >= height && picture.width >= width) return picture
  const missing = (wanted: number, given: number) => Math.max(0, wanted - given)
  const [down, across] = [missing(height, picture.height), missing(width, picture.width)]
  return window(picture, {
    top: -Math.floor(down / 2),
    left: -Math.floor(across / 2),
    height: picture.height + down,
    width: picture.width + across,
  })
}

/** A rectangle of a picture; what lies outside is zero. */
function window(
  { data, width: from, height: fromHeight }: Picture,
  { top, left, height, width }: { top: number; left: number; height: number; width: number },
): Picture {
  const out = new Uint8Array(width * height * 3)
  const first = Math.max(0, left)
  const end = Math.min(from, left + width)
  for (let y = 0; y < height; y++) {
    const row = y + top
    if (row < 0 || row >= fromHeight || end <= first) continue
    out.set(data.subarray((row * from + first) * 3, (row * from + end) * 3), (y * width + first - left) * 3)
  }
  return { width, height, data: out }
}

function roundHalfToEven(value: number): number {
  const floor = Math.floor(value)
  return value - floor === 0.5 ? floor + (floor % 2) : Math.round(value)
}

type Plane = (pixel: number) => number

function channelPlanes({ data }: Picture, order: Preprocessing['channels'], count: number): readonly Plane[] {
  const at =
    (channel: number): Plane =>
    (pixel) =>
      data[pixel * 3 + channel] ?? 0
  if (count === 3) return order === 'rgb' ? [at(0), at(1), at(2)] : [at(2), at(1), at(0)]
  if (count === 1) return [luminance(data)]
  throw new ImageError(`a picture has three channels or, as luminance, one; the network reads ${count}`)
}

/** ITU-R 601 in Pillow's fixed point, what `convert('L')` gives. */
function luminance(data: Uint8Array): Plane {
  return (pixel) => {
    const [red = 0, green = 0, blue = 0] = data.subarray(pixel * 3, pixel * 3 + 3)
    return (red * 19_595 + green * 38_470 + blue * 7471 + 0x8000) >> 16
  }
}

export function writeInput(
  pixels: Picture,
  preprocessing: Preprocessing,
  target: Float32Array,
  offset: number,
): void {
  const { channels, divisor, mean, std } = preprocessing
  const planes = channelPlanes(pixels, channels, mean.length)
  const size = pixels.width * pixels.height
  planes.forEach((plane, c) => {
    for (let i = 0; i < size; i++)
      target[offset + c * size + i] = (plane(i) / divisor - (mean[c] ?? 0)) / (std[c] ?? 1)
  })
}
