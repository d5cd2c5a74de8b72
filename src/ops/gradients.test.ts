/**
 * Every gradient rule against central finite differences of the operation's own reference arithmetic. A case is an
 * operation with attributes and inputs; its loss is a random weighting of its outputs. Inputs are fresh in every run: the
 * seed is printed when a case fails.
 */
import { describe, expect, it } from 'vitest'
import { evaluate } from '../../test/evaluate.ts'
import { GraphBuilder } from '../graph/builder.ts'
import { differentiate, gradientName } from '../graph/differentiate.ts'
import type { GraphValue } from '../graph/graph.ts'
import { add } from './add.ts'
import { averagePool, averagePoolGradient } from './average-pool.ts'
import { batchNorm } from './batch-norm.ts'
import { batchNormTraining } from './batch-norm-training.ts'
import { blurPool, blurPoolGradient } from './blur-pool.ts'
import { concat } from './concat.ts'
import { type ConvolutionAttributes, conv2d, conv2dInputGradient, conv2dWeightGradient } from './conv2d.ts'
import { globalAveragePool } from './global-average-pool.ts'
import { groupNorm } from './group-norm.ts'
import { linear } from './linear.ts'
import { matmul } from './matmul.ts'
import { maxPool } from './max-pool.ts'
import { multiply } from './multiply.ts'
import type { Operation } from './operation.ts'
import { operations } from './operations.ts'
import { randomUniform } from './random-bits.ts'
import { relu } from './relu.ts'
import { relu6 } from './relu6.ts'
import { reshape } from './reshape.ts'
import { scale } from './scale.ts'
import { bindBatch, elements, type Shape } from './shape.ts'
import { sigmoid } from './sigmoid.ts'
import { silu } from './silu.ts'
import { padChannels, slice } from './slice.ts'
import { softmax } from './softmax.ts'
import { softmaxCrossEntropy } from './softmax-cross-entropy.ts'
import { standardiseWeight } from './standardise-weight.ts'
import { broadcastTo, sumTo } from './sum-to.ts'
import { pad } from './window.ts'

/** How an input is drawn, so that no step of a finite difference crosses a kink. */
type Draw = 'any' | 'positive' | 'off-kinks' | 'distinct'

interface Input {
  readonly shape: Shape
  readonly draw?: Draw
  /** False for what a rule treats as given: running statistics, targets, weights of a loss. */
  readonly differentiable?: boolean
}

interface Case {
  readonly title: string
  readonly operation: Operation
  readonly attributes: object
  readonly inputs: readonly Input[]
  readonly batch: number
}

function entry<A extends object>(
  title: string,
  operation: Operation<A>,
  attributes: A,
  inputs: readonly Input[],
  batch = 2,
): Case {
  return { title, operation, attributes, inputs, batch }
}

const x = (...shape: Shape): Input => ({ shape })
const given = (shape: Shape, draw: Draw = 'any'): Input => ({ shape, draw, differentiable: false })
const map = (channels: number, height: number, width: number): Input => x('N', channels, height, width)

const plain: ConvolutionAttributes = { stride: [1, 1], dilation: [1, 1], padding: pad(0), groups: 1 }
const uneven = { top: 0, left: 1, bottom: 2, right: 1 }

/** Convolutions by input map, weight, attributes and batch. */
const convolutions: readonly (readonly [string, Input, Shape, Partial<ConvolutionAttributes>, number])[] = [
  ['1×1', map(3, 4, 5), [2, 3, 1, 1], {}, 3],
  ['3×3 with padding, odd map', map(2, 5, 7), [3, 2, 3, 3], { padding: pad(1) }, 1],
  ['3×3 with stride 2', map(2, 7, 6), [3, 2, 3, 3], { padding: pad(1), stride: [2, 2] }, 2],
  ['strides and kernel of two sizes', map(2, 7, 8), [2, 2, 3, 2], { padding: uneven, stride: [2, 3] }, 2],
  ['dilation', map(2, 7, 7), [2, 2, 3, 3], { padding: pad(2), dilation: [2, 2] }, 1],
  [
    'dilation, stride and uneven padding',
    map(1, 8, 9),
    [2, 1, 3, 3],
    { padding: uneven, dilation: [2, 1], stride: [1, 2] },
    1,
  ],
  ['groups', map(4, 5, 5), [6, 2, 3, 3], { padding: pad(1), groups: 2 }, 2],
  ['depthwise with stride', map(3, 6, 5), [3, 1, 3, 3], { padding: pad(1), groups: 3, stride: [2, 2] }, 2],
  ['stem: 7×7 with stride 2', map(1, 9, 8), [2, 1, 7, 7], { padding: pad(3), stride: [2, 2] }, 1],
]

const convolutionCases = convolutions.flatMap(([title, input, weightShape, some, batch]) => {
  const attributes = { ...plain, ...some }
  const weight = x(...weightShape)
  const [y = []] = conv2d.shapes([input.shape, weightShape], attributes)
  const bias = x(weightShape[0] ?? 1)
  return [
    entry(title, conv2d, attributes, [input, weight], batch),
    entry(`${title}, with bias`, conv2d, attributes, [input, weight, bias], batch),
    entry(title, conv2dInputGradient, { ...attributes, inputShape: input.shape }, [x(...y), weight], batch),
    entry(title, conv2dWeightGradient, { ...attributes, weightShape }, [input, x(...y)], batch),
  ]
})

