/** Element-wise sum of two values of one shape: where a shortcut joins its branch. */
import { ShapeError } from '../errors.ts'
import { item, type Operation, outputGradient } from './operation.ts'
import { formatShape, sameShape } from './shape.ts'

export const add: Operation<object> = {
  name: 'add',
  shapes(inputs) {
    const [a, b] = [item(inputs, 0, 'add'), item(inputs, 1, 'add')]
    if (!sameShape(a, b)) {
      throw new ShapeError(`add needs two values of one shape, not ${formatShape(a)} and ${formatShape(b)}`)
    }
    return [a]
  },
  gradient(context) {
    const dy = outputGradient(context)
    return [dy, dy]
  },
  onnx: ({ inputs }) => ({ type: 'Add', inputs }),
  reference(inputs) {
    const [a, b] = [item(inputs, 0, 'add'), item(inputs, 1, 'add')]
    return [a.data.map((value, i) => value + (b.data[i] ?? 0))]
  },
}
