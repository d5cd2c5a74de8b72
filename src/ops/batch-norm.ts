/**
 * Batch normalisation with fixed statistics (arXiv:1502.03167): y = (x - mean) / sqrt(variance + epsilon) · scale +
 * shift, per channel. x, y: [N, C, H, W]; scale, shift, mean, variance: [C]. What inference and frozen stages use.
 */
import { channelCount, channelRuns, checkPerChannel } from './channels.ts'
import { sumOver, writeNormalised } from './moments.ts'
import { item, type Operation, outputGradient } from './operation.ts'
import { elements } from './shape.ts'

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
    const { emit, attributes, inputs } = context
    if (![0, 1, 2].some((input) => context.wants(input))) return []
    const [x, scale, mean, variance] = [0, 1, 3, 4].map((input) => item(inputs, input, 'batchNorm'))
    const values = [x, scale, mean, variance, outputGradient(context)].filter((value) => value !== undefined)
    return emit.all(batchNormGradient, attributes, values)
  },
  reference(inputs, { epsilon }) {
    const [x, scale, shift, mean, variance] = [0, 1, 2, 3, 4].map((input) => item(inputs, input, 'batchNorm'))
    if (x === undefined) return []
    const y = new Float64Array(x.data.length)
    const channels = x.shape[1] ?? 0
    for (let c = 0; c < channels; c++) {
      const inverse = 1 / Math.sqrt((variance?.data[c] ?? 0) + epsilon)
      writeNormalised(y, x.data, channelRuns(x.shape, c), {
        mean: mean?.data[c] ?? 0,
        factor: inverse * (scale?.data[c] ?? 0),
        shift: shift?.data[c] ?? 0,
      })
    }
    return [y]
  },
}

/** (x, scale, mean, variance, dy) -> (dx, dscale, dshift) */
export const batchNormGradient: Operation<BatchNormAttributes> = {
  name: 'batchNormGradient',
  shapes(inputs) {
    const [x, scale] = [item(inputs, 0, 'batchNormGradient'), item(inputs, 1, 'batchNormGradient')]
    checkPerChannel(channelCount(x, 'batchNormGradient'), inputs.slice(1, 4), 'batchNormGradient')
    return [x, scale, scale]
  },
  reference(inputs, { epsilon }) {
    const [x, scale, mean, variance, dy] = [0, 1, 2, 3, 4].map((input) =>
      item(inputs, input, 'batchNormGradient'),
    )
    if (x === undefined || dy === undefined) return []
    const channels = x.shape[1] ?? 0
    const dx = new Float64Array(elements(x.shape))
    const dscale = new Float64Array(channels)
    const dshift = new Float64Array(channels)
    for (let c = 0; c < channels; c++) {
      const runs = channelRuns(x.shape, c)
      const center = mean?.data[c] ?? 0
      const inverse = 1 / Math.sqrt((variance?.data[c] ?? 0) + epsilon)
      writeNormalised(dx, dy.data, runs, { mean: 0, factor: inverse * (scale?.data[c] ?? 0), shift: 0 })
      dscale[c] = sumOver(runs, (i) => (dy.data[i] ?? 0) * ((x.data[i] ?? 0) - center) * inverse)
      dshift[c] = sumOver(runs, (i) => dy.data[i] ?? 0)
    }
    return [dx, dscale, dshift]
  },
}
