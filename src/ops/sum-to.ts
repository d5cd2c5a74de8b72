/**
 * Sum over axes, and its adjoint, the repetition along axes. Broadcasting gradients, biases and global pooling rest on
 * this pair. `axes` says where the kept (or given) dimensions stand in the larger shape; dimensions of 1 may be kept.
 */
import { ShapeError } from '../errors.ts'
import { type Array64, item, type Operation, outputGradient } from './operation.ts'
import { type BoundShape, elements, formatShape, type Shape } from './shape.ts'

interface AxesAttributes {
  /** The shape of the result. */
  readonly shape: Shape
  /** For each dimension of the smaller shape, its axis in the larger one. */
  readonly axes: readonly number[]
}

function checkAxes(large: Shape, small: Shape, axes: readonly number[], what: string): void {
  const fits =
    small.length === axes.length && small.every((dim, i) => dim === 1 || dim === large[axes[i] ?? -1])
  if (!fits) {
    throw new ShapeError(
      `${what}: ${formatShape(small)} at axes ${formatShape(axes)} does not fit ${formatShape(large)}`,
    )
  }
}

/** Calls `visit` with the flat index of each element of `large` and of the element of `small` that it falls on. */
export function forEachPair(
  large: BoundShape,
  small: BoundShape,
  axes: readonly number[],
  visit: (large: number, small: number) => void,
): void {
  const steps = large.map(() => 0)
  let step = 1
  for (let i = small.length - 1; i >= 0; i--) {
    const axis = axes[i] ?? 0
    if (small[i] !== 1) steps[axis] = step
    step *= small[i] ?? 1
  }
  const rowLength = large.at(-1) ?? 1
  const rowStep = steps.at(-1) ?? 0
  const rows = elements(large) / Math.max(1, rowLength)
  for (let row = 0; row < rows; row++) {
    const start = row * rowLength
    let target = 0
    let rest = row
    for (let axis = large.length - 2; axis >= 0; axis--) {
      const dim = large[axis] ?? 1
      target += (rest % dim) * (steps[axis] ?? 0)
      rest = Math.floor(rest / dim)
    }
    for (let i = 0; i < rowLength; i++) visit(start + i, target + i * rowStep)
  }
}

/** Sums x down to `shape`. */
export const sumTo: Operation<AxesAttributes> = {
  name: 'sumTo',
  shapes(inputs, { shape, axes }) {
    checkAxes(item(inputs, 0, 'sumTo'), shape, axes, 'sumTo')
    return [shape]
  },
  gradient(context) {
    const x = item(context.inputs, 0, 'sumTo')
    return [
      context.emit.one(broadcastTo, { shape: x.shape, axes: context.attributes.axes }, [
        outputGradient(context),
      ]),
    ]
  },
  reference(inputs, { axes }, outputs) {
    const x: Array64 = item(inputs, 0, 'sumTo')
    const shape = item(outputs, 0, 'sumTo')
    const sum = new Float64Array(elements(shape))
    forEachPair(x.shape, shape, axes, (from, to) => {
      sum[to] = (sum[to] ?? 0) + (x.data[from] ?? 0)
    })
    return [sum]
  },
}

/** Repeats x along the axes that it lacks (or has as 1) up to `shape`. */
export const broadcastTo: Operation<AxesAttributes> = {
  name: 'broadcastTo',
  shapes(inputs, { shape, axes }) {
    checkAxes(shape, item(inputs, 0, 'broadcastTo'), axes, 'broadcastTo')
    return [shape]
  },
  gradient(context) {
    const x = item(context.inputs, 0, 'broadcastTo')
    return [
      context.emit.one(sumTo, { shape: x.shape, axes: context.attributes.axes }, [outputGradient(context)]),
    ]
  },
  reference(inputs, { axes }, outputs) {
    const x: Array64 = item(inputs, 0, 'broadcastTo')
    const shape = item(outputs, 0, 'broadcastTo')
    const y = new Float64Array(elements(shape))
    forEachPair(shape, x.shape, axes, (to, from) => {
      y[to] = x.data[from] ?? 0
    })
    return [y]
  },
}
