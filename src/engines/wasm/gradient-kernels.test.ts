/**
 * The kernels of gradient rules against the reference arithmetic, on fresh random inputs: each operation's rule is applied to
 * a random gradient of its output, and what comes out for every input is compared. The seed is printed when a case fails.
 */
import { describe, it } from 'vitest'
import { type Case, checkGradients, type Named } from '../../../test/gradient-rules.ts'
import { averagePool } from '../../ops/average-pool.ts'
import { batchNorm } from '../../ops/batch-norm.ts'
import { batchNormTraining } from '../../ops/batch-norm-training.ts'
import { blurPool } from '../../ops/blur-pool.ts'
import { type ConvolutionAttributes, conv2d } from '../../ops/conv2d.ts'
import { globalAveragePool } from '../../ops/global-average-pool.ts'
import { groupNorm } from '../../ops/group-norm.ts'
import { linear } from '../../ops/linear.ts'
import { maxPool } from '../../ops/max-pool.ts'
import type { Operation } from '../../ops/operation.ts'
import { relu } from '../../ops/relu.ts'
import { relu6 } from '../../ops/relu6.ts'
import type { Shape } from '../../ops/shape.ts'
import { sigmoid } from '../../ops/sigmoid.ts'
import { silu } from '../../ops/silu.ts'
import { pad } from '../../ops/window.ts'

const plain: ConvolutionAttributes = { stride: [1, 1], dilation: [1, 1], padding: pad(0), groups: 1 }

interface Convolution {
  readonly x: readonly [number, number, number]
  readonly weight: readonly [number, number, number, number]
  readonly batch?: number
  readonly attributes?: Partial<ConvolutionAttributes>
  readonly bias?: boolean
}

function convolution({ x, weight, batch = 2, attributes = {}, bias = false }: Convolution) {
  return {
    shape: ['N', ...x],
    batch,
    operation: conv2d,
    attributes: { ...plain, ...attributes },
    // Inputs, as weights that a run may change are: packed by phases of the run.
    inputs: [['weight', weight], ...(bias ? [['bias', [weight[0]]] as const] : [])],
  } satisfies Case<ConvolutionAttributes>
}

const strided = { stride: [2, 2], padding: pad(1) } as const
const convolutions: readonly Convolution[] = [
  // 1×1 around tiles of 6 rows and groups of 48, panels of 8 columns, lines of 4 pixels.
  ...[5, 6, 7, 11, 12, 13, 47, 48, 49, 97].map(
    (channels, i): Convolution => ({
      x: [channels, 3, i + 1],
      weight: [9, channels, 1, 1],
      bias: i % 2 === 0,
    }),
  ),
  { x: [40, 30, 31], weight: [33, 40, 1, 1] },
  { x: [16, 9, 9], weight: [24, 16, 1, 1], attributes: { stride: [2, 2] } },
  { x: [16, 8, 10], weight: [24, 16, 1, 1], attributes: { stride: [2, 3] } },
  // 3×3, 7×7, strides, dilation, uneven padding, windows larger than the map.
  { x: [8, 13, 11], weight: [16, 8, 3, 3], attributes: strided, bias: true },
  { x: [7, 12, 12], weight: [10, 7, 3, 3], attributes: strided, batch: 3 },
  { x: [24, 9, 8], weight: [12, 24, 3, 3], attributes: { padding: pad(1) } },
  { x: [3, 33, 35], weight: [16, 3, 7, 7], attributes: { stride: [2, 2], padding: pad(3) } },
  { x: [8, 15, 15], weight: [8, 8, 3, 3], attributes: { dilation: [2, 2], padding: pad(2) } },
  { x: [8, 3, 2], weight: [16, 8, 7, 7], attributes: { padding: pad(3) } },
  { x: [16, 2, 2], weight: [16, 16, 3, 3], attributes: { stride: [3, 3], padding: pad(1) } },
  {
    x: [9, 16, 14],
    weight: [4, 9, 3, 2],
    attributes: { dilation: [3, 1], stride: [1, 2], padding: { top: 0, left: 2, bottom: 4, right: 1 } },
  },
  // Groups: of 4 and 8 channels, of sizes that no panel divides, depthwise with and without multiplier.
  { x: [32, 9, 9], weight: [32, 4, 3, 3], attributes: { groups: 8, padding: pad(1) } },
  { x: [64, 8, 7], weight: [64, 8, 3, 3], attributes: { groups: 8, ...strided }, bias: true },
  { x: [15, 6, 6], weight: [10, 3, 3, 3], attributes: { groups: 5, padding: pad(1) } },
  { x: [24, 11, 9], weight: [24, 1, 3, 3], attributes: { groups: 24, ...strided }, bias: true },
  { x: [5, 8, 8], weight: [5, 1, 3, 3], attributes: { groups: 5, padding: pad(1) } },
  { x: [6, 7, 7], weight: [12, 1, 3, 3], attributes: { groups: 6, padding: pad(1) } },
  { x: [20, 9, 33], weight: [20, 1, 3, 3], attributes: { groups: 20, padding: pad(1) }, batch: 5 },
  {
    x: [12, 10, 9],
    weight: [12, 1, 5, 2],
    attributes: { groups: 12, dilation: [2, 1], stride: [3, 2], padding: pad(1) },
  },
  { x: [16, 2, 2], weight: [16, 1, 3, 3], attributes: { groups: 16, stride: [3, 3], padding: pad(1) } },
  // ECA's, over vectors of channels.
  ...[5, 40].map(
    (channels): Convolution => ({
      x: [1, channels, 1],
      weight: [1, 1, 5, 1],
      attributes: { padding: { top: 2, left: 0, bottom: 2, right: 0 } },
      batch: 3,
    }),
  ),
]

