/**
 * Weight standardisation (arXiv:1903.10520): each filter less its mean, divided by sqrt(biased variance + epsilon).
 * weight, y: [K, ...].
 */
import { ShapeError } from '../errors.ts'
import { moments, type Runs, writeNormalised, writeNormalisedGradient } from './moments.ts'
import { type Array64, item, type Operation, outputGradient } from './operation.ts'
import { checkGradientShape, formatShape } from './shape.ts'

interface StandardiseAttributes {
  readonly epsilon: number
}

/** Calls `visit` for each filter with its elements and statistics. */
function forEachFilter(
  weight: Array64,
  { epsilon }: StandardiseAttributes,
  visit: (runs: Runs, mean: number, inverse: number) => void,
): void {
  const [filters = 0] = weight.shape
  const length = weight.data.length / filters
  for (let filter = 0; filter < filters; filter++) {
    const runs = { starts: [filter * length], length }
    const { mean, variance } = moments(weight.data, runs)
    visit(runs, mean, 1 / Math.sqrt(variance + epsilon))
  }
}

export const standardiseWeight: Operation<StandardiseAttributes> = {
  name: 'standardiseWeight',
  shapes(inputs) {
    const weight = item(inputs, 0, 'standardiseWeight')
    if (weight.length < 2 || weight.includes('N')) {
      throw new ShapeError(`standardiseWeight needs a weight [K, ...], not ${formatShape(weight)}`)
    }
    return [weight]
  },
  gradient: (context) => [
    context.emit.one(standardiseWeightGradient, context.attributes, [
      item(context.inputs, 0, 'standardiseWeight'),
      outputGradient(context),
    ]),
  ],
  reference(inputs, attributes) {
    const weight = item(inputs, 0, 'standardiseWeight')
    const y = new Float64Array(weight.data.length)
    forEachFilter(weight, attributes, (runs, mean, inverse) => {
      writeNormalised(y, weight.data, runs, { mean, factor: inverse, shift: 0 })
    })
    return [y]
  },
}

/** (weight, dy) -> dweight. */
export const standardiseWeightGradient: Operation<StandardiseAttributes> = {
  name: 'standardiseWeightGradient',
  shapes(inputs) {
    const weight = item(inputs, 0, 'standardiseWeightGradient')
    const dy = item(inputs, 1, 'standardiseWeightGradient')
    checkGradientShape(dy, weight, 'standardiseWeightGradient')
    return [weight]
  },
  reference(inputs, attributes) {
    const weight = item(inputs, 0, 'standardiseWeightGradient')
    const dy = item(inputs, 1, 'standardiseWeightGradient')
    const dweight = new Float64Array(weight.data.length)
    forEachFilter(weight, attributes, (runs, mean, inverse) => {
      writeNormalisedGradient(dweight, weight.data, runs, { mean, inverse, du: (i) => dy.data[i] ?? 0 })
    })
    return [dweight]
  },
}
