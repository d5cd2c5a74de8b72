/**
 * Maximum over windows. x: [N, C, H, W], y: [N, C, P, Q]. Padding cells never win (`negative-infinity`, the field's
 * habit), or count as zeros (`zero`: Keras v2 and BiT pad a map that may be negative).
 */
import { onnxDepthwise, onnxInput, onnxWindow } from './onnx.ts'
import { type Array64, item, type Operation, outputGradient } from './operation.ts'
import { type BoundShape, checkGradientShape, elements, imageShape } from './shape.ts'
import { forEachWindow, type PoolWindow, pad, pooledShape } from './window.ts'

interface MaxPoolAttributes extends PoolWindow {
  readonly paddingValue: 'negative-infinity' | 'zero'
}

/** Calls `visit` with each window's greatest value and where it stands: the first in scan order, -1 for a padding cell. */
function forEachMaximum(
  x: Array64,
  y: BoundShape,
  attributes: MaxPoolAttributes,
  visit: (output: number, value: number, at: number) => void,
): void {
  const outside = attributes.paddingValue === 'zero' ? 0 : undefined
  forEachWindow(x.shape, y, attributes, (output, cells) => {
    let value: number | undefined
    let at = -1
    for (const cell of cells) {
      const candidate = cell < 0 ? outside : x.data[cell]
      if (candidate === undefined) continue
      if (value === undefined || candidate > value || Number.isNaN(candidate)) {
        value = candidate
        at = cell
      }
    }
    visit(output, value ?? Number.NEGATIVE_INFINITY, at)
  })
}

export const maxPool: Operation<MaxPoolAttributes> = {
  name: 'maxPool',
  shapes: (inputs, attributes) => [pooledShape(inputs[0], attributes, 'maxPool')],
  gradient(context) {
    const x = item(context.inputs, 0, 'maxPool')
    return [context.emit.one(maxPoolGradient, context.attributes, [x, outputGradient(context)])]
  },
  /**
   * ONNX's padding never wins either. Zeros that may win are the padding of a convolution that copies the map: ONNX Runtime
   * and other optimisers make a plain pad before the pool the pool's own (microsoft/onnxruntime#18136).
   */
  onnx(context) {
    const { inputs, inputShapes, attributes } = context
    if (attributes.follows === 'map') return { type: 'GlobalMaxPool', inputs }
    const { padding, paddingValue } = attributes
    const padded = Object.values(padding).some((cells) => cells > 0)
    if (paddingValue === 'negative-infinity' || !padded)
      return { type: 'MaxPool', inputs, attributes: onnxWindow(attributes, context) }
    const { channels } = imageShape(inputShapes[0], 'maxPool')
    const copy = { kernel: [1, 1], stride: [1, 1], padding, channels, weights: [1] } as const
    const around = context.emit(onnxDepthwise(context, onnxInput(context), copy))
    return {
      type: 'MaxPool',
      inputs: [around],
      attributes: onnxWindow({ ...attributes, padding: pad(0) }, context),
    }
  },
  reference(inputs, attributes, outputs) {
    const shape = item(outputs, 0, 'maxPool')
    const y = new Float64Array(elements(shape))
    forEachMaximum(item(inputs, 0, 'maxPool'), shape, attributes, (output, value) => {
      y[output] = value
    })
    return [y]
  },
}

/** (x, dy) -> dx: each window's gradient goes to its first maximum; a padding cell that wins swallows it. */
export const maxPoolGradient: Operation<MaxPoolAttributes> = {
  name: 'maxPoolGradient',
  shapes(inputs, attributes) {
    const [x, dy] = [item(inputs, 0, 'maxPoolGradient'), item(inputs, 1, 'maxPoolGradient')]
    checkGradientShape(dy, pooledShape(x, attributes, 'maxPoolGradient'), 'maxPoolGradient')
    return [x]
  },
  reference(inputs, attributes) {
    const [x, dy] = [item(inputs, 0, 'maxPoolGradient'), item(inputs, 1, 'maxPoolGradient')]
    const dx = new Float64Array(x.data.length)
    forEachMaximum(x, dy.shape, attributes, (output, _value, at) => {
      if (at >= 0) dx[at] = (dx[at] ?? 0) + (dy.data[output] ?? 0)
    })
    return [dx]
  },
}
