/** Softmax along one axis: exponentials that sum to 1. Selective kernels weigh their paths so. */

import { add } from './add.ts'
import { multiply } from './multiply.ts'
import { item, type Operation, outputGradient } from './operation.ts'
import { scale } from './scale.ts'
import { elements } from './shape.ts'
import { broadcastTo, sumTo } from './sum-to.ts'

export const softmax: Operation<{ readonly axis: number }> = {
  name: 'softmax',
  shapes: (inputs) => [item(inputs, 0, 'softmax')],
  /** dx = y · (dy - Σ dy · y) */
  gradient(context) {
    const { emit } = context
    const y = item(context.outputs, 0, 'softmax')
    const dy = outputGradient(context)
    const axes = y.shape.map((_, axis) => axis)
    const total = emit.one(sumTo, { shape: y.shape.with(context.attributes.axis, 1), axes }, [
      emit.one(multiply, {}, [dy, y]),
    ])
    const spread = emit.one(broadcastTo, { shape: y.shape, axes }, [
      emit.one(scale, { factor: -1, offset: 0 }, [total]),
    ])
    return [emit.one(multiply, {}, [y, emit.one(add, {}, [dy, spread])])]
  },
  reference(inputs, { axis }) {
    const x = item(inputs, 0, 'softmax')
    const count = x.shape[axis] ?? 1
    const step = elements(x.shape.slice(axis + 1))
    const y = new Float64Array(x.data.length)
    for (let start = 0; start < x.data.length; start++) {
      if (Math.floor(start / step) % count !== 0) continue
      const indices = Array.from({ length: count }, (_, i) => start + i * step)
      const greatest = Math.max(...indices.map((i) => x.data[i] ?? 0))
      let sum = 0
      for (const i of indices) sum += Math.exp((x.data[i] ?? 0) - greatest)
      for (const i of indices) y[i] = Math.exp((x.data[i] ?? 0) - greatest) / sum
    }
    return [y]
  },
}
