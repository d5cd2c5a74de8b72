/**
 * Every kernel, at every level, against the reference arithmetic on fresh random inputs: odd sizes, channels that no vector
 * divides, groups, depthwise, strides, dilation, batches, sizes at and around the edges of tiles. The seed is printed when a
 * case fails.
 */

import { describe, expect, it } from 'vitest'
import { wasmLevels } from '../../../test/wasm-levels.ts'
import { GraphBuilder } from '../../graph/builder.ts'
import type { GraphValue } from '../../graph/graph.ts'
import { add } from '../../ops/add.ts'
import { averagePool } from '../../ops/average-pool.ts'
import { batchNorm } from '../../ops/batch-norm.ts'
import { blurPool } from '../../ops/blur-pool.ts'
import { concat } from '../../ops/concat.ts'
import { type ConvolutionAttributes, conv2d } from '../../ops/conv2d.ts'
import { globalAveragePool } from '../../ops/global-average-pool.ts'
import { groupNorm } from '../../ops/group-norm.ts'
import { linear } from '../../ops/linear.ts'
import { maxPool } from '../../ops/max-pool.ts'
import { multiply } from '../../ops/multiply.ts'
import type { Operation } from '../../ops/operation.ts'
import { randomUniform } from '../../ops/random-bits.ts'
import { relu } from '../../ops/relu.ts'
import { relu6 } from '../../ops/relu6.ts'
import { scale } from '../../ops/scale.ts'
import { bindBatch, elements, type Shape } from '../../ops/shape.ts'
import { sigmoid } from '../../ops/sigmoid.ts'
import { silu } from '../../ops/silu.ts'
import { padChannels, slice } from '../../ops/slice.ts'
import { pad } from '../../ops/window.ts'
import type { Engine } from '../engine.ts'
import { referenceEngine } from '../reference/reference.ts'

const seed = Date.now() % 1_000_000

function random(stream: number, count: number, from = -1, to = 1): Float32Array {
  return new Float32Array(count).map((_, index) => from + (to - from) * randomUniform(seed, stream, index))
}

/** A graph under test: what its builder makes of `x`, with states filled at random. */
interface Case {
  readonly shape: Shape
  readonly batch: number
  readonly build: (builder: GraphBuilder, x: GraphValue) => GraphValue
}

function graphOf({ shape, build }: Case) {
  const builder = new GraphBuilder()
  builder.output('y', build(builder, builder.input('x', shape)))
  return builder.build()
}

async function answerOf(engine: Engine, given: Case, precise: boolean): Promise<Float32Array> {
  const graph = graphOf(given)
  const states = [...graph.states.values()].map(({ name, shape }, index) => {
    const positive = name.endsWith('variance')
    return [
      name,
      random(index + 1, elements(bindBatch(shape, 1)), positive ? 0.5 : -1, positive ? 1.5 : 1),
    ] as const
  })
  const session = await engine.open(new Map(states), { precise })
  try {
    await session.add('run', graph, { batch: given.batch })
    const x = random(0, elements(bindBatch(given.shape, given.batch)))
    // Twice: what a run leaves in memory must not show in the next.
    await session.run('run', new Map([['x', x.map((value) => value * 1e3)]]))
    return (await session.run('run', new Map([['x', x]]))).get('y') ?? new Float32Array()
  } finally {
    await session.dispose()
  }
}

/** Greatest difference over the greatest value. */
function difference(values: Float32Array, expected: Float32Array): number {
  expect(values).toHaveLength(expected.length)
  const greatest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6)
  return (
    expected.reduce((most, value, i) => Math.max(most, Math.abs(value - (values[i] ?? Number.NaN))), 0) /
    greatest
  )
}

async function check(given: Case, { precise = true, tolerance = 1e-5 } = {}): Promise<void> {
  const expected = await answerOf(referenceEngine, given, precise)
  for (const engine of wasmLevels) {
    const values = await answerOf(engine, given, precise)
    expect(difference(values, expected), `${engine.name}, seed ${seed}`).toBeLessThan(tolerance)
  }
}

const plain: ConvolutionAttributes = { stride: [1, 1], dilation: [1, 1], padding: pad(0), groups: 1 }

interface Convolution {
  readonly x: readonly [number, number, number]
  readonly weight: readonly [number, number, number, number]
  readonly batch?: number
  readonly attributes?: Partial<ConvolutionAttributes>
  readonly bias?: boolean
}

