/** Shapes and attributes that operations cannot take, and what they say about them. */
import { describe, expect, it } from 'vitest'
import { apply, array } from '../../test/apply.ts'
import { GraphError, ShapeError } from '../errors.ts'
import { GraphBuilder } from '../graph/builder.ts'
import { differentiate } from '../graph/differentiate.ts'
import { adamw } from './adamw.ts'
import { add } from './add.ts'
import { averagePool, averagePoolGradient } from './average-pool.ts'
import { batchNorm, batchNormGradient } from './batch-norm.ts'
import { batchNormTraining } from './batch-norm-training.ts'
import { blurPool, blurPoolGradient } from './blur-pool.ts'
import { concat } from './concat.ts'
import { type ConvolutionAttributes, conv2d, conv2dInputGradient, conv2dWeightGradient } from './conv2d.ts'
import { dropBlockMask } from './drop-block-mask.ts'
import { globalAveragePool } from './global-average-pool.ts'
import { groupNorm } from './group-norm.ts'
import { lamb } from './lamb.ts'
import { lars } from './lars.ts'
import { linear } from './linear.ts'
import { matmul } from './matmul.ts'
import { maxPool, maxPoolGradient } from './max-pool.ts'
import { movingAverage } from './moving-average.ts'
import { multiply } from './multiply.ts'
import type { Operation } from './operation.ts'
import { randomMask } from './random-mask.ts'
import { reluGradient } from './relu.ts'
import { reshape } from './reshape.ts'
import { sgd } from './sgd.ts'
import type { Shape } from './shape.ts'
import { padChannels, slice } from './slice.ts'
import { softmax } from './softmax.ts'
import { softmaxCrossEntropy, softmaxCrossEntropyGradient } from './softmax-cross-entropy.ts'
import { squaredNorm } from './squared-norm.ts'
import { standardiseWeight } from './standardise-weight.ts'
import { broadcastTo, sumTo } from './sum-to.ts'
import { pad } from './window.ts'

interface Refusal {
  readonly message: string
  readonly infer: () => unknown
}

function refusal<A extends object>(
  message: string,
  operation: Operation<A>,
  attributes: A,
  ...inputs: readonly Shape[]
): Refusal {
  return { message, infer: () => operation.shapes(inputs, attributes) }
}

const map: Shape = ['N', 4, 8, 8]
const convolution: ConvolutionAttributes = { stride: [1, 1], dilation: [1, 1], padding: pad(0), groups: 1 }
const window = { kernel: [2, 2], stride: [2, 2], padding: pad(0) } as const
const wide = { ...window, padding: { top: 0, left: 0, bottom: 2, right: 0 } }
const blur = { taps: [1, 2, 1], stride: 2, padding: 'reflect' } as const
const straight = { transposeA: false, transposeB: false }
const vectors: readonly Shape[] = [[4], [4], [4], [4]]
const mask = { stream: 0, keep: 0.5, scale: true, shape: ['N', 1, 1, 1] } as const
const block = { stream: 0, gamma: 0.1, size: 3, shape: ['N', 1, 8, 8] } as const
const random: readonly Shape[] = [[2], ['N']]

const convolutions = [
  refusal('takes 3 channels and filters that 1 divides', conv2d, convolution, map, [8, 3, 3, 3]),
  refusal('in 4 groups', conv2d, { ...convolution, groups: 4 }, map, [6, 1, 3, 3]),
  refusal('does not fit a map of 2×2', conv2d, convolution, ['N', 4, 2, 2], [8, 4, 3, 3]),
  refusal('must be a feature map [N, C, H, W], not [N, 4]', conv2d, convolution, ['N', 4], [8, 4, 3, 3]),
  refusal('needs as many biases, not [7]', conv2d, convolution, map, [8, 4, 3, 3], [7]),
  refusal(
    'needs a gradient of shape [N, 8, 6, 6], not [N, 8, 8, 8]',
    conv2dInputGradient,
    { ...convolution, inputShape: map },
    ['N', 8, 8, 8],
    [8, 4, 3, 3],
  ),
  refusal(
    'needs a gradient of shape [N, 8, 6, 6], not [N, 8, 8, 8]',
    conv2dWeightGradient,
    { ...convolution, weightShape: [8, 4, 3, 3] },
    map,
    ['N', 8, 8, 8],
  ),
]

