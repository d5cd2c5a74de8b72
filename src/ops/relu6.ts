/** Rectifier with a ceiling, y = min(max(0, x), 6), of any shape (arXiv:1801.04381, MobileNetV2), and its gradient. */
import { activation } from './activation.ts'
import { onnxDepthwise } from './onnx.ts'
import { pad } from './window.ts'

export const { forward: relu6, backward: relu6Gradient } = activation('relu6', {
  value: (x) => Math.min(Math.max(0, x), 6),
  gradient: (x, dy) => (x <= 0 || x >= 6 ? 0 : dy),
  /**
   * Clip(x, 0, 6) as 6 · min(max(0, x / 6), 1), since OpenCV before 4.8 reads no Clip whose bounds are inputs. A map is
   * multiplied by a convolution, for which ONNX Runtime need not change the map's layout: on MobileNetV2 this takes a
   * quarter longer than Clip, a product half as long again.
   */
  onnx(context) {
    const { inputs, outputShape, emit, floats } = context
    const attributes = { alpha: { float: 1 / 6 }, beta: { float: 0 } }
    const share = emit({ type: 'HardSigmoid', inputs, attributes })
    const [, channels, ...map] = outputShape
    if (map.length !== 2) return { type: 'Mul', inputs: [share, floats([], [6])] }
    return onnxDepthwise(context, share, {
      kernel: [1, 1],
      stride: [1, 1],
      padding: pad(0),
      channels: Number(channels),
      weights: [6],
    })
  },
})
