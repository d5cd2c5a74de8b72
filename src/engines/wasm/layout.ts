/**
 * How values lie in memory: channels last, `[N, H, W, pitch]` float32, with a border of zeros where a convolution reads over
 * the edge. The pitch is a multiple of 8 so that pairs of vectors never straddle pixels; a vector [N, C] is a map of one
 * pixel.
 */
import { bindBatch, elements, type Shape } from '../../ops/shape.ts'
import type { Padding } from '../../ops/window.ts'

/** Sizes of a stored map, all but its address. */
export interface Layout {
  readonly batch: number
  readonly channels: number
  readonly height: number
  readonly width: number
  /** Floats from one pixel to the next. */
  readonly pitch: number
  readonly halo: Padding
}

/** A map at an address. */
export interface Storage extends Layout {
  /** Byte address of the halo's first cell in image 0. */
  readonly address: number
}

/** Pitches are multiples of this many floats. */
export const pitchStep = 8

export const noHalo: Padding = { top: 0, left: 0, bottom: 0, right: 0 }

export function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple
}

/**
 * The layout of a value: `[N, C, H, W]` as a map, anything else that begins with the batch as one pixel of all its elements,
 * and what does not (weights, statistics, single numbers) row-major as it is.
 */
export function layoutOf(shape: Shape, batch: number, halo: Padding = noHalo): Layout {
  if (isFlat(shape)) return flatLayout(elements(bindBatch(shape, batch)))
  const dims = shape.map((dim) => (dim === 'N' ? batch : dim))
  const [, channels = 1, height = 1, width = 1] = dims
  if (dims.length === 4 && isMap(shape)) {
    return { batch, channels, height, width, pitch: roundUp(channels, pitchStep), halo }
  }
  return { ...flatLayout(elements(dims.slice(1))), batch }
}

/** Whether a value is stored row-major as it is, since it does not begin with the batch. */
export const isFlat = (shape: Shape): boolean => shape[0] !== 'N'

/** Numbers in a row. */
function flatLayout(count: number): Layout {
  return { batch: 1, channels: count, height: 1, width: 1, pitch: roundUp(count, pitchStep), halo: noHalo }
}

/**
 * Whether a value is stored pixel by pixel. Selective kernels and ECA view a vector of channels as [N, 2, C, 1] or
 * [N, 1, C, 1]: those stay vectors.
 */
export function isMap(shape: Shape): boolean {
  const [, channels = 1, height = 1, width = 1] = shape
  return !(width === 1 && height !== 1 && (channels === 1 || channels === 2))
}

export const pixelBytes = ({ pitch }: Layout): number => pitch * 4
export const rowBytes = (layout: Layout): number =>
  (layout.halo.left + layout.width + layout.halo.right) * pixelBytes(layout)
export const imageBytes = (layout: Layout): number =>
  (layout.halo.top + layout.height + layout.halo.bottom) * rowBytes(layout)
export const totalBytes = (layout: Layout): number => layout.batch * imageBytes(layout)

/** Byte address of pixel (0, 0) of image 0. */
export function originOf(storage: Storage): number {
  return storage.address + storage.halo.top * rowBytes(storage) + storage.halo.left * pixelBytes(storage)
}

/** The fields that tell a kernel where an operand's rows lie. */
export function rowsOf(storage: Storage): {
  readonly base: number
  readonly image: number
  readonly row: number
} {
  return { base: originOf(storage), image: imageBytes(storage), row: rowBytes(storage) }
}