const pools = [
  refusal(
    'averagePool: padding [0, 0, 2, 0] must be less than the window of 2×2',
    averagePool,
    {
      ...wide,
      countPadding: false,
    },
    map,
  ),
  refusal('does not fit a map of 1×8', maxPool, { ...window, paddingValue: 'zero' }, ['N', 4, 1, 8]),
  refusal(
    'needs a gradient of shape [N, 4, 4, 4]',
    maxPoolGradient,
    { ...window, paddingValue: 'zero' },
    map,
    map,
  ),
  refusal(
    'needs a gradient of shape [N, 4, 4, 4]',
    averagePoolGradient,
    { ...window, countPadding: true, inputShape: map },
    map,
  ),
  refusal('too small to reflect 1 cells', blurPool, blur, ['N', 1, 1, 4]),
  refusal('needs a gradient of shape [N, 4, 4, 4]', blurPoolGradient, { ...blur, inputShape: map }, map),
  refusal('must be a feature map', globalAveragePool, {}, ['N', 4]),
]

const normalisations = [
  refusal(
    'of 4 channels needs scale, shift and statistics of [4], not [3]',
    batchNorm,
    { epsilon: 1 },
    map,
    [4],
    [3],
    [4],
    [4],
  ),
  refusal('needs an input 4, but was given 2', batchNorm, { epsilon: 1 }, map, [4]),
  refusal('needs a gradient of shape', batchNormGradient, { epsilon: 1 }, map, [4], [4], [4], ['N', 4]),
  refusal('3 groups do not divide 4 channels', groupNorm, { groups: 3, epsilon: 1 }, map, [4], [4]),
  refusal('needs a weight [K, ...], not [N, 4]', standardiseWeight, { epsilon: 1 }, ['N', 4]),
]

const products = [
  refusal('add needs two values of one shape, not [N, 4] and [N, 5]', add, {}, ['N', 4], ['N', 5]),
  refusal('with dimensions of 1 to repeat, not [N, 4] and [N, 5]', multiply, {}, ['N', 4], ['N', 5]),
  refusal('matmul cannot sum [N, 4] against [5, 4]: 4 is not 5', matmul, straight, ['N', 4], [5, 4]),
  refusal('matmul needs matrices, not [N, 4, 8, 8]', matmul, straight, map, [5, 4]),
  refusal('needs an input [N, 4], not [N, 5]', linear, {}, ['N', 5], [3, 4]),
  refusal('needs as many biases, not [4]', linear, {}, ['N', 4], [3, 4], [4]),
  refusal('reluGradient needs a gradient of shape [N, 4], not [4]', reluGradient, {}, ['N', 4], [4]),
]

const arrangements = [
  refusal('reshape cannot make [N, 5] of [N, 4]', reshape, { shape: ['N', 5] }, ['N', 4]),
  refusal('reshape cannot make [4] of [N, 4]', reshape, { shape: [4] }, ['N', 4]),
  refusal('concat needs maps of one size', concat, { axis: 1 }, map, ['N', 4, 3, 8]),
  refusal('channels 3 to 6 are not all in', slice, { axis: 1, start: 3, length: 4 }, map),
  refusal('cannot add -1 channels before', padChannels, { before: -1, after: 0 }, map),
  refusal('[5] at axes [1] does not fit', sumTo, { shape: [5], axes: [1] }, map),
  refusal('does not fit [N, 4, 8, 8]', broadcastTo, { shape: map, axes: [1] }, [5]),
]

