/**
 * The kernels of gradient rules against the reference arithmetic, on fresh random inputs: each operation's rule is applied to
 * a random gradient of its output, and what comes out for every input is compared. The seed is printed when a case fails.
 */

import { describe, expect, it } from 'vitest'
import { wasmLevels } from '../../../test/wasm-levels.ts'
import { GraphBuilder } from '../../graph/builder.ts'
import type { GraphValue } from '../../graph/graph.ts'
import { add } from '../../ops/add.ts'
import { averagePool } from '../../ops/average-pool.ts'
import { batchNorm } from '../../ops/batch-norm.ts'
import { batchNormTraining } from '../../ops/batch-norm-training.ts'
import { blurPool } from '../../ops/blur-pool.ts'
import { concat } from '../../ops/concat.ts'
import { type ConvolutionAttributes, conv2d } from '../../ops/conv2d.ts'
import { globalAveragePool } from '../../ops/global-average-pool.ts'
import { groupNorm } from '../../ops/group-norm.ts'
import { linear } from '../../ops/linear.ts'
import { maxPool } from '../../ops/max-pool.ts'
import { multiply } from '../../ops/multiply.ts'
import type { Operation } from '../../ops/operation.ts'
import { padChannels } from '../../ops/pad-channels.ts'
import { randomUniform } from '../../ops/random-bits.ts'
import { relu } from '../../ops/relu.ts'
import { relu6 } from '../../ops/relu6.ts'
import { reshape } from '../../ops/reshape.ts'
import { scale } from '../../ops/scale.ts'
import { bindBatch, elements, type Shape } from '../../ops/shape.ts'
import { sigmoid } from '../../ops/sigmoid.ts'
import { silu } from '../../ops/silu.ts'
import { slice } from '../../ops/slice.ts'
import { softmax } from '../../ops/softmax.ts'
import { standardiseWeight } from '../../ops/standardise-weight.ts'
import { broadcastTo, sumTo } from '../../ops/sum-to.ts'
import { pad } from '../../ops/window.ts'
import type { Engine, TensorMap } from '../engine.ts'
import { referenceEngine } from '../reference/reference.ts'

const seed = Date.now() % 1_000_000

function random(stream: number, count: number, from = -1, to = 1): Float32Array {
  return new Float32Array(count).map((_, index) => from + (to - from) * randomUniform(seed, stream, index))
}

type Named = readonly (readonly [string, Shape])[]

/** An operation of `x`, further inputs and states. */
interface Case<A extends object = object> {
  readonly shape: Shape
  readonly batch: number
  readonly operation: Operation<A>
  readonly attributes: A
  readonly inputs?: Named
  readonly states?: Named
}

/** The operation, and its gradient rule applied to an input `dy`; its gradients are outputs by number. */
function graphOf<A extends object>({
  shape,
  operation,
  attributes,
  inputs: further = [],
  states = [],
}: Case<A>) {
  const builder = new GraphBuilder()
  const inputs: GraphValue[] = [builder.input('x', shape)]
  for (const [name, of] of further) inputs.push(builder.input(name, of))
  for (const [name, of] of states) inputs.push(builder.parameter(name, of, { kind: 'constant', value: 0 }))
  const outputs = builder.all(operation, attributes, inputs)
  const dy = builder.input('dy', outputs[0]?.shape ?? [])
  const outputGradients = [dy, ...outputs.slice(1).map(() => undefined)]
  const wants = () => true
  const found =
    operation.gradient?.<GraphValue>({
      emit: builder,
      attributes,
      inputs,
      outputs,
      outputGradients,
      wants,
    }) ?? []
  found.forEach((gradient, index) => {
    if (gradient !== undefined) builder.output(`${index}`, gradient)
  })
  outputs.forEach((output, index) => {
    builder.output(`output ${index}`, output)
  })
  return builder.build()
}

