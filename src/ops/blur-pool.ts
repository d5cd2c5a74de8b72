/**
 * Low-pass filter before subsampling (arXiv:1904.11486, anti-aliased networks): every channel is filtered by
 * outer(taps, taps) / sum(taps)² and read at `stride`. x: [N, C, H, W], y: [N, C, P, Q]. All sides are padded by
 * floor((stride - 1 + taps - 1) / 2), as in timm's BlurPool2d, with the map's reflection or with zeros.
 */
import { ShapeError } from '../errors.ts'
import { item, type Operation, outputGradient } from './operation.ts'
import { type BoundShape, checkGradientShape, elements, imageShape, type Shape } from './shape.ts'
import { pad, windowOutput } from './window.ts'

export interface BlurPoolAttributes {
  /** One side of the separable filter, for instance [1, 2, 1]; scaled to sum 1. */
  readonly taps: readonly number[]
  readonly stride: number
  readonly padding: 'reflect' | 'zero'
}

function paddingCells({ taps, stride }: BlurPoolAttributes): number {
  return Math.floor((stride - 1 + taps.length - 1) / 2)
}

function blurredShape(x: Shape, attributes: BlurPoolAttributes): Shape {
  const { batch, channels, height, width } = imageShape(x, 'the input of blurPool')
  const { taps, stride, padding } = attributes
  const cells = paddingCells(attributes)
  if (padding === 'reflect' && cells >= Math.min(height, width)) {
    throw new ShapeError(
      `blurPool: a map of ${height}×${width} cannot be reflected by ${cells}; give a larger input or fewer strides`,
    )
  }
  const kernel = [taps.length, taps.length] as const
  const window = { kernel, stride: [stride, stride], dilation: [1, 1], padding: pad(cells) } as const
  return [batch, channels, ...windowOutput(height, width, window, 'blurPool')]
}

/** For each output position along one side, the cells it reads and their weights. */
function readsAlong(
  size: number,
  outSize: number,
  attributes: BlurPoolAttributes,
): { cell: number; weight: number }[][] {
  const { taps, stride, padding } = attributes
  const total = taps.reduce((sum, tap) => sum + tap, 0)
  return Array.from({ length: outSize }, (_, position) =>
    taps
      .map((tap, offset) => {
        const cell = position * stride + offset - paddingCells(attributes)
        return { cell: padding === 'reflect' ? reflect(cell, size) : cell, weight: tap / total }
      })
      .filter(({ cell }) => cell >= 0 && cell < size),
  )
}

/** The cell that a cell outside mirrors; the border itself is not repeated. */
function reflect(cell: number, size: number): number {
  const inside = Math.abs(cell)
  return inside < size ? inside : 2 * (size - 1) - inside
}

/** Calls `visit` with each output, an input that it reads, and the weight of that input. */
function forEachRead(
  x: BoundShape,
  y: BoundShape,
  attributes: BlurPoolAttributes,
  visit: (output: number, index: number, weight: number) => void,
): void {
  const [, , height = 0, width = 0] = x
  const [batch = 0, channels = 0, outHeight = 0, outWidth = 0] = y
  const rows = readsAlong(height, outHeight, attributes)
  const columns = readsAlong(width, outWidth, attributes)
  let output = 0
  for (let channel = 0; channel < batch * channels; channel++) {
    for (const down of rows) {
      for (const across of columns) {
        for (const { cell: row, weight } of down) {
          const start = (channel * height + row) * width
          for (const { cell: column, weight: factor } of across)
            visit(output, start + column, weight * factor)
        }
        output++
      }
    }
  }
}

export const blurPool: Operation<BlurPoolAttributes> = {
  name: 'blurPool',
  shapes: (inputs, attributes) => [blurredShape(item(inputs, 0, 'blurPool'), attributes)],
  gradient(context) {
    const attributes = { ...context.attributes, inputShape: item(context.inputs, 0, 'blurPool').shape }
    return [context.emit.one(blurPoolGradient, attributes, [outputGradient(context)])]
  },
  reference(inputs, attributes, outputs) {
    const [x, shape] = [item(inputs, 0, 'blurPool'), item(outputs, 0, 'blurPool')]
    const y = new Float64Array(elements(shape))
    forEachRead(x.shape, shape, attributes, (output, index, weight) => {
      y[output] = (y[output] ?? 0) + weight * (x.data[index] ?? 0)
    })
    return [y]
  },
}

/** dy -> dx [inputShape]. Linear, so its gradient is the filter itself. */
export const blurPoolGradient: Operation<BlurPoolAttributes & { readonly inputShape: Shape }> = {
  name: 'blurPoolGradient',
  shapes(inputs, attributes) {
    const y = blurredShape(attributes.inputShape, attributes)
    checkGradientShape(item(inputs, 0, 'blurPoolGradient'), y, 'blurPoolGradient')
    return [attributes.inputShape]
  },
  gradient(context) {
    const { inputShape: _, ...attributes } = context.attributes
    return [context.emit.one(blurPool, attributes, [outputGradient(context)])]
  },
  reference(inputs, attributes, outputs) {
    const [dy, shape] = [item(inputs, 0, 'blurPoolGradient'), item(outputs, 0, 'blurPoolGradient')]
    const dx = new Float64Array(elements(shape))
    forEachRead(shape, dy.shape, attributes, (output, index, weight) => {
      dx[index] = (dx[index] ?? 0) + weight * (dy.data[output] ?? 0)
    })
    return [dx]
  },
}
