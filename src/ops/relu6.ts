/** Rectifier with a ceiling, y = min(max(0, x), 6), of any shape (arXiv:1801.04381, MobileNetV2), and its gradient. */
import { activation } from './activation.ts'

export const { forward: relu6, backward: relu6Gradient } = activation('relu6', {
  value: (x) => Math.min(Math.max(0, x), 6),
  gradient: (x, dy) => (x <= 0 || x >= 6 ? 0 : dy),
  onnx: ({ inputs, floats }) => ({ type: 'Clip', inputs: [...inputs, floats([], [0]), floats([], [6])] }),
})
