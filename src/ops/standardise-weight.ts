/**
 * Weight standardisation (arXiv:1903.10520): each filter has its mean subtracted and is divided by its deviation,
 * sqrt(biased variance + epsilon). weight: [K, ...].
 */
import { moments, type Runs, writeNormalised, writeNormalisedGradient } from './moments.ts'
import { type Array64, item, type Operation, outputGradient } from './operation.ts'
import { elements } from './shape.ts'

interface StandardiseAttributes {
  readonly epsilon: number
}

function forEachFilter(
  weight: Array64,
  epsilon: number,
  visit: (filter: { runs: Runs; mean: number; inverse: number }) => void,
): void {
  const length = elements(weight.shape.slice(1))
  for (let start = 0; start < weight.data.length; start += length) {
    const runs = { starts: [start], length }
    const { mean, variance } = moments(weight.data, runs)
    visit({ runs, mean, inverse: 1 / Math.sqrt(variance + epsilon) })
  }
}

export const standardiseWeight: Operation<StandardiseAttributes> = {
  name: 'standardiseWeight',
  shapes: (inputs) => [item(inputs, 0, 'standardiseWeight')],
  gradient: (context) => [
    context.emit.one(standardiseWeightGradient, context.attributes, [
      item(context.inputs, 0, 'standardiseWeight'),
      outputGradient(context),
    ]),
  ],
  reference(inputs, { epsilon }) {
    const weight = item(inputs, 0, 'standardiseWeight')
    const y = new Float64Array(weight.data.length)
    forEachFilter(weight, epsilon, ({ runs, mean, inverse }) => {
      writeNormalised(y, weight.data, runs, { mean, factor: inverse, shift: 0 })
    })
    return [y]
  },
}

/** (weight, dy) -> dweight */
export const standardiseWeightGradient: Operation<StandardiseAttributes> = {
  name: 'standardiseWeightGradient',
  shapes: (inputs) => [item(inputs, 0, 'standardiseWeightGradient')],
  reference(inputs, { epsilon }) {
    const [weight, dy] = [
      item(inputs, 0, 'standardiseWeightGradient'),
      item(inputs, 1, 'standardiseWeightGradient'),
    ]
    const dweight = new Float64Array(weight.data.length)
    forEachFilter(weight, epsilon, ({ runs, mean, inverse }) => {
      writeNormalisedGradient(dweight, weight.data, runs, { mean, inverse, du: (i) => dy.data[i] ?? 0 })
    })
    return [dweight]
  },
}
