/** Shears, shifts and turns as Pillow's affine `transform` has them: the nearest pixel, grey where there is none. */
import type { Picture } from '../picture.ts'

/** The place that pixel (x, y) is taken from: (a x + b y + c, d x + e y + f). */
type Affine = readonly [a: number, b: number, c: number, d: number, e: number, f: number]

/** What the authors of AutoAugment fill with. */
const grey = 128

export function shearX(picture: Picture, share: number): Picture {
  return transformed(picture, [1, share, 0, 0, 1, 0])
}

export function shearY(picture: Picture, share: number): Picture {
  return transformed(picture, [1, 0, 0, share, 1, 0])
}

/** Moves the picture left by whole pixels. */
export function translateX(picture: Picture, pixels: number): Picture {
  return transformed(picture, [1, 0, pixels, 0, 1, 0])
}

/** Moves the picture up by whole pixels. */
export function translateY(picture: Picture, pixels: number): Picture {
  return transformed(picture, [1, 0, 0, 0, 1, pixels])
}

/** Turns the picture around its middle, counter-clockwise. */
export function rotate(picture: Picture, degrees: number): Picture {
  const angle = (-degrees * Math.PI) / 180
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)]
  const [x, y] = [picture.width / 2, picture.height / 2]
  return transformed(picture, [cos, sin, x - cos * x - sin * y, -sin, cos, y + sin * x - cos * y])
}

/** In Pillow's fixed point of 16 fractional bits. */
function transformed({ data, width, height }: Picture, [a, b, c, d, e, f]: Affine): Picture {
  const out = new Uint8Array(data.length).fill(grey)
  const [stepX, stepY] = [fixed(a), fixed(d)]
  for (let y = 0; y < height; y++) {
    let fromX = fixed(c + a * 0.5 + b * 0.5) + y * fixed(b)
    let fromY = fixed(f + d * 0.5 + e * 0.5) + y * fixed(e)
    for (let to = y * width * 3; to < (y + 1) * width * 3; to += 3) {
      const [column, row] = [Math.floor(fromX / 65_536), Math.floor(fromY / 65_536)]
      fromX += stepX
      fromY += stepY
      if (column < 0 || column >= width || row < 0 || row >= height) continue
      const from = (row * width + column) * 3
      out[to] = data[from] ?? 0
      out[to + 1] = data[from + 1] ?? 0
      out[to + 2] = data[from + 2] ?? 0
    }
  }
  return { width, height, data: out }
}

function fixed(value: number): number {
  return Math.floor(value * 65_536 + 0.5)
}
