/**
 * Blur with a stride (arXiv:1904.11486): every channel filtered by the outer product of `taps` with itself, normalised to
 * sum 1. The map is padded on every side by (stride - 1 + taps - 1) / 2 cells, rounded down, as in timm's BlurPool2d:
 * its reflection without the edge itself, or zeros.
 * x: [N, C, H, W], y: [N, C, P, Q].
 */
import { ShapeError } from '../errors.ts'
import { type OnnxContext, onnxDepthwise, onnxInput } from './onnx.ts'
import { item, type Operation, outputGradient } from './operation.ts'
import { type BoundShape, checkGradientShape, elements, imageShape, type Shape } from './shape.ts'
import { pad, windowOutput } from './window.ts'

interface BlurPoolAttributes {
  readonly taps: readonly number[]
  readonly stride: number
  readonly padding: 'reflect' | 'zero'
}

/** Cells added on every side. */
function margin({ taps, stride }: BlurPoolAttributes): number {
  return Math.floor((stride - 1 + taps.length - 1) / 2)
}

function blurredShape(x: Shape | undefined, attributes: BlurPoolAttributes): Shape {
  const { batch, channels, height, width } = imageShape(x, 'blurPool')
  const { taps, stride, padding } = attributes
  const cells = margin(attributes)
  if (padding === 'reflect' && (cells >= height || cells >= width)) {
    throw new ShapeError(
      `blurPool: a map of ${height}×${width} is too small to reflect ${cells} cells at its edge; give a larger input or fewer strides`,
    )
  }
  const window = {
    kernel: [taps.length, taps.length] as const,
    stride: [stride, stride] as const,
    dilation: [1, 1] as const,
    padding: pad(cells),
  }
  return [batch, channels, ...windowOutput(height, width, window, 'blurPool')]
}

/** The cell that a padded index stands for; -1 for a zero. */
function source(index: number, size: number, padding: BlurPoolAttributes['padding']): number {
  if (index >= 0 && index < size) return index
  if (padding === 'zero') return -1
  return index < 0 ? -index : 2 * (size - 1) - index
}

/** The share of one cell of the filter, so that all sum to 1. */
function tapWeight(taps: readonly number[], vertical: number, horizontal: number): number {
  const total = taps.reduce((sum, tap) => sum + tap, 0)
  return (vertical * horizontal) / (total * total)
}

/** Calls `visit` for every tap of every output: flat indices of both maps and the tap's weight. */
function forEachTap(
  x: BoundShape,
  y: BoundShape,
  attributes: BlurPoolAttributes,
  visit: (output: number, input: number, weight: number) => void,
): void {
  const { taps, stride, padding } = attributes
  const before = margin(attributes)
  const [, , height = 0, width = 0] = x
  const [batch = 0, channels = 0, outHeight = 0, outWidth = 0] = y
  let output = 0
  for (let plane = 0; plane < batch * channels; plane++) {
    for (let p = 0; p < outHeight; p++) {
      for (let q = 0; q < outWidth; q++, output++) {
        taps.forEach((vertical, r) => {
          const row = source(p * stride + r - before, height, padding)
          taps.forEach((horizontal, s) => {
            const column = source(q * stride + s - before, width, padding)
            if (row < 0 || column < 0) return
            visit(output, (plane * height + row) * width + column, tapWeight(taps, vertical, horizontal))
          })
        })
      }
    }
  }
}

/** The input [N, C, H, W] with its reflection around it, as an ONNX tensor. */
function reflected(context: OnnxContext<BlurPoolAttributes>, cells: number): string {
  const pads = context.integers([0, 0, cells, cells, 0, 0, cells, cells])
  return context.emit({
    type: 'Pad',
    inputs: [onnxInput(context), pads],
    attributes: { mode: { text: 'reflect' } },
  })
}

export const blurPool: Operation<BlurPoolAttributes> = {
  name: 'blurPool',
  shapes: (inputs, attributes) => [blurredShape(inputs[0], attributes)],
  gradient(context) {
    const { shape } = item(context.inputs, 0, 'blurPool')
    const attributes = { ...context.attributes, inputShape: shape }
    return [context.emit.one(blurPoolGradient, attributes, [outputGradient(context)])]
  },
  onnx(context) {
    const { taps, stride, padding } = context.attributes
    const { channels } = imageShape(context.inputShapes[0], 'blurPool')
    const cells = margin(context.attributes)
    const weights = taps.flatMap((vertical) =>
      taps.map((horizontal) => tapWeight(taps, vertical, horizontal)),
    )
    const x = padding === 'zero' ? onnxInput(context) : reflected(context, cells)
    const outside = pad(padding === 'zero' ? cells : 0)
    const kernel = [taps.length, taps.length] as const
    return onnxDepthwise(context, x, {
      kernel,
      stride: [stride, stride],
      padding: outside,
      channels,
      weights,
    })
  },
  reference(inputs, attributes, outputs) {
    const x = item(inputs, 0, 'blurPool')
    const shape = item(outputs, 0, 'blurPool')
    const y = new Float64Array(elements(shape))
    forEachTap(x.shape, shape, attributes, (output, input, weight) => {
      y[output] = (y[output] ?? 0) + weight * (x.data[input] ?? 0)
    })
    return [y]
  },
}

/** dy -> dx; linear, so its own gradient is the blur again. */
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
    const dy = item(inputs, 0, 'blurPoolGradient')
    const shape = item(outputs, 0, 'blurPoolGradient')
    const dx = new Float64Array(elements(shape))
    forEachTap(shape, dy.shape, attributes, (output, input, weight) => {
      dx[input] = (dx[input] ?? 0) + weight * (dy.data[output] ?? 0)
    })
    return [dx]
  },
}