const channelVector = x(4)
const window = { kernel: [3, 2], stride: [2, 1], padding: { top: 1, left: 0, bottom: 1, right: 1 } } as const
const square = { kernel: [3, 3], stride: [2, 2], padding: pad(1) } as const
const distinct: Input = { shape: ['N', 2, 5, 6], draw: 'distinct' }

const poolCases = [
  entry('3×3 with stride 2', maxPool, { ...square, paddingValue: 'negative-infinity' }, [distinct]),
  entry('uneven window', maxPool, { ...window, paddingValue: 'negative-infinity' }, [distinct], 1),
  entry('zeros that may win', maxPool, { ...square, paddingValue: 'zero' }, [distinct]),
  ...[true, false].flatMap((countPadding) => [
    entry(`countPadding ${countPadding}`, averagePool, { ...square, countPadding }, [map(2, 5, 6)]),
    entry(
      `uneven, countPadding ${countPadding}`,
      averagePool,
      { ...window, countPadding },
      [map(2, 5, 6)],
      1,
    ),
    entry('3×3', averagePoolGradient, { ...square, countPadding, inputShape: ['N', 2, 5, 6] }, [
      map(2, 3, 3),
    ]),
  ]),
  entry(
    'subsampling',
    averagePool,
    { kernel: [1, 1], stride: [2, 2], padding: pad(0), countPadding: false },
    [map(2, 5, 6)],
  ),
  ...(['reflect', 'zero'] as const).flatMap((padding) => [
    entry(`${padding}, stride 2`, blurPool, { taps: [1, 2, 1], stride: 2, padding }, [map(2, 5, 6)]),
    entry(
      `${padding}, five taps`,
      blurPool,
      { taps: [1, 4, 6, 4, 1], stride: 1, padding },
      [map(1, 6, 5)],
      1,
    ),
    entry(padding, blurPoolGradient, { taps: [1, 2, 1], stride: 2, padding, inputShape: ['N', 2, 5, 6] }, [
      map(2, 3, 3),
    ]),
  ]),
  entry('whole map', globalAveragePool, {}, [map(3, 4, 5)]),
]

const normalisationCases = [
  entry('fixed statistics', batchNorm, { epsilon: 1e-3 }, [
    map(4, 3, 5),
    channelVector,
    channelVector,
    given([4]),
    given([4], 'positive'),
  ]),
  ...[1, 3].map((batch) =>
    entry(
      `batch of ${batch}`,
      batchNormTraining,
      { epsilon: 1e-3, momentum: 0.1 },
      [map(4, 3, 5), channelVector, channelVector, given([4]), given([4], 'positive')],
      batch,
    ),
  ),
  entry('two groups', groupNorm, { groups: 2, epsilon: 1e-3 }, [map(4, 3, 5), channelVector, channelVector]),
  entry(
    'one channel a group',
    groupNorm,
    { groups: 4, epsilon: 1e-3 },
    [map(4, 3, 5), channelVector, channelVector],
    1,
  ),
  entry('a filter bank', standardiseWeight, { epsilon: 1e-3 }, [x(3, 2, 3, 3)]),
]

const offKinks: Input = { shape: ['N', 3, 2, 5], draw: 'off-kinks' }
const image = map(4, 3, 5)

const elementwiseCases = [
  entry('two maps', add, {}, [image, image]),
  entry('two maps', multiply, {}, [image, image]),
  entry('a gate for each channel', multiply, {}, [image, x('N', 4, 1, 1)]),
  entry('a factor for each image', multiply, {}, [x('N', 1, 1, 1), image]),
  entry('one factor for all', multiply, {}, [image, x(1, 1, 1, 1)]),
  entry('a line', scale, { factor: -1.5, offset: 0.25 }, [image]),
  entry('off the kink', relu, {}, [offKinks]),
  entry('off the kinks', relu6, {}, [offKinks]),
  entry('anywhere', silu, {}, [image]),
  entry('anywhere', sigmoid, {}, [image]),
  entry('over channels', softmax, { axis: 1 }, [image]),
  entry('over columns', softmax, { axis: 3 }, [image]),
]

const shapeCases = [
  entry('to a vector', reshape, { shape: ['N', 60] }, [image]),
  entry('three parts', concat, { axis: 1 }, [map(1, 2, 3), map(3, 2, 3), map(2, 2, 3)]),
  entry('the middle', slice, { axis: 1, start: 1, length: 2 }, [image]),
  entry('both sides', padChannels, { before: 1, after: 2 }, [image]),
  entry('to channels', sumTo, { shape: [4], axes: [1] }, [image]),
  entry('to one column', sumTo, { shape: ['N', 4, 1, 1], axes: [0, 1, 2, 3] }, [image]),
  entry('from channels', broadcastTo, { shape: ['N', 4, 3, 5], axes: [1] }, [x(4)]),
]

