/** Exponential moving averages of many tensors: average' = keep · average + (1 - keep) · value. */
import { ShapeError } from '../errors.ts'
import { item, type Operation } from './operation.ts'
import { formatShape, sameShape } from './shape.ts'

/** (keep [], averages..., values...) -> averages.... */
export const movingAverage: Operation = {
  name: 'movingAverage',
  shapes(inputs) {
    const keep = item(inputs, 0, 'movingAverage')
    if (keep.length !== 0)
      throw new ShapeError(`movingAverage needs a keep of shape [], not ${formatShape(keep)}`)
    const { averages, values } = halves(inputs)
    if (averages.length === 0 || values.length !== averages.length)
      throw new ShapeError(
        `movingAverage needs averages and as many values, not ${inputs.length - 1} tensors`,
      )
    for (const [i, average] of averages.entries()) {
      const value = item(values, i, 'movingAverage')
      if (!sameShape(value, average))
        throw new ShapeError(
          `movingAverage needs a value of shape ${formatShape(average)}, not ${formatShape(value)}`,
        )
    }
    return averages
  },
  reference(inputs) {
    const keep = item(inputs, 0, 'movingAverage').data[0] ?? 0
    const { averages, values } = halves(inputs)
    return averages.map(({ data }, k) => {
      const value = item(values, k, 'movingAverage').data
      return data.map((average, i) => keep * average + (1 - keep) * (value[i] ?? 0))
    })
  },
}

/** What follows the number: averages, and the values that they take in. */
function halves<T>(inputs: readonly T[]) {
  const count = Math.ceil((inputs.length - 1) / 2)
  return { averages: inputs.slice(1, 1 + count), values: inputs.slice(1 + count) }
}
