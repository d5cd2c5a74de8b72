/** Sigmoid-weighted linear unit (swish), y = x / (1 + exp(-x)), of any shape (arXiv:1702.03118), and its gradient. */
import { activation } from './activation.ts'
import { logistic } from './sigmoid.ts'

export const { forward: silu, backward: siluGradient } = activation('silu', {
  value: (x) => x * logistic(x),
  gradient: (x, dy) => dy * logistic(x) * (1 + x * logistic(-x)),
  onnx: ({ inputs, emit }) => ({ type: 'Mul', inputs: [...inputs, emit({ type: 'Sigmoid', inputs })] }),
})
