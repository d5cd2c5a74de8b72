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

/** Runs of axes that stay neighbours move as one, so that the inner loop is long. */
function permute(values: Float32Array, shape: readonly number[], axes: readonly number[]): Float32Array {
  const runs = runsOf(shape, axes)
  const inner = runs.pop() ?? { size: 1, step: 1 }
  const index = runs.map(() => 0)
  const result = new Float32Array(values.length)
  let from = 0
  for (let to = 0; to < result.length; to += inner.size) {
    for (let i = 0; i < inner.size; i++) result[to + i] = values[from + i * inner.step] ?? 0
    for (let axis = runs.length - 1; axis >= 0; axis--) {
      const { size, step } = runs[axis] ?? inner
      const next = (index[axis] ?? 0) + 1
      if (next < size) {
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

interface Run {
  readonly size: number
  /** Items between neighbours in the source. */
  readonly step: number
}

function runsOf(shape: readonly number[], axes: readonly number[]): Run[] {
  const runs: Run[] = []
  let last = -2
  for (const axis of axes) {
    const size = shape[axis] ?? 1
    if (size === 1) continue
    const step = shape.slice(axis + 1).reduce((product, length) => product * length, 1)
    const before = runs.at(-1)
    const joined =
      before !== undefined && shape.slice(last + 1, axis).every((length) => length === 1) && axis > last
    if (joined) runs[runs.length - 1] = { size: before.size * size, step }
    else runs.push({ size, step })
    last = axis
  }
  return runs
}
