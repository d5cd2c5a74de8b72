/** The same elements in the same order under another shape; a batch dimension stays one. */
import { ShapeError } from '../errors.ts'
import { item, type Operation, outputGradient } from './operation.ts'
import { elementsPerImage, formatShape, type Shape } from './shape.ts'

function batches(shape: Shape): number {
  return shape.filter((dim) => dim === 'N').length
}

export const reshape: Operation<{ readonly shape: Shape }> = {
  name: 'reshape',
  shapes(inputs, { shape }) {
    const x = item(inputs, 0, 'reshape')
    const fits = elementsPerImage(x) === elementsPerImage(shape) && batches(x) === batches(shape)
    if (!fits || batches(shape) > 1) {
      throw new ShapeError(`reshape cannot make ${formatShape(shape)} of ${formatShape(x)}`)
    }
    return [shape]
  },
  gradient(context) {
    const { shape } = item(context.inputs, 0, 'reshape')
    return [context.emit.one(reshape, { shape }, [outputGradient(context)])]
  },
  reference: (inputs) => [item(inputs, 0, 'reshape').data.slice()],
}
