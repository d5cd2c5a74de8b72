/**
 * Rectified linear unit, y = max(0, x), of any shape, and its gradient, which is 0 at 0 as everywhere in the field. A
 * NaN passes through both, so that a diverged training is noticed.
 */
import { activation } from './activation.ts'

export const { forward: relu, backward: reluGradient } = activation('relu', {
  value: (x) => Math.max(0, x),
  gradient: (x, dy) => (x <= 0 ? 0 : dy),
  onnx: ({ inputs }) => ({ type: 'Relu', inputs }),
})