const losses = [
  refusal('a fixed dimension at axis 0', softmax, { axis: 0 }, ['N', 4]),
  refusal('needs logits and targets [N, K]', softmaxCrossEntropy, {}, ['N', 4], ['N', 5], ['N']),
  refusal('needs a gradient []', softmaxCrossEntropyGradient, {}, ['N', 4], ['N', 4], ['N'], ['N']),
]

const masks = [
  refusal('needs a seed [2] and an image index [N], not [1] and [N]', randomMask, mask, [1], ['N']),
  refusal('above 0 and at most 1, not 0', randomMask, { ...mask, keep: 0 }, ...random),
  refusal('makes masks [N, ...] or [1, ...]', randomMask, { ...mask, shape: [4, 1] }, ...random),
  refusal('of at least that size', dropBlockMask, { ...block, size: 9 }, ...random),
  refusal('masks [N, 1, H, W]', dropBlockMask, { ...block, shape: map }, ...random),
]

const plain = { nesterov: false }
const adam = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }
const steps = [
  refusal('sgd needs a momentum of shape [], not [2]', sgd, plain, [], [], [], [2], [4], [4], [4]),
  refusal('sgd needs a gradient of shape [4], not [5]', sgd, plain, [], [], [], [], [4], [5], [4]),
  refusal('sgd needs a momentum of shape [4], not [5]', sgd, plain, [], [], [], [], [4], [4], [5]),
  refusal('a gradient and a momentum for each of its parameters, not 0 tensors', sgd, plain, [], [], [], []),
  refusal(
    'a gradient and a momentum for each of its parameters, not 4 tensors',
    sgd,
    plain,
    [],
    [],
    [],
    [],
    [4],
    [4],
    [4],
    [4],
  ),
  refusal('lars needs a scale of shape [], not [1]', lars, { trust: 1 }, [], [], [1], [], [4], [4], [4]),
  refusal('adamw needs a step of shape [], not [N]', adamw, adam, [], [], [], ['N'], [4], [4], [4], [4]),
  refusal('lamb needs a second moment of shape [4], not [5]', lamb, adam, [], [], [], [], [4], [4], [4], [5]),
  refusal('movingAverage needs a keep of shape [], not [1]', movingAverage, {}, [1], [4], [4]),
  refusal('averages and as many values, not 3 tensors', movingAverage, {}, [], [4], [4], [4]),
  refusal('movingAverage needs a value of shape [4], not [5]', movingAverage, {}, [], [4], [5]),
  refusal('squaredNorm needs at least one tensor', squaredNorm, {}),
]

describe('shape errors say what was wrong', () => {
  const refusals = { convolutions, pools, normalisations, products, arrangements, losses, masks, steps }

  describe.each(Object.entries(refusals))('of %s', (_group, list) => {
    it.each(list)('$message', ({ message, infer }) => {
      expect(infer).toThrow(ShapeError)
      expect(infer).toThrow(message)
    })
  })
})

describe('batch normalisation in training', () => {
  const attributes = { epsilon: 1e-5, momentum: 0.1 }

  it('refuses a single value in each channel, as PyTorch does', () => {
    const inputs = [array([1, 1, 1, 1], [2]), ...[1, 2, 3, 4].map(() => array([1], [1]))]
    expect(() => apply(batchNormTraining, attributes, inputs)).toThrow(
      new ShapeError(
        'batchNormTraining needs more than one value in each channel; give a larger batch or larger images',
      ),
    )
  })

  it('refuses a loss that reads its statistics', () => {
    const builder = new GraphBuilder()
    const states = vectors.map((shape, i) => builder.input(`v${i}`, shape))
    const inputs = [builder.input('x', map), ...states]
    const [, mean] = builder.addAll('bn', batchNormTraining, attributes, inputs)
    if (mean === undefined) throw new Error('the mean is missing')
    builder.add('loss', sumTo, { shape: [], axes: [] }, [mean])
    const graph = builder.build()
    expect(() => differentiate(graph, 'loss', ['x'])).toThrow(GraphError)
    expect(() => differentiate(graph, 'loss', ['x'])).toThrow('its first output alone, not its statistics')
  })
})
