/** A line through every element, y = factor · x + offset, of any shape. */
import { onnxInput } from './onnx.ts'
import { item, type Operation, outputGradient } from './operation.ts'

export const scale: Operation<{ readonly factor: number; readonly offset: number }> = {
  name: 'scale',
  shapes: (inputs) => [item(inputs, 0, 'scale')],
  gradient: (context) => [
    context.emit.one(scale, { factor: context.attributes.factor, offset: 0 }, [outputGradient(context)]),
  ],
  onnx(context) {
    const { factor, offset } = context.attributes
    const product = { type: 'Mul', inputs: [onnxInput(context), context.floats([], [factor])] }
    if (offset === 0) return product
    return { type: 'Add', inputs: [context.emit(product), context.floats([], [offset])] }
  },
  reference: (inputs, { factor, offset }) => [item(inputs, 0, 'scale').data.map((x) => factor * x + offset)],
}
