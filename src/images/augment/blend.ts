/** Between a plainer picture and the picture itself, and beyond: saturation and sharpness as Pillow's ImageEnhance has them. */
import type { Picture } from '../picture.ts'
import { luminance } from '../preprocess.ts'

/** 0 the plain value, 1 the value, above 1 further away; in single precision and cut off, as Pillow's `blend`. */
export function blended(plain: number, value: number, factor: number): number {
  const sum = Math.fround(plain + Math.fround(Math.fround(factor) * (value - plain)))
  return Math.trunc(Math.min(255, Math.max(0, sum)))
}

/** 0 grey, 1 as it is. */
export function saturation(picture: Picture, factor: number): Picture {
  const grey = luminance(picture)
  return blendedWith(picture, factor, (i) => grey[Math.floor(i / 3)] ?? 0)
}

/** 0 smoothed, 1 as it is, 2 sharpened. The outermost pixels stay as they are. */
export function sharpness(picture: Picture, factor: number): Picture {
  const { data, width, height } = picture
  const row = width * 3
  return blendedWith(picture, factor, (i) => {
    const [x, y] = [Math.floor((i % row) / 3), Math.floor(i / row)]
    const inside = x > 0 && x < width - 1 && y > 0 && y < height - 1
    return inside ? smoothed(data, i, row) : (data[i] ?? 0)
  })
}

/** The mean of nine pixels of which the middle one counts five times (Pillow's SMOOTH), rounded. */
function smoothed(data: Uint8Array, i: number, row: number): number {
  let sum = 4 * (data[i] ?? 0)
  for (let at = i - row; at <= i + row; at += row)
    sum += (data[at - 3] ?? 0) + (data[at] ?? 0) + (data[at + 3] ?? 0)
  return Math.floor((2 * sum + 13) / 26)
}

function blendedWith(picture: Picture, factor: number, plain: (i: number) => number): Picture {
  return { ...picture, data: picture.data.map((value, i) => blended(plain(i), value, factor)) }
}
