/** Logistic function, y = 1 / (1 + exp(-x)), of any shape: the gates of squeeze-and-excitation; and its gradient. */
import { activation } from './activation.ts'

/** 1 / (1 + exp(-x)); the exponential of a large negative x overflows to infinity, which divides to 0. */
export function logistic(x: number): number {
  return 1 / (1 + Math.exp(-x))
}

export const { forward: sigmoid, backward: sigmoidGradient } = activation('sigmoid', {
  value: logistic,
  gradient: (x, dy) => dy * logistic(x) * logistic(-x),
  onnx: ({ inputs }) => ({ type: 'Sigmoid', inputs }),
})
