/**
 * Group normalisation (arXiv:1803.08494): each image's channels are split into groups of neighbours, and each group is
 * normalised by its own mean and biased variance. x, y: [N, C, H, W]; scale, shift: [C].
 */
import { ShapeError } from '../errors.ts'
import { channelCount, channelRuns, channelSize, checkPerChannel } from './channels.ts'
import { moments, type Runs, sumOver, writeNormalisedGradient } from './moments.ts'
import { type Array64, item, type Operation, outputGradient } from './operation.ts'
import { checkGradientShape, type Shape } from './shape.ts'

interface GroupNormAttributes {
  readonly groups: number
  readonly epsilon: number
}

function checkedChannels(x: Shape, vectors: readonly Shape[], { groups }: GroupNormAttributes): number {
  const channels = channelCount(x, 'groupNorm')
  checkPerChannel(channels, vectors, 'groupNorm')
  if (!Number.isInteger(channels / groups)) {
    throw new ShapeError(`groupNorm cannot split ${channels} channels into ${groups} equal groups`)
  }
  return channels
}

/** Calls `visit` for each group of each image with its elements and statistics. */
function forEachGroup(
  x: Array64,
  { groups, epsilon }: GroupNormAttributes,
  visit: (runs: Runs, mean: number, inverse: number) => void,
): void {
  const [batch = 0, channels = 0] = x.shape
  const length = (channels / groups) * channelSize(x.shape)
  for (let group = 0; group < batch * groups; group++) {
    const runs = { starts: [group * length], length }
    const { mean, variance } = moments(x.data, runs)
    visit(runs, mean, 1 / Math.sqrt(variance + epsilon))
  }
}

/** (x - mean) · inverse with each group's statistics. */
function normalised(x: Array64, attributes: GroupNormAttributes): Float64Array {
  const u = new Float64Array(x.data.length)
  forEachGroup(x, attributes, ({ starts: [start = 0], length }, mean, inverse) => {
    for (let i = start; i < start + length; i++) u[i] = ((x.data[i] ?? 0) - mean) * inverse
  })
  return u
}

export const groupNorm: Operation<GroupNormAttributes> = {
  name: 'groupNorm',
  shapes(inputs, attributes) {
    const x = item(inputs, 0, 'groupNorm')
    item(inputs, 2, 'groupNorm')
    checkedChannels(x, inputs.slice(1), attributes)
    return [x]
  },
  gradient(context) {
    const { emit, attributes, inputs } = context
    const [x, scale] = [item(inputs, 0, 'groupNorm'), item(inputs, 1, 'groupNorm')]
    return emit.all(groupNormGradient, attributes, [x, scale, outputGradient(context)])
  },
  reference(inputs, attributes) {
    const at = (input: number) => item(inputs, input, 'groupNorm')
    const [x, scale, shift] = [at(0), at(1), at(2)]
    const size = channelSize(x.shape)
    return [
      normalised(x, attributes).map((u, i) => {
        const channel = Math.floor(i / size) % scale.data.length
        return u * (scale.data[channel] ?? 0) + (shift.data[channel] ?? 0)
      }),
    ]
  },
}

/** (x, scale, dy) -> (dx, dscale, dshift). */
export const groupNormGradient: Operation<GroupNormAttributes> = {
  name: 'groupNormGradient',
  shapes(inputs, attributes) {
    const [x, scale] = [item(inputs, 0, 'groupNormGradient'), item(inputs, 1, 'groupNormGradient')]
    checkGradientShape(item(inputs, 2, 'groupNormGradient'), x, 'groupNormGradient')
    const channels = checkedChannels(x, [scale], attributes)
    return [x, [channels], [channels]]
  },
  reference(inputs, attributes) {
    const at = (input: number) => item(inputs, input, 'groupNormGradient')
    const [x, scale, dy] = [at(0), at(1), at(2)]
    const size = channelSize(x.shape)
    const channels = scale.data.length
    const du = dy.data.map((value, i) => value * (scale.data[Math.floor(i / size) % channels] ?? 0))
    const dx = new Float64Array(x.data.length)
    forEachGroup(x, attributes, (runs, mean, inverse) => {
      writeNormalisedGradient(dx, x.data, runs, { mean, inverse, du: (i) => du[i] ?? 0 })
    })
    const u = normalised(x, attributes)
    const dscale = new Float64Array(channels)
    const dshift = new Float64Array(channels)
    for (let c = 0; c < channels; c++) {
      const runs = channelRuns(x.shape, c)
      dscale[c] = sumOver(runs, (i) => (dy.data[i] ?? 0) * (u[i] ?? 0))
      dshift[c] = sumOver(runs, (i) => dy.data[i] ?? 0)
    }
    return [dx, dscale, dshift]
  },
}