function convolution({ x, weight, batch = 1, attributes = {}, bias = false }: Convolution): Case {
  return {
    shape: ['N', ...x],
    batch,
    build(builder, input) {
      const states = [builder.parameter('weight', weight, { kind: 'constant', value: 0 })]
      if (bias) states.push(builder.parameter('bias', [weight[0]], { kind: 'constant', value: 0 }))
      return builder.one(conv2d, { ...plain, ...attributes }, [input, ...states])
    },
  }
}

const strided = { stride: [2, 2], padding: pad(1) } as const
const convolutions: readonly Convolution[] = [
  // 1×1 around the tile of 6 pixels and the panels of 8 and 16 filters.
  ...[1, 5, 6, 7, 11, 12, 13, 47, 49].map(
    (width): Convolution => ({ x: [16, 1, width], weight: [9, 16, 1, 1], bias: true }),
  ),
  ...[7, 8, 15, 16, 17, 24, 25, 31].map(
    (filters): Convolution => ({ x: [5, 3, 3], weight: [filters, 5, 1, 1], bias: true }),
  ),
  { x: [3, 9, 7], weight: [5, 3, 1, 1], batch: 3 },
  { x: [12, 14, 14], weight: [20, 12, 1, 1], batch: 2 },
  { x: [40, 30, 31], weight: [33, 40, 1, 1] },
  // 3×3, 7×7, strides, dilation, uneven padding.
  { x: [8, 13, 11], weight: [16, 8, 3, 3], attributes: strided, bias: true },
  { x: [7, 12, 12], weight: [10, 7, 3, 3], attributes: strided, batch: 2 },
  { x: [3, 33, 35], weight: [16, 3, 7, 7], attributes: { stride: [2, 2], padding: pad(3) }, batch: 2 },
  { x: [8, 15, 15], weight: [8, 8, 3, 3], attributes: { dilation: [2, 2], padding: pad(2) } },
  {
    x: [9, 16, 14],
    weight: [4, 9, 3, 2],
    attributes: { dilation: [3, 1], stride: [1, 2], padding: { top: 0, left: 2, bottom: 4, right: 1 } },
  },
  // Groups: of 4 and 8 channels, of sizes that no panel divides, depthwise with and without multiplier.
  { x: [32, 9, 9], weight: [32, 4, 3, 3], attributes: { groups: 8, padding: pad(1) } },
  { x: [64, 8, 7], weight: [64, 8, 3, 3], attributes: { groups: 8, ...strided }, bias: true },
  { x: [15, 6, 6], weight: [10, 3, 3, 3], attributes: { groups: 5, padding: pad(1) }, batch: 2 },
  { x: [24, 11, 9], weight: [24, 1, 3, 3], attributes: { groups: 24, ...strided }, batch: 2, bias: true },
  { x: [5, 8, 8], weight: [5, 1, 3, 3], attributes: { groups: 5, padding: pad(1) } },
  { x: [6, 7, 7], weight: [12, 1, 3, 3], attributes: { groups: 6, padding: pad(1) } },
]

describe('convolutions by their definition', () => {
  it.each(convolutions.map((entry) => [JSON.stringify(entry), entry] as const))('%s', (_title, entry) =>
    check(convolution(entry)))
})

it.each([16, 20, 24])('a convolution of %i filters takes a residual sum and an activation along', (filters) =>
  check({
    shape: ['N', filters, 5, 7],
    batch: 2,
    build(builder, x) {
      const weight = builder.parameter('weight', [filters, filters, 1, 1], { kind: 'constant', value: 0 })
      const y = builder.one(conv2d, plain, [x, weight])
      return builder.one(relu6, {}, [builder.one(add, {}, [x, y])])
    },
  }))

describe('convolutions by Winograd', () => {
  const sizes: readonly (readonly [number, number])[] = [
    [4, 4],
    [5, 8],
    [7, 7],
    [8, 9],
    [14, 14],
    [16, 17],
    [23, 31],
    [56, 40],
  ]
  const cases = sizes.flatMap(([height, width]) =>
    [
      [16, 16],
      [24, 40],
      [64, 20],
    ].map(([channels = 16, filters = 16]) => ({ height, width, channels, filters })),
  )
  it.each(cases)('$channels to $filters channels on $height×$width', ({ height, width, channels, filters }) =>
    check(
      convolution({
        x: [channels, height, width],
        weight: [filters, channels, 3, 3],
        attributes: { padding: pad(1) },
        batch: 2,
        bias: true,
      }),
      { precise: false, tolerance: 1e-4 },
    ))

  it('takes uneven padding, a normalisation, a residual sum and an activation along', () =>
    check(
      {
        shape: ['N', 16, 13, 10],
        batch: 2,
        build(builder, x) {
          const state = (name: string, shape: Shape) =>
            builder.parameter(name, shape, { kind: 'constant', value: 0 })
          const attributes = { ...plain, padding: { top: 1, left: 2, bottom: 1, right: 0 } }
          const y = builder.one(conv2d, attributes, [x, state('weight', [16, 16, 3, 3])])
          const statistics = ['scale', 'shift', 'mean', 'variance'].map((name) => state(name, [16]))
          const normalised = builder.one(batchNorm, { epsilon: 1e-3 }, [y, ...statistics])
          return builder.one(relu, {}, [builder.one(add, {}, [x, normalised])])
        },
      },
      { precise: false, tolerance: 1e-4 },
    ))
})