async function answersOf<A extends object>(
  engine: Engine,
  given: Case<A>,
  precise: boolean,
): Promise<TensorMap> {
  const graph = graphOf(given)
  const states = [...graph.states.values()].map(({ name, shape }, index) => {
    const positive = name.endsWith('variance')
    const size = elements(bindBatch(shape, 1))
    return [name, random(index + 2, size, positive ? 0.5 : -1, positive ? 1.5 : 1)] as const
  })
  const session = await engine.open(new Map(states), { threads: 2, precise })
  try {
    await session.add('run', graph, { batch: given.batch })
    const inputs = [...graph.inputs.values()].map(
      ({ name, shape }, index) => [name, random(index, elements(bindBatch(shape, given.batch)))] as const,
    )
    const poison = inputs.map(([name, values]) => [name, values.map((value) => value * 1e3)] as const)
    await session.run('run', new Map(poison))
    return await session.run('run', new Map(inputs))
  } finally {
    await session.dispose()
  }
}

async function check<A extends object>(
  given: Case<A>,
  { precise = true, tolerance = 1e-5 } = {},
): Promise<void> {
  const expected = await answersOf(referenceEngine, given, precise)
  for (const engine of wasmLevels)
    agree(await answersOf(engine, given, precise), expected, { tolerance, title: engine.name })
}

function agree(
  answers: TensorMap,
  expected: TensorMap,
  { tolerance, title }: { readonly tolerance: number; readonly title: string },
): void {
  expect([...answers.keys()]).toEqual([...expected.keys()])
  for (const [name, values] of expected) {
    const ours = answers.get(name) ?? new Float32Array()
    expect(ours).toHaveLength(values.length)
    const greatest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6)
    const difference = values.reduce(
      (most, value, i) => Math.max(most, Math.abs(value - (ours[i] ?? Number.NaN))),
      0,
    )
    expect(difference / greatest, `${title}, gradient of input ${name}, seed ${seed}`).toBeLessThan(tolerance)
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
    check(convolution(entry)))
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
    check(
      convolution({
        x: [channels, height, width],
        weight: [filters, channels, 3, 3],
        attributes: { padding: pad(1) },
        batch: 3,
      }),
      winograd,
    ))

  it.each([0, 2])('a padding of %i', (padding) =>
    check(
      convolution({ x: [16, 9, 10], weight: [16, 16, 3, 3], attributes: { padding: pad(padding) } }),
      winograd,
    ))

  it('images that are transformed in several parts', () =>
    check(
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

  it('batch normalisation', () => check(on(batchNorm, { epsilon: 1e-3 }, statistics)))
  it('batch normalisation in training', () =>
    check(on(batchNormTraining, { epsilon: 1e-3, momentum: 0.1 }, statistics)))
  it('maximum pool', () => check(on(maxPool, { ...square, paddingValue: 'negative-infinity' })))
  it('maximum pool over zeros', () => check(on(maxPool, { ...window, paddingValue: 'zero' })))
  it('average pool', () => check(on(averagePool, { ...square, countPadding: false })))
  it('average pool counting padding', () => check(on(averagePool, { ...window, countPadding: true })))
  it('global average pool', () => check(on(globalAveragePool, {})))
  it('relu', () => check(on(relu, {})))
  it('relu6', () => check(on(relu6, {})))
  it('sigmoid', () => check(on(sigmoid, {})))
  it('silu', () => check(on(silu, {})))
})

