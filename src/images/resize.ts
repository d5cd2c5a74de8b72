/**
 * Pillow's resize, which the field's preprocessing means: antialiased (the filter widens with the reduction), two passes
 * (rows, then columns) with the result of the first rounded to 8 bits, weights in fixed point with 22 fractional bits.
 */
import type { Interpolation } from '../architecture/preprocessing.ts'
import { type Filter, filters } from './filters.ts'
import type { Picture } from './picture.ts'

const fractionBits = 22

/** For each output cell of one axis: its first input cell and the weights from there on. */
interface Taps {
  readonly first: Int32Array
  readonly count: Int32Array
  /** `width` weights for each output, in fixed point. */
  readonly weights: Int32Array
  readonly width: number
}

/** The picture at `width` × `height` pixels. */
export function resize(
  picture: Picture,
  width: number,
  height: number,
  interpolation: Interpolation,
): Picture {
  if (interpolation === 'nearest') return resizeNearest(picture, width, height)
  const filter = filters[interpolation]
  const across =
    width === picture.width ? picture : resizeRows(picture, axisTaps(picture.width, width, filter), width)
  return height === picture.height
    ? across
    : resizeColumns(across, axisTaps(picture.height, height, filter), height)
}

function axisTaps(from: number, to: number, filter: Filter): Taps {
  const scale = from / to
  const stretch = Math.max(1, scale)
  const support = filter.support * stretch
  const width = Math.ceil(support) * 2 + 1
  const taps = {
    first: new Int32Array(to),
    count: new Int32Array(to),
    weights: new Int32Array(to * width),
    width,
  }
  for (let cell = 0; cell < to; cell++) {
    const center = (cell + 0.5) * scale
    const first = Math.max(0, Math.trunc(center - support + 0.5))
    const end = Math.min(from, Math.trunc(center + support + 0.5))
    const weights = Array.from({ length: end - first }, (_, i) =>
      filter.weight((first + i - center + 0.5) / stretch),
    )
    const sum = weights.reduce((total, weight) => total + weight, 0)
    taps.first[cell] = first
    taps.count[cell] = end - first
    weights.forEach((weight, i) => {
      const share = sum === 0 ? weight : weight / sum
      taps.weights[cell * width + i] = Math.trunc(share * 2 ** fractionBits + (share < 0 ? -0.5 : 0.5))
    })
  }
  return taps
}

function resizeRows({ data, width: from, height }: Picture, taps: Taps, width: number): Picture {
  const out = new Uint8Array(width * height * 3)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const start = (y * from + (taps.first[x] ?? 0)) * 3
      for (let c = 0; c < 3; c++) out[(y * width + x) * 3 + c] = weigh(data, start + c, 3, taps, x)
    }
  }
  return { width, height, data: out }
}

function resizeColumns({ data, width }: Picture, taps: Taps, height: number): Picture {
  const out = new Uint8Array(width * height * 3)
  const row = width * 3
  for (let y = 0; y < height; y++) {
    const start = (taps.first[y] ?? 0) * row
    for (let x = 0; x < row; x++) out[y * row + x] = weigh(data, start + x, row, taps, y)
  }
  return { width, height, data: out }
}

/** The weighted sum of the samples from `start`, `step` bytes apart, rounded. */
function weigh(data: Uint8Array, start: number, step: number, taps: Taps, cell: number): number {
  let sum = 1 << (fractionBits - 1)
  const count = taps.count[cell] ?? 0
  const weights = cell * taps.width
  for (let i = 0; i < count; i++) sum += (taps.weights[weights + i] ?? 0) * (data[start + i * step] ?? 0)
  return Math.min(255, Math.max(0, sum >> fractionBits))
}

function resizeNearest(
  { data, width: from, height: fromHeight }: Picture,
  width: number,
  height: number,
): Picture {
  const out = new Uint8Array(width * height * 3)
  const columns = nearestCells(from, width)
  nearestCells(fromHeight, height).forEach((row, y) => {
    columns.forEach((column, x) => {
      const start = (row * from + column) * 3
      out.set(data.subarray(start, start + 3), (y * width + x) * 3)
    })
  })
  return { width, height, data: out }
}

/** The input cell of each output cell. Pillow steps along by adding the scale, and so rounds as it does. */
function nearestCells(from: number, to: number): readonly number[] {
  const scale = from / to
  let position = scale * 0.5
  return Array.from({ length: to }, () => {
    const cell = Math.min(from - 1, Math.floor(position))
    position += scale
    return cell
  })
}