/** One operation on `x`, with states of the given shapes behind it. */
function single<A extends object>(
  shape: Shape,
  batch: number,
  operation: Operation<A>,
  attributes: A,
  states: readonly (readonly [string, Shape])[] = [],
): Case {
  return {
    shape,
    batch,
    build: (builder, x) =>
      builder.one(operation, attributes, [
        x,
        ...states.map(([name, of]) => builder.parameter(name, of, { kind: 'constant', value: 0 })),
      ]),
  }
}

const perChannel = (channels: number, names: readonly string[]) =>
  names.map((name) => [name, [channels]] as const)
const odd: Shape = ['N', 11, 7, 9]
const even: Shape = ['N', 16, 8, 6]
const window = { kernel: [3, 2], stride: [2, 1], padding: { top: 1, left: 0, bottom: 2, right: 1 } } as const
const square = { kernel: [3, 3], stride: [2, 2], padding: pad(1) } as const

const others: readonly (readonly [string, Case])[] = [
  ...[odd, even].flatMap((shape, index) => {
    const channels = index === 0 ? 11 : 16
    const title = shape.join('×')
    return [
      [
        `batchNorm ${title}`,
        single(
          shape,
          2,
          batchNorm,
          { epsilon: 1e-3 },
          perChannel(channels, ['scale', 'shift', 'mean', 'variance']),
        ),
      ],
      [`maxPool ${title}`, single(shape, 2, maxPool, { ...square, paddingValue: 'negative-infinity' })],
      [`maxPool over zeros ${title}`, single(shape, 1, maxPool, { ...window, paddingValue: 'zero' })],
      [`averagePool ${title}`, single(shape, 2, averagePool, { ...square, countPadding: false })],
      [
        `averagePool counting padding ${title}`,
        single(shape, 1, averagePool, { ...window, countPadding: true }),
      ],
      [
        `subsampling ${title}`,
        single(shape, 2, averagePool, {
          kernel: [1, 1],
          stride: [2, 2],
          padding: pad(0),
          countPadding: false,
        }),
      ],
      [`globalAveragePool ${title}`, single(shape, 3, globalAveragePool, {})],
      [
        `blurPool reflecting ${title}`,
        single(shape, 2, blurPool, { taps: [1, 2, 1], stride: 2, padding: 'reflect' }),
      ],
      [
        `blurPool with zeros ${title}`,
        single(shape, 1, blurPool, { taps: [1, 4, 6, 4, 1], stride: 1, padding: 'zero' }),
      ],
      [`relu ${title}`, single(shape, 2, relu, {})],
      [`relu6 ${title}`, single(shape, 2, relu6, {})],
      [`silu ${title}`, single(shape, 2, silu, {})],
      [`sigmoid ${title}`, single(shape, 2, sigmoid, {})],
      [`scale ${title}`, single(shape, 2, scale, { factor: -1.5, offset: 0.5 })],
      [`slice ${title}`, single(shape, 2, slice, { axis: 1, start: 3, length: 5 })],
      [`padChannels ${title}`, single(shape, 2, padChannels, { before: 3, after: 2 })],
    ] as const
  }),
  [
    'groupNorm',
    single(['N', 32, 5, 7], 2, groupNorm, { groups: 8, epsilon: 1e-5 }, perChannel(32, ['scale', 'shift'])),
  ],
  [
    'linear',
    single(['N', 37], 5, linear, {}, [
      ['weight', [10, 37]],
      ['bias', [10]],
    ]),
  ],
  [
    'concat, gates and sums',
    {
      shape: odd,
      batch: 2,
      build(builder, x) {
        const gate = builder.one(sigmoid, {}, [builder.one(globalAveragePool, {}, [x])])
        const gated = builder.one(multiply, {}, [x, gate])
        const squared = builder.one(multiply, {}, [gated, x])
        return builder.one(concat, { axis: 1 }, [builder.one(add, {}, [squared, x]), gated, x])
      },
    },
  ],
]

describe('everything else', () => {
  it.each(others)('%s', (_title, given) => check(given))
})