describe('convolutions by their definition', () => {
  it.each(convolutions.map((entry) => [JSON.stringify(entry), entry] as const))('%s', (_title, entry) =>
    checkGradients(convolution(entry)))
})

describe('convolutions by Winograd', () => {
  const sizes = [
    [4, 4],
    [5, 8],
    [7, 7],
    [8, 9],
    [14, 14],
    [16, 17],
    [23, 31],
  ]
  const cases = sizes.flatMap(([height = 0, width = 0]) =>
    [
      [16, 16],
      [24, 40],
      [64, 20],
      [56, 64],
    ].map(([channels = 0, filters = 0]) => ({ height, width, channels, filters })),
  )
  const winograd = { precise: false, tolerance: 1e-4 }
  it.each(cases)('$channels to $filters channels on $height×$width', ({ height, width, channels, filters }) =>
    checkGradients(
      convolution({
        x: [channels, height, width],
        weight: [filters, channels, 3, 3],
        attributes: { padding: pad(1) },
        batch: 3,
      }),
      winograd,
    ))

  it.each([0, 2])('a padding of %i', (padding) =>
    checkGradients(
      convolution({ x: [16, 9, 10], weight: [16, 16, 3, 3], attributes: { padding: pad(padding) } }),
      winograd,
    ))

  it('images that are transformed in several parts', () =>
    checkGradients(
      convolution({ x: [64, 40, 40], weight: [64, 64, 3, 3], attributes: { padding: pad(1) }, batch: 4 }),
      winograd,
    ))
})

const vectors = (channels: number, names: readonly string[]) =>
  names.map((name) => [name, [channels]] as const)
const odd: Shape = ['N', 11, 7, 9]
const even: Shape = ['N', 40, 8, 6]
const window = { kernel: [3, 2], stride: [2, 1], padding: { top: 1, left: 0, bottom: 2, right: 1 } } as const
const square = { kernel: [3, 3], stride: [2, 2], padding: pad(1) } as const

describe.each([odd, even])('maps of %s %i %i %i', (...shape) => {
  const channels = shape[1] === 11 ? 11 : 40
  const batch = 3
  const on = <A extends object>(operation: Operation<A>, attributes: A, states: Named = []): Case<A> => ({
    shape,
    batch,
    operation,
    attributes,
    states,
  })
  const statistics = vectors(channels, ['scale', 'shift', 'mean', 'variance'])

  it('batch normalisation', () => checkGradients(on(batchNorm, { epsilon: 1e-3 }, statistics)))
  it('batch normalisation in training', () =>
    checkGradients(on(batchNormTraining, { epsilon: 1e-3, momentum: 0.1 }, statistics)))
  it('maximum pool', () => checkGradients(on(maxPool, { ...square, paddingValue: 'negative-infinity' })))
  it('maximum pool over zeros', () => checkGradients(on(maxPool, { ...window, paddingValue: 'zero' })))
  it('average pool', () => checkGradients(on(averagePool, { ...square, countPadding: false })))
  it('average pool counting padding', () =>
    checkGradients(on(averagePool, { ...window, countPadding: true })))
  it('global average pool', () => checkGradients(on(globalAveragePool, {})))
  it('relu', () => checkGradients(on(relu, {})))
  it('relu6', () => checkGradients(on(relu6, {})))
  it('sigmoid', () => checkGradients(on(sigmoid, {})))
  it('silu', () => checkGradients(on(silu, {})))
})

describe('group normalisation', () => {
  it.each([
    [32, 8],
    [32, 1],
    [12, 3],
    [20, 20],
  ])('of %i channels in %i groups', (channels, groups) =>
    checkGradients({
      shape: ['N', channels, 5, 7],
      batch: 3,
      operation: groupNorm,
      attributes: { groups, epsilon: 1e-3 },
      states: vectors(channels, ['scale', 'shift']),
    }))
})

describe('blurs', () => {
  const cases = [
    [1, 2, 1],
    [1, 4, 6, 4, 1],
    [1, 1],
  ].flatMap((taps) =>
    ([1, 2] as const).flatMap((stride) =>
      (['reflect', 'zero'] as const).map((padding) => ({ taps, stride, padding })),
    ),
  )
  it.each(cases)('$taps with stride $stride and padding $padding', (attributes) =>
    checkGradients({ shape: ['N', 11, 7, 9], batch: 2, operation: blurPool, attributes }))
})

it('a linear layer', () =>
  checkGradients({
    shape: ['N', 37],
    batch: 5,
    operation: linear,
    attributes: {},
    states: [
      ['weight', [10, 37]],
      ['bias', [10]],
    ],
  }))
