/** How a source lays out a tensor, and the copy into ours: convolutions [out, in / groups, kh, kw], linear [out, in]. */

/**
 * `same`: as ours. `input-first`: Keras' kernels, [kh, kw, in, out] and [in, out]. `depthwise`: Keras' depthwise kernels,
 * [kh, kw, in, multiplier].
 */
export type Layout = 'same' | 'input-first' | 'depthwise'

/** The order of a tensor's axes in our layout, or undefined where it stays as it is. */
function axesOf(layout: Layout, rank: number): readonly number[] | undefined {
  if (layout === 'same') return undefined
  if (rank === 2) return [1, 0]
  if (rank !== 4) return undefined
  return layout === 'input-first' ? [3, 2, 0, 1] : [2, 3, 0, 1]
}

/** The shape that a stored tensor has in our layout. */
export function shapeInOurs(layout: Layout, shape: readonly number[]): readonly number[] {
  const axes = axesOf(layout, shape.length)
  if (axes === undefined) return shape
  const moved = axes.map((axis) => shape[axis] ?? 1)
  if (layout !== 'depthwise') return moved
  const [input = 1, multiplier = 1, ...kernel] = moved
  return [input * multiplier, 1, ...kernel]
}

/** The values of a stored tensor in our layout. */
export function valuesInOurs(layout: Layout, shape: readonly number[], values: Float32Array): Float32Array {
  const axes = axesOf(layout, shape.length)
  return axes === undefined ? values : permute(values, shape, axes)
}

function permute(values: Float32Array, shape: readonly number[], axes: readonly number[]): Float32Array {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1))
  const sizes = axes.map((axis) => shape[axis] ?? 1)
  const steps = axes.map((axis) => strides[axis] ?? 1)
  const result = new Float32Array(values.length)
  const index = sizes.map(() => 0)
  let from = 0
  for (let to = 0; to < result.length; to++) {
    result[to] = values[from] ?? 0
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      const step = steps[axis] ?? 0
      const next = (index[axis] ?? 0) + 1
      if (next < (sizes[axis] ?? 1)) {
        index[axis] = next
        from += step
        break
      }
      index[axis] = 0
      from -= step * (next - 1)
    }
  }
  return result
}