describe('group normalisation', () => {
  it.each([
    [32, 8],
    [32, 1],
    [12, 3],
    [20, 20],
  ])('of %i channels in %i groups', (channels, groups) =>
    check({
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
    check({ shape: ['N', 11, 7, 9], batch: 2, operation: blurPool, attributes }))
})

it.each([[[24, 5, 3, 3]], [[7, 11, 1, 1]]])('standardised weights %s', (shape) =>
  check({ shape, batch: 1, operation: standardiseWeight, attributes: { epsilon: 1e-6 } }))

describe('other shapes of the same elements', () => {
  it.each([
    [
      ['N', 24, 1, 1],
      ['N', 2, 12, 1],
    ],
    [
      ['N', 2, 12, 1],
      ['N', 24, 1, 1],
    ],
    [
      ['N', 24, 1, 1],
      ['N', 24],
    ],
    [
      ['N', 1, 5, 1],
      ['N', 5, 1, 1],
    ],
    [
      [1, 1, 5],
      [1, 1, 5, 1],
    ],
  ] satisfies readonly [Shape, Shape][])('%s as %s', (from, shape) =>
    check({ shape: from, batch: 3, operation: reshape, attributes: { shape } }))
})

describe('shares of vectors', () => {
  it.each([[['N', 2, 12, 1]], [['N', 2, 5, 1]], [['N', 9]]] satisfies readonly [Shape][])('%s', (shape) =>
    check({ shape, batch: 3, operation: softmax, attributes: { axis: 1 } }))
})

describe('channels', () => {
  it.each([odd, ['N', 11, 1, 1]] satisfies readonly Shape[])('of [%s, %s, %s, %s]', async (...shape) => {
    const on = <A extends object>(operation: Operation<A>, attributes: A, inputs: Named = []) =>
      check({ shape, batch: 2, operation, attributes, inputs })
    const wider: Shape = ['N', 21, ...shape.slice(2)]
    await on(slice, { axis: 1, start: 3, length: 5 })
    await on(padChannels, { before: 3, after: 2 })
    await on(concat, { axis: 1 }, [
      ['second', wider],
      ['third', shape],
    ])
    await on(scale, { factor: -1.5, offset: 0.5 })
    await on(add, {}, [['second', shape]])
  })
})

describe('products that repeat dimensions', () => {
  const map: Shape = ['N', 11, 7, 9]
  it.each([
    [map, map],
    [map, ['N', 11, 1, 1]],
    [map, ['N', 1, 1, 1]],
    [map, [1, 1, 1, 1]],
    [map, [1, 11, 1, 1]],
    [map, ['N', 1, 7, 9]],
    [map, [1, 11, 7, 9]],
    [['N', 11, 1, 1], map],
    [
      ['N', 11, 1, 1],
      ['N', 1, 7, 9],
    ],
    [
      ['N', 1, 1, 1],
      [1, 1, 1, 1],
    ],
    [
      ['N', 2, 12, 1],
      ['N', 2, 12, 1],
    ],
    [
      ['N', 2, 12, 1],
      ['N', 1, 12, 1],
    ],
    [
      ['N', 2, 12, 1],
      ['N', 2, 1, 1],
    ],
    [
      ['N', 13],
      ['N', 13],
    ],
    [
      ['N', 13],
      ['N', 1],
    ],
  ] satisfies readonly [Shape, Shape][])('[%s] · [%s]', (shape, second) =>
    check({ shape, batch: 3, operation: multiply, attributes: {}, inputs: [['second', second]] }))
})

describe('sums over dimensions, and repetition along them', () => {
  const map: Shape = ['N', 11, 7, 9]
  const square: Shape = ['N', 7, 7, 7]
  const each = [0, 1, 2, 3]
  it.each([
    [map, [11], [1]],
    [map, [7], [2]],
    [square, [7], [2]],
    [square, [7], [3]],
    [square, ['N', 7], [0, 2]],
    [map, ['N'], [0]],
    [map, ['N', 9], [0, 3]],
    [map, [9, 11], [3, 1]],
    [map, ['N', 11, 1, 1], each],
    [map, ['N', 1, 7, 9], each],
    [map, ['N', 1, 1, 1], each],
    [map, [1, 11, 7, 9], each],
    [map, [1, 1, 1, 1], each],
    [map, [], []],
    [['N', 2, 12, 1], ['N', 1, 12, 1], each],
    [['N', 2, 12, 1], [12], [2]],
    [['N', 13], [13], [1]],
    [
      ['N', 13],
      ['N', 1],
      [0, 1],
    ],
    [[6, 10], [10], [1]],
    [[6, 10], [6], [0]],
  ] satisfies readonly [
    Shape,
    Shape,
    readonly number[],
  ][])('[%s] to [%s] at axes [%s]', async (large, small, axes) => {
    await check({ shape: large, batch: 3, operation: sumTo, attributes: { shape: small, axes } })
    await check({ shape: small, batch: 3, operation: broadcastTo, attributes: { shape: large, axes } })
  })
})

it('a linear layer', () =>
  check({
    shape: ['N', 37],
    batch: 5,
    operation: linear,
    attributes: {},
    states: [
      ['weight', [10, 37]],
      ['bias', [10]],
    ],
  }))
