/**
 * Cross entropy of softmax: loss = Σᵢ weightᵢ · -Σₖ targetᵢₖ · log softmax(logitsᵢ)ₖ. logits, targets: [N, K] (each row of
 * targets sums to 1, so labels, smoothed labels and mixtures are all told alike), weights: [N], loss: [].
 */
import { ShapeError } from '../errors.ts'
import { item, type Operation, outputGradient } from './operation.ts'
import { formatShape, type Shape, sameShape } from './shape.ts'

function checkShapes(inputs: readonly Shape[]): void {
  const [logits, targets, weights] = [0, 1, 2].map((input) => item(inputs, input, 'softmaxCrossEntropy'))
  const fits =
    logits?.length === 2 &&
    sameShape(logits, targets ?? []) &&
    weights?.length === 1 &&
    weights[0] === logits[0]
  if (!fits) {
    throw new ShapeError(
      `softmaxCrossEntropy needs logits and targets [N, K] and weights [N], not ${inputs.map(formatShape).join(', ')}`,
    )
  }
}

/** Logarithms of the softmax of one row. */
function logSoftmax(row: Float64Array): Float64Array {
  const greatest = row.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY)
  const sum = row.reduce((total, value) => total + Math.exp(value - greatest), 0)
  return row.map((value) => value - greatest - Math.log(sum))
}

export const softmaxCrossEntropy: Operation<object> = {
  name: 'softmaxCrossEntropy',
  shapes(inputs) {
    checkShapes(inputs)
    return [[]]
  },
  /** Targets and weights are given, not learned. */
  gradient(context) {
    if (!context.wants(0)) return []
    return [context.emit.one(softmaxCrossEntropyGradient, {}, [...context.inputs, outputGradient(context)])]
  },
  reference(inputs) {
    const [logits, targets, weights] = [0, 1, 2].map((input) => item(inputs, input, 'softmaxCrossEntropy'))
    const classes = logits?.shape[1] ?? 0
    let loss = 0
    weights?.data.forEach((weight, i) => {
      const row = logSoftmax(logits?.data.subarray(i * classes, (i + 1) * classes) ?? new Float64Array())
      row.forEach((logProbability, k) => {
        loss -= weight * (targets?.data[i * classes + k] ?? 0) * logProbability
      })
    })
    return [Float64Array.of(loss)]
  },
}

/** (logits, targets, weights, dloss) -> dlogits = dloss · weight · (softmax · Σ targets - targets) */
export const softmaxCrossEntropyGradient: Operation<object> = {
  name: 'softmaxCrossEntropyGradient',
  shapes(inputs) {
    checkShapes(inputs)
    return [item(inputs, 0, 'softmaxCrossEntropyGradient')]
  },
  reference(inputs) {
    const [logits, targets] = [
      item(inputs, 0, 'softmaxCrossEntropyGradient'),
      item(inputs, 1, 'softmaxCrossEntropyGradient'),
    ]
    const [weights, dloss] = [
      item(inputs, 2, 'softmaxCrossEntropyGradient'),
      item(inputs, 3, 'softmaxCrossEntropyGradient'),
    ]
    const classes = logits.shape[1] ?? 0
    const gradient = new Float64Array(logits.data.length)
    weights.data.forEach((weight, i) => {
      const target = targets.data.subarray(i * classes, (i + 1) * classes)
      const mass = target.reduce((sum, value) => sum + value, 0)
      logSoftmax(logits.data.subarray(i * classes, (i + 1) * classes)).forEach((logProbability, k) => {
        const error = Math.exp(logProbability) * mass - (target[k] ?? 0)
        gradient[i * classes + k] = (dloss.data[0] ?? 0) * weight * error
      })
    })
    return [gradient]
  },
}
