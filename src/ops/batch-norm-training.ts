/**
 * Batch normalisation over the batch's own statistics (arXiv:1502.03167, algorithm 1), with the running averages that
 * inference will use. As PyTorch: the biased variance normalises, the unbiased one goes into the running average, and
 * next = (1 - momentum) · running + momentum · batch. x, y: [N, C, H, W]; everything else: [C].
 */
import { ShapeError } from '../errors.ts'
import { channelCount, channelRuns, checkPerChannel } from './channels.ts'
import { moments, sumOver, writeNormalised, writeNormalisedGradient } from './moments.ts'
import { item, type Operation, outputGradient } from './operation.ts'
import { elements } from './shape.ts'

interface BatchNormTrainingAttributes {
  readonly epsilon: number
  /** What the batch counts in the running averages. */
  readonly momentum: number
}

/** (x, scale, shift, running mean, running variance) -> (y, mean, inverse deviation, next mean, next variance) */
export const batchNormTraining: Operation<BatchNormTrainingAttributes> = {
  name: 'batchNormTraining',
  shapes(inputs) {
    const [x, scale] = [item(inputs, 0, 'batchNormTraining'), item(inputs, 1, 'batchNormTraining')]
    item(inputs, 4, 'batchNormTraining')
    checkPerChannel(channelCount(x, 'batchNormTraining'), inputs.slice(1), 'batchNormTraining')
    return [x, scale, scale, scale, scale]
  },
  gradient(context) {
    if (![0, 1, 2].some((input) => context.wants(input))) return []
    const { inputs, outputs, outputGradients } = context
    if (outputGradients.slice(1).some((gradient) => gradient !== undefined)) {
      throw new ShapeError('a loss can depend on the output of a batch normalisation, not on its statistics')
    }
    const [x, scale] = [item(inputs, 0, 'batchNormTraining'), item(inputs, 1, 'batchNormTraining')]
    const [mean, inverse] = [item(outputs, 1, 'batchNormTraining'), item(outputs, 2, 'batchNormTraining')]
    return context.emit.all(batchNormTrainingGradient, {}, [x, scale, mean, inverse, outputGradient(context)])
  },
  reference(inputs, { epsilon, momentum }) {
    const [x, scale] = [item(inputs, 0, 'batchNormTraining'), item(inputs, 1, 'batchNormTraining')]
    const [shift, runningMean, runningVariance] = inputs.slice(2)
    const channels = x.shape[1] ?? 0
    const y = new Float64Array(elements(x.shape))
    const [means, inverses, nextMeans, nextVariances] = Array.from(
      { length: 4 },
      () => new Float64Array(channels),
    )
    for (let c = 0; c < channels; c++) {
      const runs = channelRuns(x.shape, c)
      const { count, mean, variance } = moments(x.data, runs)
      const inverse = 1 / Math.sqrt(variance + epsilon)
      const factor = inverse * (scale.data[c] ?? 0)
      writeNormalised(y, x.data, runs, { mean, factor, shift: shift?.data[c] ?? 0 })
      const unbiased = (variance * count) / Math.max(1, count - 1)
      means?.set([mean], c)
      inverses?.set([inverse], c)
      nextMeans?.set([(1 - momentum) * (runningMean?.data[c] ?? 0) + momentum * mean], c)
      nextVariances?.set([(1 - momentum) * (runningVariance?.data[c] ?? 0) + momentum * unbiased], c)
    }
    return [y, means, inverses, nextMeans, nextVariances].filter((values) => values !== undefined)
  },
}

/** (x, scale, mean, inverse deviation, dy) -> (dx, dscale, dshift); the statistics move with x. */
export const batchNormTrainingGradient: Operation<object> = {
  name: 'batchNormTrainingGradient',
  shapes(inputs) {
    const name = 'batchNormTrainingGradient'
    const [x, scale] = [item(inputs, 0, name), item(inputs, 1, name)]
    checkPerChannel(channelCount(x, name), inputs.slice(1, 4), name)
    return [x, scale, scale]
  },
  reference(inputs) {
    const name = 'batchNormTrainingGradient'
    const [x, scale, means] = [item(inputs, 0, name), item(inputs, 1, name), item(inputs, 2, name)]
    const [inverses, dy] = [item(inputs, 3, name), item(inputs, 4, name)]
    const channels = x.shape[1] ?? 0
    const dx = new Float64Array(elements(x.shape))
    const dscale = new Float64Array(channels)
    const dshift = new Float64Array(channels)
    for (let c = 0; c < channels; c++) {
      const runs = channelRuns(x.shape, c)
      const mean = means.data[c] ?? 0
      const inverse = inverses.data[c] ?? 0
      const factor = scale.data[c] ?? 0
      writeNormalisedGradient(dx, x.data, runs, { mean, inverse, du: (i) => (dy.data[i] ?? 0) * factor })
      dscale[c] = sumOver(runs, (i) => (dy.data[i] ?? 0) * ((x.data[i] ?? 0) - mean) * inverse)
      dshift[c] = sumOver(runs, (i) => dy.data[i] ?? 0)
    }
    return [dx, dscale, dshift]
  },
}
