/** Turns the frameworks' padding conventions into explicit cells, for maps whose size is known. */
import type { Padding } from '../ops/window.ts'

export type Pair = readonly [number, number]

/** Torch's habit: as much before as after, so that an odd kernel at stride 1 keeps the size. */
export function symmetricPadding(kernel: number, dilation = 1, stride = 1): Padding {
  const cells = Math.floor((stride - 1 + dilation * (kernel - 1)) / 2)
  return { top: cells, left: cells, bottom: cells, right: cells }
}

/** TensorFlow's SAME: outputs = ceil(size / stride), the odd cell goes after. */
export function samePadding(size: Pair, kernel: number, stride: number, dilation = 1): Padding {
  const reach = dilation * (kernel - 1) + 1
  const total = (cells: number) => Math.max(0, (Math.ceil(cells / stride) - 1) * stride + reach - cells)
  const [down, across] = [total(size[0]), total(size[1])]
  return {
    top: Math.floor(down / 2),
    left: Math.floor(across / 2),
    bottom: Math.ceil(down / 2),
    right: Math.ceil(across / 2),
  }
}

/** Caffe's and Torch's ceil mode: nothing before, after the map what the last window lacks. */
export function ceilPadding(size: Pair, kernel: number, stride: number): Padding {
  const missing = (cells: number) =>
    Math.max(0, Math.ceil((cells - kernel) / stride) * stride + kernel - cells)
  return { top: 0, left: 0, bottom: missing(size[0]), right: missing(size[1]) }
}
