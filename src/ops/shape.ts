/**
 * Shapes of values in a graph. A graph is built once for every batch size: the batch dimension is the symbol `N`,
 * bound to a number only when an engine runs. Images are `[N, C, H, W]`.
 */
import { ShapeError } from '../errors.ts'

/** One dimension: a number, or the batch. */
export type Dim = number | 'N'

export type Shape = readonly Dim[]

/** A shape whose batch is known. */
export type BoundShape = readonly number[]

/** Puts a number in the place of the batch. */
export function bindBatch(shape: Shape, batch: number): BoundShape {
  return shape.map((dim) => (dim === 'N' ? batch : dim))
}

/** Elements of a shape; the batch counts as one image. */
export function elementsPerImage(shape: Shape): number {
  let count = 1
  for (const dim of shape) if (dim !== 'N') count *= dim
  return count
}

/** Elements of a bound shape. */
export function elements(shape: BoundShape): number {
  let count = 1
  for (const dim of shape) count *= dim
  return count
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, axis) => dim === b[axis])
}

export function formatShape(shape: Shape): string {
  return `[${shape.join(', ')}]`
}

/** A feature map `[N, C, H, W]` taken apart. */
export interface ImageShape {
  readonly batch: Dim
  readonly channels: number
  readonly height: number
  readonly width: number
}

/** Takes a feature map's shape apart; throws `ShapeError` where it is none. `what` names the value in the message. */
export function imageShape(shape: Shape | undefined, what: string): ImageShape {
  const [batch, channels, height, width] = shape ?? []
  if (
    shape?.length !== 4 ||
    batch === undefined ||
    typeof channels !== 'number' ||
    typeof height !== 'number' ||
    typeof width !== 'number'
  ) {
    throw new ShapeError(`${what} must be a feature map [N, C, H, W], not ${formatShape(shape ?? [])}`)
  }
  return { batch, channels, height, width }
}

/** The numbers of a shape that has no batch, of the given rank; throws `ShapeError` otherwise. */
export function fixedShape(shape: Shape | undefined, rank: number, what: string): readonly number[] {
  const dims = (shape ?? []).filter((dim) => typeof dim === 'number')
  if (shape?.length !== rank || dims.length !== rank) {
    throw new ShapeError(`${what} must have ${rank} fixed dimensions, not ${formatShape(shape ?? [])}`)
  }
  return dims
}

/** Throws `ShapeError` unless a gradient has the shape of the value that it belongs to. */
export function checkGradientShape(gradient: Shape, value: Shape, what: string): void {
  if (!sameShape(gradient, value)) {
    throw new ShapeError(
      `${what} needs a gradient of shape ${formatShape(value)}, not ${formatShape(gradient)}`,
    )
  }
}
