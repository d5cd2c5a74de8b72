/** Windows that slide over a feature map: what convolutions, pooling and filters have in common. */
import { ShapeError } from '../errors.ts'
import { type BoundShape, imageShape, type Shape } from './shape.ts'

/** Cells added around a feature map. Ceil mode and TensorFlow's SAME become explicit padding when a network is built. */
export interface Padding {
  readonly top: number
  readonly left: number
  readonly bottom: number
  readonly right: number
}

/**
 * What of a window follows from the size of its map: the padding, by TensorFlow's SAME or in ceil mode, or the kernel, which
 * is the whole map. A network is built for one size, so all cells are told; an export for any size needs to know the rule.
 */
export type Follows = 'same' | 'ceil' | 'map'

/** Kernel, stride and dilation are `[vertical, horizontal]`. */
export interface Window {
  readonly follows?: Follows
  readonly kernel: readonly [number, number]
  readonly stride: readonly [number, number]
  readonly dilation: readonly [number, number]
  readonly padding: Padding
}

/** The same padding on all sides. */
export function pad(all: number): Padding {
  return { top: all, left: all, bottom: all, right: all }
}

/** Height and width of the map of window positions. Throws `ShapeError` when not one window fits. */
export function windowOutput(
  height: number,
  width: number,
  window: Window,
  what: string,
): readonly [number, number] {
  const { kernel, stride, dilation, padding } = window
  const tall = height + padding.top + padding.bottom - dilation[0] * (kernel[0] - 1) - 1
  const wide = width + padding.left + padding.right - dilation[1] * (kernel[1] - 1) - 1
  if (tall < 0 || wide < 0) {
    throw new ShapeError(
      `${what}: a window of ${kernel[0]}×${kernel[1]} does not fit a map of ${height}×${width}; give a larger input or fewer strides`,
    )
  }
  return [Math.floor(tall / stride[0]) + 1, Math.floor(wide / stride[1]) + 1]
}

/** A pool's window: never dilated. */
export interface PoolWindow {
  readonly follows?: Follows
  readonly kernel: readonly [number, number]
  readonly stride: readonly [number, number]
  readonly padding: Padding
}

/** The shape of a pooled map [N, C, P, Q]; throws `ShapeError` when a window would see nothing but padding. */
export function pooledShape(x: Shape | undefined, pool: PoolWindow, what: string): Shape {
  const { batch, channels, height, width } = imageShape(x, what)
  const { kernel, padding } = pool
  if (
    Math.max(padding.top, padding.bottom) >= kernel[0] ||
    Math.max(padding.left, padding.right) >= kernel[1]
  ) {
    throw new ShapeError(
      `${what}: padding [${padding.top}, ${padding.left}, ${padding.bottom}, ${padding.right}] must be less than the window of ${kernel[0]}×${kernel[1]}`,
    )
  }
  return [batch, channels, ...windowOutput(height, width, { ...pool, dilation: [1, 1] }, what)]
}

/**
 * Visits every window of a pool over x [N, C, H, W]: `output` is the flat index of the pooled cell, `cells` the flat
 * indices of the window's cells in scan order, -1 for padding.
 */
export function forEachWindow(
  x: BoundShape,
  y: BoundShape,
  pool: PoolWindow,
  visit: (output: number, cells: readonly number[]) => void,
): void {
  const [, , height = 0, width = 0] = x
  const [batch = 0, channels = 0, outHeight = 0, outWidth = 0] = y
  let output = 0
  for (let plane = 0; plane < batch * channels; plane++) {
    for (let p = 0; p < outHeight; p++) {
      for (let q = 0; q < outWidth; q++) {
        const top = p * pool.stride[0] - pool.padding.top
        const left = q * pool.stride[1] - pool.padding.left
        const cells: number[] = []
        for (let row = top; row < top + pool.kernel[0]; row++) {
          for (let column = left; column < left + pool.kernel[1]; column++) {
            const inside = row >= 0 && row < height && column >= 0 && column < width
            cells.push(inside ? (plane * height + row) * width + column : -1)
          }
        }
        visit(output++, cells)
      }
    }
  }
}
