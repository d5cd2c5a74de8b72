/**
 * The loss of a classifier: cross-entropy of softmax(logits) against target distributions, weighted per image.
 * logits: [N, K]; targets: [N, K], rows that sum to 1 (one-hot, smoothed or mixed); weights: [N] (1 / batch for a mean,
 * 0 for the empty places of a short last batch); loss: [] = sum of weights[i] · (log(sum(exp(z))) - sum(targets · z)).
 */
import { ShapeError } from '../errors.ts'
import { item, type Operation, outputGradient } from './operation.ts'
import { formatShape, type Shape, sameShape } from './shape.ts'
import { writeSoftmax } from './softmax.ts'

/** The shape of the logits, checked against targets and weights. */
function checkedLogits(inputs: readonly Shape[], what: string): Shape {
  const [logits, targets, weights] = [item(inputs, 0, what), item(inputs, 1, what), item(inputs, 2, what)]
  if (logits.length !== 2 || typeof logits[1] !== 'number') {
    throw new ShapeError(`${what} needs logits [N, K], not ${formatShape(logits)}`)
  }
  if (!sameShape(targets, logits) || !sameShape(weights, logits.slice(0, 1))) {
    throw new ShapeError(
      `${what} needs logits and targets [N, K] and weights [N], not ${[logits, targets, weights].map(formatShape).join(', ')}`,
    )
  }
  return logits
}

export const softmaxCrossEntropy: Operation<object> = {
  name: 'softmaxCrossEntropy',
  shapes(inputs) {
    checkedLogits(inputs, 'softmaxCrossEntropy')
    return [[]]
  },
  /** Targets and weights are given, not learnt: they have no gradient. */
  gradient(context) {
    if (!context.wants(0)) return []
    return [context.emit.one(softmaxCrossEntropyGradient, {}, [...context.inputs, outputGradient(context)])]
  },
  reference(inputs) {
    const at = (input: number) => item(inputs, input, 'softmaxCrossEntropy')
    const [logits, targets, weights] = [at(0), at(1), at(2)]
    const classes = logits.shape[1] ?? 0
    let loss = 0
    for (let n = 0; n < weights.data.length; n++) {
      const row = logits.data.subarray(n * classes, (n + 1) * classes)
      const largest = row.reduce((most, z) => Math.max(most, z), Number.NEGATIVE_INFINITY)
      const powers = row.reduce((sum, z) => sum + Math.exp(z - largest), 0)
      const aimed = row.reduce((sum, z, k) => sum + z * (targets.data[n * classes + k] ?? 0), 0)
      loss += (weights.data[n] ?? 0) * (largest + Math.log(powers) - aimed)
    }
    return [Float64Array.of(loss)]
  },
}

/** (logits, targets, weights, dloss []) -> dlogits = dloss · weights · (softmax(logits) - targets). */
export const softmaxCrossEntropyGradient: Operation<object> = {
  name: 'softmaxCrossEntropyGradient',
  shapes(inputs) {
    const logits = checkedLogits(inputs, 'softmaxCrossEntropyGradient')
    const dloss = item(inputs, 3, 'softmaxCrossEntropyGradient')
    if (dloss.length !== 0) {
      throw new ShapeError(`softmaxCrossEntropyGradient needs a gradient [], not ${formatShape(dloss)}`)
    }
    return [logits]
  },
  reference(inputs) {
    const at = (input: number) => item(inputs, input, 'softmaxCrossEntropyGradient')
    const [logits, targets, weights, dloss] = [at(0), at(1), at(2), at(3)]
    const classes = logits.shape[1] ?? 0
    const shares = new Float64Array(logits.data.length)
    for (let n = 0; n < weights.data.length; n++) {
      writeSoftmax(shares, logits.data, { start: n * classes, step: 1, count: classes })
    }
    const factor = dloss.data[0] ?? 0
    return [
      shares.map(
        (share, i) =>
          factor * (weights.data[Math.floor(i / classes)] ?? 0) * (share - (targets.data[i] ?? 0)),
      ),
    ]
  },
}