const matrixCases = [
  entry('with bias', linear, {}, [x('N', 5), x(3, 5), x(3)], 3),
  entry('without bias', linear, {}, [x('N', 5), x(3, 5)], 1),
  entry('a · b', matmul, { transposeA: false, transposeB: false }, [x('N', 4), x(4, 5)]),
  entry('aᵀ · b over the batch', matmul, { transposeA: true, transposeB: false }, [x('N', 4), x('N', 5)], 3),
  entry('a · bᵀ', matmul, { transposeA: false, transposeB: true }, [x('N', 4), x(5, 4)]),
  entry('aᵀ · bᵀ', matmul, { transposeA: true, transposeB: true }, [x(4, 3), x(5, 4)]),
  entry(
    'soft targets',
    softmaxCrossEntropy,
    {},
    [x('N', 5), given(['N', 5], 'positive'), given(['N'], 'positive')],
    3,
  ),
]

const cases: readonly Case[] = [
  ...convolutionCases,
  ...poolCases,
  ...normalisationCases,
  ...elementwiseCases,
  ...shapeCases,
  ...matrixCases,
]

/** Operations that give the loss nothing to differentiate: they have no inputs that move. */
const withoutMovingInputs = ['constant', 'randomMask', 'dropBlockMask']

const seed = Date.now() % 1_000_000

function drawn(draw: Draw, stream: number, index: number, count: number): number {
  const u = randomUniform(seed, stream, index)
  switch (draw) {
    case 'any':
      return 4 * u - 2
    case 'positive':
      return 0.5 + u
    case 'off-kinks':
      // From -2.5 to 7.5 in steps of one, so that 0 and 6 stay half a step away.
      return Math.floor(10 * u) - 2.5
    case 'distinct':
      // Each value once, in a scrambled order, none at zero.
      return ((index * 7919 + Math.floor(1000 * randomUniform(seed, stream))) % count) - count / 2 + 0.5
  }
}

function values(input: Input, stream: number, batch: number): Float64Array {
  const count = elements(bindBatch(input.shape, batch))
  return new Float64Array(count).map((_, index) => drawn(input.draw ?? 'any', stream, index, count))
}

/** The case as a graph: inputs `x0`, `x1`, ..., its first output weighted by `w`, summed into `loss`. */
function graphOf({ operation, attributes, inputs }: Case) {
  const builder = new GraphBuilder()
  const arguments_: readonly GraphValue[] = inputs.map(({ shape }, i) => builder.input(`x${i}`, shape))
  const [y] = builder.addAll('y', operation, attributes, arguments_)
  if (y === undefined) throw new Error(`${operation.name} has no output`)
  const weighted = builder.one(multiply, {}, [y, builder.input('w', y.shape)])
  builder.output('loss', builder.add('loss', sumTo, { shape: [], axes: [] }, [weighted]))
  const wrt = inputs.flatMap((input, i) => (input.differentiable === false ? [] : [`x${i}`]))
  return { graph: differentiate(builder.build(), 'loss', wrt), wrt, y }
}

function checkCase(entry: Case): void {
  const { graph, wrt, y } = graphOf(entry)
  const inputs = new Map(entry.inputs.map((input, i) => [`x${i}`, values(input, i, entry.batch)]))
  inputs.set('w', values({ shape: y.shape }, 99, entry.batch))
  const outputs = evaluate(graph, inputs, entry.batch)
  const step = 1e-5
  for (const name of wrt) {
    const value = inputs.get(name) ?? new Float64Array()
    const gradient = outputs.get(gradientName(name)) ?? new Float64Array()
    expect(gradient.length).toBe(value.length)
    value.forEach((center, i) => {
      const lossAt = (at: number) => {
        const moved = new Map(inputs).set(name, value.with(i, at))
        return evaluate(graph, moved, entry.batch).get('loss')?.[0] ?? Number.NaN
      }
      const difference = (lossAt(center + step) - lossAt(center - step)) / (2 * step)
      const error = Math.abs(difference - (gradient[i] ?? Number.NaN))
      expect(error, `seed ${seed}: ${name}[${i}] ${gradient[i]} against ${difference}`).toBeLessThan(
        1e-6 * (1 + Math.abs(difference)),
      )
    })
  }
}

describe('gradient rules agree with finite differences', () => {
  it.each(
    cases.map((entry) => [`${entry.operation.name}: ${entry.title}`, entry] as const),
  )('%s', (_title, entry) => {
    checkCase(entry)
  })
})

describe('the table of operations', () => {
  it('has a case for every operation with a gradient rule', () => {
    const tested = new Set([...cases.map(({ operation }) => operation.name), ...withoutMovingInputs])
    const ruled = [...operations.values()].filter(({ gradient }) => gradient !== undefined)
    expect(ruled.map(({ name }) => name).filter((name) => !tested.has(name))).toEqual([])
  })

  it('holds every operation under its own name, in order', () => {
    const names = [...operations.keys()]
    expect([...operations.values()].map(({ name }) => name)).toEqual(names)
    expect(names).toEqual([...names].sort())
  })
})
