/**
 * Element-wise product of two values of one rank; a dimension of 1 on either side is repeated, so a feature map
 * [N, C, H, W] takes a gate [N, C, 1, 1] and a mask [N, 1, 1, 1] or [1, 1, 1, 1].
 */
import { ShapeError } from '../errors.ts'
import { item, type Operation, outputGradient } from './operation.ts'
import { elements, formatShape, type Shape, sameShape } from './shape.ts'
import { forEachPair, sumTo } from './sum-to.ts'

/** The shape of a product; throws `ShapeError` where two dimensions differ and neither is 1. */
function productShape(a: Shape, b: Shape): Shape {
  const fits = a.length === b.length && a.every((dim, axis) => dim === b[axis] || dim === 1 || b[axis] === 1)
  if (!fits) {
    throw new ShapeError(
      `multiply needs two values of one shape, or with dimensions of 1 to repeat, not ${formatShape(a)} and ${formatShape(b)}`,
    )
  }
  return a.map((dim, axis) => (dim === 1 ? (b[axis] ?? 1) : dim))
}

export const multiply: Operation<object> = {
  name: 'multiply',
  shapes: (inputs) => [productShape(item(inputs, 0, 'multiply'), item(inputs, 1, 'multiply'))],
  gradient(context) {
    const { emit, inputs } = context
    const dy = outputGradient(context)
    const [a, b] = [item(inputs, 0, 'multiply'), item(inputs, 1, 'multiply')]
    const gradientOf = (input: typeof a, other: typeof a) => {
      const product = emit.one(multiply, {}, [dy, other])
      if (sameShape(product.shape, input.shape)) return product
      return emit.one(sumTo, { shape: input.shape, axes: input.shape.map((_, axis) => axis) }, [product])
    }
    return [context.wants(0) ? gradientOf(a, b) : undefined, context.wants(1) ? gradientOf(b, a) : undefined]
  },
  /**
   * A gate for each channel of each image: OpenCV 4.6 repeats it over a map of one image only, so the channels of all images
   * are those of one.
   */
  onnx({ inputs, inputShapes, outputShape, emit, integers }) {
    const [map, gate] = [item(inputs, 0, 'multiply'), item(inputs, 1, 'multiply')]
    const [, channels] = outputShape
    const isGate = sameShape(item(inputShapes, 1, 'multiply'), ['N', channels ?? 1, 1, 1])
    if (!isGate || sameShape(item(inputShapes, 0, 'multiply'), item(inputShapes, 1, 'multiply')))
      return { type: 'Mul', inputs }
    const reshaped = (from: string, shape: readonly number[]) =>
      emit({ type: 'Reshape', inputs: [from, integers(shape)] })
    const one = [1, -1, 0, 0]
    const product = emit({ type: 'Mul', inputs: [reshaped(map, one), reshaped(gate, one)] })
    return { type: 'Reshape', inputs: [product, integers([-1, Number(channels), 0, 0])] }
  },
  reference(inputs, _attributes, outputs) {
    const [a, b] = [item(inputs, 0, 'multiply'), item(inputs, 1, 'multiply')]
    const shape = item(outputs, 0, 'multiply')
    const axes = shape.map((_, axis) => axis)
    const y = new Float64Array(elements(shape))
    forEachPair(shape, a.shape, axes, (to, from) => {
      y[to] = a.data[from] ?? 0
    })
    forEachPair(shape, b.shape, axes, (to, from) => {
      y[to] = (y[to] ?? 0) * (b.data[from] ?? 0)
    })
    return [y]
  },
}
