/** The same elements in another shape; the batch stays whole. */
import { ShapeError } from '../errors.ts'
import { onnxShape } from './onnx.ts'
import { item, type Operation, outputGradient } from './operation.ts'
import { elementsPerImage, formatShape, type Shape } from './shape.ts'

export const reshape: Operation<{ readonly shape: Shape }> = {
  name: 'reshape',
  shapes(inputs, { shape }) {
    const x = item(inputs, 0, 'reshape')
    const batches = (of: Shape) => of.filter((dim) => dim === 'N').length
    if (elementsPerImage(x) !== elementsPerImage(shape) || batches(x) !== batches(shape)) {
      throw new ShapeError(
        `reshape cannot make ${formatShape(shape)} of ${formatShape(x)}: the elements differ in number`,
      )
    }
    return [shape]
  },
  gradient(context) {
    const { shape } = item(context.inputs, 0, 'reshape')
    return [context.emit.one(reshape, { shape }, [outputGradient(context)])]
  },
  onnx: ({ inputs, outputShape, integers }) => ({
    type: 'Reshape',
    inputs: [...inputs, integers(onnxShape(outputShape))],
  }),
  reference: (inputs) => [item(inputs, 0, 'reshape').data.slice()],
}
