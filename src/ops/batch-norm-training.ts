/**
 * Batch normalisation with the statistics of the batch (arXiv:1502.03167, algorithm 1) and the next running ones, by
 * PyTorch's rules: the biased variance normalises, the unbiased one goes into the running average, and
 * next = (1 - momentum) · old + momentum · batch. x, y: [N, C, H, W]; everything else: [C].
 */
import { GraphError, ShapeError } from '../errors.ts'
import { channelCount, channelRuns, checkPerChannel } from './channels.ts'
import { moments, sumOver, writeNormalised, writeNormalisedGradient } from './moments.ts'
import { item, type Operation, outputGradient } from './operation.ts'
import { checkGradientShape } from './shape.ts'

/** (x, scale, shift, running mean, running variance) -> (y, mean, inverse deviation, next mean, next variance). */
export const batchNormTraining: Operation<{ readonly epsilon: number; readonly momentum: number }> = {
  name: 'batchNormTraining',
  shapes(inputs) {
    const x = item(inputs, 0, 'batchNormTraining')
    item(inputs, 4, 'batchNormTraining')
    const channels = channelCount(x, 'batchNormTraining')
    checkPerChannel(channels, inputs.slice(1), 'batchNormTraining')
    return [x, [channels], [channels], [channels], [channels]]
  },
  gradient(context) {
    if (context.outputGradients.slice(1).some((gradient) => gradient !== undefined)) {
      throw new GraphError(
        'batchNormTraining has gradients through its first output alone, not its statistics',
      )
    }
    if (![0, 1, 2].some((input) => context.wants(input))) return []
    const { emit, inputs, outputs } = context
    const [x, scale] = [item(inputs, 0, 'batchNormTraining'), item(inputs, 1, 'batchNormTraining')]
    const [mean, inverse] = [item(outputs, 1, 'batchNormTraining'), item(outputs, 2, 'batchNormTraining')]
    return emit.all(batchNormTrainingGradient, {}, [x, scale, mean, inverse, outputGradient(context)])
  },
  reference(inputs, { epsilon, momentum }) {
    const at = (input: number) => item(inputs, input, 'batchNormTraining')
    const [x, scale, shift, runningMean, runningVariance] = [at(0), at(1), at(2), at(3), at(4)]
    const y = new Float64Array(x.data.length)
    const perChannel = () => new Float64Array(scale.data.length)
    const [means, inverses, nextMeans, nextVariances] = [
      perChannel(),
      perChannel(),
      perChannel(),
      perChannel(),
    ]
    for (let c = 0; c < scale.data.length; c++) {
      const runs = channelRuns(x.shape, c)
      const { count, mean, variance } = moments(x.data, runs)
      if (count < 2) {
        throw new ShapeError(
          'batchNormTraining needs more than one value in each channel; give a larger batch or larger images',
        )
      }
      const inverse = 1 / Math.sqrt(variance + epsilon)
      const factor = inverse * (scale.data[c] ?? 0)
      writeNormalised(y, x.data, runs, { mean, factor, shift: shift.data[c] ?? 0 })
      const unbiased = (variance * count) / (count - 1)
      means[c] = mean
      inverses[c] = inverse
      nextMeans[c] = (1 - momentum) * (runningMean.data[c] ?? 0) + momentum * mean
      nextVariances[c] = (1 - momentum) * (runningVariance.data[c] ?? 0) + momentum * unbiased
    }
    return [y, means, inverses, nextMeans, nextVariances]
  },
}

/** (x, scale, mean, inverse deviation, dy) -> (dx, dscale, dshift); mean and deviation move with x. */
export const batchNormTrainingGradient: Operation<object> = {
  name: 'batchNormTrainingGradient',
  shapes(inputs) {
    const [x, dy] = [
      item(inputs, 0, 'batchNormTrainingGradient'),
      item(inputs, 4, 'batchNormTrainingGradient'),
    ]
    const channels = channelCount(x, 'batchNormTrainingGradient')
    checkPerChannel(channels, inputs.slice(1, 4), 'batchNormTrainingGradient')
    checkGradientShape(dy, x, 'batchNormTrainingGradient')
    return [x, [channels], [channels]]
  },
  reference(inputs) {
    const at = (input: number) => item(inputs, input, 'batchNormTrainingGradient')
    const [x, scale, means, inverses, dy] = [at(0), at(1), at(2), at(3), at(4)]
    const dx = new Float64Array(x.data.length)
    const dscale = new Float64Array(scale.data.length)
    const dshift = new Float64Array(scale.data.length)
    for (let c = 0; c < scale.data.length; c++) {
      const runs = channelRuns(x.shape, c)
      const [mean, inverse, factor] = [means.data[c] ?? 0, inverses.data[c] ?? 0, scale.data[c] ?? 0]
      writeNormalisedGradient(dx, x.data, runs, { mean, inverse, du: (i) => factor * (dy.data[i] ?? 0) })
      dscale[c] = inverse * sumOver(runs, (i) => (dy.data[i] ?? 0) * ((x.data[i] ?? 0) - mean))
      dshift[c] = sumOver(runs, (i) => dy.data[i] ?? 0)
    }
    return [dx, dscale, dshift]
  },
}
