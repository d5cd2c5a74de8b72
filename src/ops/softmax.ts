/**
 * Softmax along one axis, y = exp(x) / sum(exp(x)), shifted by the maximum so that nothing overflows. Its gradient is
 * dx = y · (dy - sum(dy · y)), in primitives.
 */
import { ShapeError } from '../errors.ts'
import { add } from './add.ts'
import { multiply } from './multiply.ts'
import { item, type Operation, outputGradient } from './operation.ts'
import { scale } from './scale.ts'
import { elements, formatShape } from './shape.ts'
import { sumTo } from './sum-to.ts'

/** Writes the softmax of `count` elements of x that stand `step` apart from `start` on. */
export function writeSoftmax(
  y: Float64Array,
  x: Float64Array,
  { start, step, count }: { readonly start: number; readonly step: number; readonly count: number },
): void {
  const end = start + step * count
  let largest = Number.NEGATIVE_INFINITY
  for (let i = start; i < end; i += step) largest = Math.max(largest, x[i] ?? 0)
  let sum = 0
  for (let i = start; i < end; i += step) {
    const power = Math.exp((x[i] ?? 0) - largest)
    y[i] = power
    sum += power
  }
  for (let i = start; i < end; i += step) y[i] = (y[i] ?? 0) / sum
}

export const softmax: Operation<{ readonly axis: number }> = {
  name: 'softmax',
  shapes(inputs, { axis }) {
    const x = item(inputs, 0, 'softmax')
    if (typeof x[axis] !== 'number') {
      throw new ShapeError(`softmax needs a fixed dimension at axis ${axis}, not ${formatShape(x)}`)
    }
    return [x]
  },
  gradient(context) {
    const { emit, attributes } = context
    const [y, dy] = [item(context.outputs, 0, 'softmax'), outputGradient(context)]
    const product = emit.one(multiply, {}, [dy, y])
    const sum = emit.one(sumTo, { shape: y.shape.with(attributes.axis, 1), axes: y.shape.map((_, i) => i) }, [
      product,
    ])
    const common = emit.one(multiply, {}, [y, emit.one(scale, { factor: -1, offset: 0 }, [sum])])
    return [emit.one(add, {}, [product, common])]
  },
  onnx: ({ inputs, attributes: { axis } }) => ({
    type: 'Softmax',
    inputs,
    attributes: { axis: { int: axis } },
  }),
  reference(inputs, { axis }) {
    const x = item(inputs, 0, 'softmax')
    const y = new Float64Array(x.data.length)
    const count = x.shape[axis] ?? 1
    const step = elements(x.shape.slice(axis + 1))
    for (let line = 0; line < y.length / count; line++) {
      const start = Math.floor(line / step) * step * count + (line % step)
      writeSoftmax(y, x.data, { start, step, count })
    }
    return [y]
  },
}
