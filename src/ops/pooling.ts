/** What pools have in common: windows that slide over each channel of a feature map [N, C, H, W] on its own. */
import { ShapeError } from '../errors.ts'
import { type BoundShape, imageShape, type Shape } from './shape.ts'
import { type Padding, windowOutput } from './window.ts'

export interface PoolAttributes {
  readonly kernel: readonly [number, number]
  readonly stride: readonly [number, number]
  readonly padding: Padding
}

/** [N, C, P, Q]; throws `ShapeError` for a window that would see padding alone. */
export function pooledShape(x: Shape, { kernel, stride, padding }: PoolAttributes, what: string): Shape {
  const { batch, channels, height, width } = imageShape(x, `the input of ${what}`)
  const tall = Math.max(padding.top, padding.bottom)
  const wide = Math.max(padding.left, padding.right)
  if (tall >= kernel[0] || wide >= kernel[1]) {
    throw new ShapeError(
      `${what}: padding of ${tall}×${wide} must be less than the window of ${kernel[0]}×${kernel[1]}`,
    )
  }
  return [
    batch,
    channels,
    ...windowOutput(height, width, { kernel, stride, padding, dilation: [1, 1] }, what),
  ]
}

/** A window over one channel: the element where the channel begins, and the cell where the window begins. */
export interface PoolWindow {
  readonly plane: number
  readonly row: number
  readonly column: number
}

/** Calls `visit` with each element of y [N, C, P, Q] and the window of x [N, C, H, W] that it summarises. */
export function forEachWindow(
  x: BoundShape,
  y: BoundShape,
  { stride, padding }: PoolAttributes,
  visit: (output: number, window: PoolWindow) => void,
): void {
  const [, , height = 0, width = 0] = x
  const [batch = 0, channels = 0, outHeight = 0, outWidth = 0] = y
  let output = 0
  for (let channel = 0; channel < batch * channels; channel++) {
    const plane = channel * height * width
    for (let p = 0; p < outHeight; p++) {
      for (let q = 0; q < outWidth; q++) {
        const row = p * stride[0] - padding.top
        const column = q * stride[1] - padding.left
        visit(output++, { plane, row, column })
      }
    }
  }
}

/** Calls `visit` with each cell of a window in scan order; a padding cell has no index. */
export function forEachCell(
  x: BoundShape,
  window: PoolWindow,
  kernel: readonly [number, number],
  visit: (index: number | undefined) => void,
): void {
  const [, , height = 0, width = 0] = x
  for (let row = window.row; row < window.row + kernel[0]; row++) {
    for (let column = window.column; column < window.column + kernel[1]; column++) {
      const inside = row >= 0 && row < height && column >= 0 && column < width
      visit(inside ? window.plane + row * width + column : undefined)
    }
  }
}
