/**
 * Group normalisation (arXiv:1803.08494): the channels of each image in groups, each group with its own mean and
 * variance; then a scale and a shift per channel. x, y: [N, C, H, W]; scale, shift: [C].
 */
import { ShapeError } from '../errors.ts'
import { channelCount, channelSize, checkPerChannel } from './channels.ts'
import { forEachIndex, moments, type Runs, writeNormalised, writeNormalisedGradient } from './moments.ts'
import { onnxShape } from './onnx.ts'
import { type Array64, item, type Operation, outputGradient } from './operation.ts'
import { checkGradientShape, elements, type Shape } from './shape.ts'

interface GroupNormAttributes {
  readonly groups: number
  readonly epsilon: number
}

function checkGroups(x: Shape, groups: number, vectors: readonly Shape[], what: string): void {
  const channels = channelCount(x, what)
  if (channels % groups !== 0) {
    throw new ShapeError(`${what}: ${groups} groups do not divide ${channels} channels`)
  }
  checkPerChannel(channels, vectors, what)
}

/** Calls `visit` for each group of each image: its elements as one run, its moments, and the channel of an element. */
function forEachGroup(
  x: Array64,
  { groups, epsilon }: GroupNormAttributes,
  visit: (group: { runs: Runs; mean: number; inverse: number; channelOf: (index: number) => number }) => void,
): void {
  const [batch = 0, channels = 0] = x.shape
  const size = channelSize(x.shape)
  const length = (channels / groups) * size
  const channelOf = (index: number) => Math.floor(index / size) % channels
  for (let start = 0; start < batch * channels * size; start += length) {
    const runs = { starts: [start], length }
    const { mean, variance } = moments(x.data, runs)
    visit({ runs, mean, inverse: 1 / Math.sqrt(variance + epsilon), channelOf })
  }
}

export const groupNorm: Operation<GroupNormAttributes> = {
  name: 'groupNorm',
  shapes(inputs, { groups }) {
    const x = item(inputs, 0, 'groupNorm')
    item(inputs, 2, 'groupNorm')
    checkGroups(x, groups, inputs.slice(1), 'groupNorm')
    return [x]
  },
  gradient(context) {
    const [x, scale] = [item(context.inputs, 0, 'groupNorm'), item(context.inputs, 1, 'groupNorm')]
    if (![0, 1, 2].some((input) => context.wants(input))) return []
    return context.emit.all(groupNormGradient, context.attributes, [x, scale, outputGradient(context)])
  },
  /**
   * Before opset 21 there is instance normalisation only: each group is made one channel, and the scale and shift follow.
   */
  onnx({
    inputs,
    inputShapes,
    outputShape,
    attributes: { groups, epsilon },
    anySize,
    emit,
    floats,
    integers,
  }) {
    const [x, scale, shift] = [
      item(inputs, 0, 'groupNorm'),
      item(inputs, 1, 'groupNorm'),
      item(inputs, 2, 'groupNorm'),
    ]
    const channels = channelCount(item(inputShapes, 0, 'groupNorm'), 'groupNorm')
    const reshaped = (from: string, shape: readonly number[]) =>
      emit({ type: 'Reshape', inputs: [from, integers(shape)] })
    const perChannel = outputShape.map((_, axis) => (axis === 1 ? channels : 1))
    const vector = (value: number) =>
      floats(
        [groups],
        Array.from({ length: groups }, () => value),
      )
    const normalised = emit({
      type: 'InstanceNormalization',
      inputs: [reshaped(x, [0, groups, -1]), vector(1), vector(0)],
      attributes: { epsilon: { float: epsilon } },
    })
    const shape = anySize ? emit({ type: 'Shape', inputs: [x] }) : integers(onnxShape(outputShape))
    const apart = emit({ type: 'Reshape', inputs: [normalised, shape] })
    const scaled = emit({ type: 'Mul', inputs: [apart, reshaped(scale, perChannel)] })
    return { type: 'Add', inputs: [scaled, reshaped(shift, perChannel)] }
  },
  reference(inputs, attributes) {
    const [x, scale, shift] = [
      item(inputs, 0, 'groupNorm'),
      item(inputs, 1, 'groupNorm'),
      item(inputs, 2, 'groupNorm'),
    ]
    const y = new Float64Array(elements(x.shape))
    forEachGroup(x, attributes, ({ runs, mean, inverse, channelOf }) => {
      writeNormalised(y, x.data, runs, { mean, factor: inverse, shift: 0 })
      forEachIndex(runs, (i) => {
        const channel = channelOf(i)
        y[i] = (y[i] ?? 0) * (scale.data[channel] ?? 0) + (shift.data[channel] ?? 0)
      })
    })
    return [y]
  },
}

/** (x, scale, dy) -> (dx, dscale, dshift) */
export const groupNormGradient: Operation<GroupNormAttributes> = {
  name: 'groupNormGradient',
  shapes(inputs, { groups }) {
    const [x, scale] = [item(inputs, 0, 'groupNormGradient'), item(inputs, 1, 'groupNormGradient')]
    checkGroups(x, groups, [scale], 'groupNormGradient')
    checkGradientShape(item(inputs, 2, 'groupNormGradient'), x, 'groupNormGradient')
    return [x, scale, scale]
  },
  reference(inputs, attributes) {
    const at = (input: number) => item(inputs, input, 'groupNormGradient')
    const [x, scale, dy] = [at(0), at(1), at(2)]
    const dx = new Float64Array(elements(x.shape))
    const dscale = new Float64Array(scale.data.length)
    const dshift = new Float64Array(scale.data.length)
    forEachGroup(x, attributes, ({ runs, mean, inverse, channelOf }) => {
      const du = (i: number) => (dy.data[i] ?? 0) * (scale.data[channelOf(i)] ?? 0)
      writeNormalisedGradient(dx, x.data, runs, { mean, inverse, du })
      forEachIndex(runs, (i) => {
        const channel = channelOf(i)
        dscale[channel] = (dscale[channel] ?? 0) + (dy.data[i] ?? 0) * ((x.data[i] ?? 0) - mean) * inverse
        dshift[channel] = (dshift[channel] ?? 0) + (dy.data[i] ?? 0)
      })
    })
    return [dx, dscale, dshift]
  },
}
