/**
 * Batch normalisation with fixed statistics (arXiv:1502.03167): y = (x - mean) / sqrt(variance + epsilon) · scale +
 * shift, per channel. x, y: [N, C, H, W]; scale, shift, mean, variance: [C]. What inference and frozen stages use.
 */
import { channelCount, channelRuns, checkPerChannel } from './channels.ts'
import { sumOver, writeNormalised } from './moments.ts'
import { item, type Operation, outputGradient } from './operation.ts'
import { checkGradientShape } from './shape.ts'

interface BatchNormAttributes {
  readonly epsilon: number
}

export const batchNorm: Operation<BatchNormAttributes> = {
  name: 'batchNorm',
  shapes(inputs) {
    const x = item(inputs, 0, 'batchNorm')
    item(inputs, 4, 'batchNorm')
    checkPerChannel(channelCount(x, 'batchNorm'), inputs.slice(1), 'batchNorm')
    return [x]
  },
  /** Running statistics are constants: they have no gradient. */
  gradient(context) {
    if (![0, 1, 2].some((input) => context.wants(input))) return []
    const at = (input: number) => item(context.inputs, input, 'batchNorm')
    const inputs = [at(0), at(1), at(3), at(4), outputGradient(context)]
    return context.emit.all(batchNormGradient, context.attributes, inputs)
  },
  onnx: ({ inputs, attributes }) => ({
    type: 'BatchNormalization',
    inputs,
    attributes: { epsilon: { float: attributes.epsilon } },
  }),
  reference(inputs, { epsilon }) {
    const at = (input: number) => item(inputs, input, 'batchNorm')
    const [x, scale, shift, mean, variance] = [at(0), at(1), at(2), at(3), at(4)]
    const y = new Float64Array(x.data.length)
    for (let c = 0; c < scale.data.length; c++) {
      writeNormalised(y, x.data, channelRuns(x.shape, c), {
        mean: mean.data[c] ?? 0,
        factor: (scale.data[c] ?? 0) / Math.sqrt((variance.data[c] ?? 0) + epsilon),
        shift: shift.data[c] ?? 0,
      })
    }
    return [y]
  },
}

/** (x, scale, mean, variance, dy) -> (dx, dscale, dshift). */
export const batchNormGradient: Operation<BatchNormAttributes> = {
  name: 'batchNormGradient',
  shapes(inputs) {
    const [x, dy] = [item(inputs, 0, 'batchNormGradient'), item(inputs, 4, 'batchNormGradient')]
    const channels = channelCount(x, 'batchNormGradient')
    checkPerChannel(channels, inputs.slice(1, 4), 'batchNormGradient')
    checkGradientShape(dy, x, 'batchNormGradient')
    return [x, [channels], [channels]]
  },
  reference(inputs, { epsilon }) {
    const at = (input: number) => item(inputs, input, 'batchNormGradient')
    const [x, scale, mean, variance, dy] = [at(0), at(1), at(2), at(3), at(4)]
    const dx = new Float64Array(x.data.length)
    const dscale = new Float64Array(scale.data.length)
    const dshift = new Float64Array(scale.data.length)
    for (let c = 0; c < scale.data.length; c++) {
      const runs = channelRuns(x.shape, c)
      const centre = mean.data[c] ?? 0
      const inverse = 1 / Math.sqrt((variance.data[c] ?? 0) + epsilon)
      writeNormalised(dx, dy.data, runs, { mean: 0, factor: inverse * (scale.data[c] ?? 0), shift: 0 })
      dscale[c] = inverse * sumOver(runs, (i) => (dy.data[i] ?? 0) * ((x.data[i] ?? 0) - centre))
      dshift[c] = sumOver(runs, (i) => dy.data[i] ?? 0)
    }
    return [dx, dscale, dshift]
  },
}
