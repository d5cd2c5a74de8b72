/** Windows that slide over a feature map: what convolutions, pooling and filters have in common. */
import { ShapeError } from '../errors.ts'

/** Cells added around a feature map. Ceil mode and TensorFlow's SAME become explicit padding when a network is built. */
export interface Padding {
  readonly top: number
  readonly left: number
  readonly bottom: number
  readonly right: number
}

/** Kernel, stride and dilation are `[vertical, horizontal]`. */
export interface Window {
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
