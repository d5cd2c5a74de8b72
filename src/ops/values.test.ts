/** What the operations answer, against values of PyTorch 2.13 in double precision, and small cases worked by hand. */
import { describe, expect, it } from 'vitest'
import { apply, array } from '../../test/apply.ts'
import { averagePool } from './average-pool.ts'
import { batchNorm } from './batch-norm.ts'
import { blurPool } from './blur-pool.ts'
import { concat } from './concat.ts'
import { conv2d } from './conv2d.ts'
import { globalAveragePool } from './global-average-pool.ts'
import { groupNorm } from './group-norm.ts'
import { linear } from './linear.ts'
import { matmul } from './matmul.ts'
import { maxPool, maxPoolGradient } from './max-pool.ts'
import { multiply } from './multiply.ts'
import type { Array64, Operation } from './operation.ts'
import { relu, reluGradient } from './relu.ts'
import { relu6 } from './relu6.ts'
import { scale } from './scale.ts'
import { sgd } from './sgd.ts'
import { sigmoid } from './sigmoid.ts'
import { silu } from './silu.ts'
import { padChannels, slice } from './slice.ts'
import { softmax } from './softmax.ts'
import { softmaxCrossEntropy, softmaxCrossEntropyGradient } from './softmax-cross-entropy.ts'
import { squaredNorm } from './squared-norm.ts'
import { standardiseWeight } from './standardise-weight.ts'
import { broadcastTo, sumTo } from './sum-to.ts'
import { pad } from './window.ts'

/** The first output of an operation, close to what it should be. */
function expectValues<A extends object>(
  operation: Operation<A>,
  attributes: A,
  inputs: readonly Array64[],
  expected: readonly number[],
): void {
  const [y = []] = apply(operation, attributes, inputs)
  expect(y).toHaveLength(expected.length)
  expected.forEach((value, i) => {
    expect(y[i], `element ${i}`).toBeCloseTo(value, 8)
  })
}

/** Squares modulo 7: a map without symmetry. */
const map = array(
  [1, 1, 4, 5],
  Array.from({ length: 20 }, (_, i) => i ** 2 % 7),
)
const counting = array([1, 1, 3, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9])

describe('activations', () => {
  const x = array([6], [-3, -0.5, 0, 0.5, 3, 7])

  it('agree with PyTorch', () => {
    expectValues(relu, {}, [x], [0, 0, 0, 0.5, 3, 7])
    expectValues(relu6, {}, [x], [0, 0, 0, 0.5, 3, 6])
    expectValues(silu, {}, [x], [-0.1422776195, -0.1887703344, 0, 0.3112296656, 2.85772238, 6.993622642])
    expectValues(
      sigmoid,
      {},
      [x],
      [0.04742587318, 0.3775406688, 0.5, 0.6224593312, 0.9525741268, 0.9990889488],
    )
    expectValues(
      softmax,
      { axis: 1 },
      [array([1, 2, 3], [1, 2, 3, -1, 0, 4])],
      [0.880797078, 0.880797078, 0.2689414214, 0.119202922, 0.119202922, 0.7310585786],
    )
  })

  it('stay finite far out', () => {
    const far = array([2], [-1000, 1000])
    expectValues(sigmoid, {}, [far], [0, 1])
    expectValues(silu, {}, [far], [0, 1000])
    expectValues(softmax, { axis: 0 }, [far], [0, 1])
  })

  it('give no gradient at the kink and let a NaN through', () => {
    const kink = array([3], [0, 1, Number.NaN])
    expect(apply(reluGradient, {}, [kink, array([3], [5, 6, 7])])).toEqual([[0, 6, 7]])
    expect(apply(relu, {}, [kink])).toEqual([[0, 1, Number.NaN]])
  })
})

describe('normalisations agree with PyTorch', () => {
  it('with fixed statistics', () => {
    const inputs = [array([2], [2, 3]), array([2], [0.5, 1]), array([2], [1, -1]), array([2], [4, 0.25])]
    expectValues(
      batchNorm,
      { epsilon: 1e-2 },
      [array([1, 2, 1, 2], [1, 2, 4, 7]), ...inputs],
      [0.5, 1.498752339, 30.41742027, 48.06787243],
    )
  })

  it('by groups of channels', () => {
    const x = array([1, 4, 1, 2], [1, 2, 4, 7, -1, 0, 3, 5])
    expectValues(
      groupNorm,
      { groups: 2, epsilon: 1e-3 },
      [x, array([4], [1, 2, 0.5, -1]), array([4], [0, 1, -1, 0.5])],
      [
        -1.090985553, -0.6545913316, 1.436394221, 4.054759548, -1.576505981, -1.366867442, -0.02409634598,
        -0.8626504996,
      ],
    )
  })

  it('of weights', () => {
    expectValues(
      standardiseWeight,
      { epsilon: 1e-2 },
      [array([2, 4], [1, 2, 4, 7, -1, 0, 3, 5])],
      [
        -1.0900518, -0.6540310803, 0.2180103601, 1.526072521, -1.152100929, -0.7331551368, 0.5236822406,
        1.361573825,
      ],
    )
  })
})

describe('windows agree with PyTorch', () => {
  it('in a convolution with strides, dilation, groups, uneven padding and a bias', () => {
    const sequence = (count: number, modulus: number, shift: number) =>
      Array.from({ length: count }, (_, i) => (i ** 2 % modulus) - shift)
    const padding = { top: 2, left: 1, bottom: 1, right: 0 }
    const [y = []] = apply(conv2d, { stride: [2, 1], dilation: [1, 2], padding, groups: 2 }, [
      array([2, 4, 5, 6], sequence(240, 11, 5)),
      array([6, 2, 3, 2], sequence(72, 7, 3)),
      array([6], [0, 1, 2, 3, 4, 5]),
    ])
    expect(y).toHaveLength(2 * 6 * 3 * 5)
    expect(y.slice(0, 6)).toEqual([-3, 4, 14, 9, 0, 14])
    expect(y.slice(-6)).toEqual([6, 13, 33, 17, 6, -11])
    expect(y.reduce((sum, value) => sum + value, 0)).toBe(2080)
    expect(y.reduce((sum, value) => sum + value ** 2, 0)).toBe(55_504)
  })

  it('in average pools', () => {
    const window = { kernel: [2, 2], stride: [2, 2], padding: pad(1) } as const
    expectValues(averagePool, { ...window, countPadding: false }, [counting], [1, 2.5, 5.5, 7])
    expectValues(averagePool, { ...window, countPadding: true }, [counting], [0.25, 1.25, 2.75, 7])
    expectValues(globalAveragePool, {}, [counting], [5])
  })

  it('in blur pools', () => {
    const taps = [1, 2, 1]
    expectValues(
      blurPool,
      { taps, stride: 2, padding: 'reflect' },
      [map],
      [1.5, 1.625, 2.25, 2.25, 2.125, 1.625],
    )
    expectValues(
      blurPool,
      { taps, stride: 2, padding: 'zero' },
      [map],
      [0.6875, 1.5, 1.3125, 1.6875, 2.125, 1.3125],
    )
    expectValues(
      blurPool,
      { taps: [1, 4, 6, 4, 1], stride: 2, padding: 'reflect' },
      [map],
      [1.65625, 1.6875, 1.96875, 2.203125, 2.078125, 1.765625],
    )
  })
})

describe('the gradient of a max pool', () => {
  const x = array([1, 1, 3, 3], [0, 0, 1, 0, 1, 1, 0, 0, 0])
  const dy = array([1, 1, 2, 2], [1, 2, 3, 4])
  const window = { kernel: [2, 2], stride: [2, 2], padding: pad(1) } as const

  it('goes to the first maximum in scan order', () => {
    const attributes = { ...window, paddingValue: 'negative-infinity' } as const
    expect(apply(maxPool, attributes, [x])).toEqual([[0, 1, 0, 1]])
    expect(apply(maxPoolGradient, attributes, [x, dy])).toEqual([[1, 0, 2, 3, 4, 0, 0, 0, 0]])
  })

  it('is lost where a zero of the padding comes first', () => {
    const attributes = { ...window, paddingValue: 'zero' } as const
    expect(apply(maxPool, attributes, [x])).toEqual([[0, 1, 0, 1]])
    expect(apply(maxPoolGradient, attributes, [x, dy])).toEqual([[0, 0, 2, 0, 4, 0, 0, 0, 0]])
  })

  it('weighs padding on the right against the rows before and after it', () => {
    const right = { top: 0, left: 0, bottom: 0, right: 1 }
    const attributes = { kernel: [2, 2], stride: [1, 1], padding: right, paddingValue: 'zero' } as const
    const gradient = (column: readonly number[]) =>
      apply(maxPoolGradient, attributes, [array([1, 1, 2, 1], column), array([1, 1, 1, 1], [1])])
    expect(gradient([0, 0])).toEqual([[1, 0]])
    expect(gradient([-1, 0])).toEqual([[0, 0]])
  })
})

describe('cross entropy agrees with PyTorch', () => {
  const inputs = [
    array([2, 3], [1, 2, 0.5, -1, 0, 3]),
    array([2, 3], [0.1, 0.8, 0.1, 1, 0, 0]),
    array([2], [0.5, 2]),
  ]

  it('in value and gradient', () => {
    expectValues(softmaxCrossEntropy, {}, inputs, [8.48895219956883])
    expectValues(
      softmaxCrossEntropyGradient,
      {},
      [...inputs, array([], [2])],
      [0.06561194881, -0.08573414039, 0.02012219158, -1.965704349, 0.09322524516, 1.872479104].map(
        (value) => 2 * value,
      ),
    )
  })
})

describe('products', () => {
  // [1 2 3; 4 5 6] · [1 0; 2 1; 0 3] = [5 11; 14 23]
  const product = [5, 11, 14, 23]
  const a = { plain: array([2, 3], [1, 2, 3, 4, 5, 6]), turned: array([3, 2], [1, 4, 2, 5, 3, 6]) }
  const b = { plain: array([3, 2], [1, 0, 2, 1, 0, 3]), turned: array([2, 3], [1, 2, 0, 0, 1, 3]) }

  it('are the same whichever side is transposed', () => {
    expect(apply(matmul, { transposeA: false, transposeB: false }, [a.plain, b.plain])).toEqual([product])
    expect(apply(matmul, { transposeA: true, transposeB: false }, [a.turned, b.plain])).toEqual([product])
    expect(apply(matmul, { transposeA: false, transposeB: true }, [a.plain, b.turned])).toEqual([product])
    expect(apply(matmul, { transposeA: true, transposeB: true }, [a.turned, b.turned])).toEqual([product])
  })

  it('make a linear layer, with a bias or without', () => {
    expect(apply(linear, {}, [a.plain, b.turned])).toEqual([product])
    expect(apply(linear, {}, [a.plain, b.turned, array([2], [10, 20])])).toEqual([[15, 31, 24, 43]])
  })

  it('count multiply-adds for one image', () => {
    expect(
      linear.macs?.(
        [
          ['N', 2048],
          [1000, 2048],
        ],
        [['N', 1000]],
        {},
      ),
    ).toBe(2_048_000)
    const attributes = { transposeA: true, transposeB: false }
    const inputs = [
      ['N', 1000],
      ['N', 2048],
    ] as const
    expect(matmul.macs?.(inputs, [[1000, 2048]], attributes)).toBe(2_048_000)
  })

  it('repeat dimensions of 1 on either side', () => {
    const x = array([2, 2, 1, 2], [1, 2, 3, 4, 5, 6, 7, 8])
    const gate = array([2, 2, 1, 1], [1, 10, 100, 1000])
    expect(apply(multiply, {}, [x, gate])).toEqual([[1, 2, 30, 40, 500, 600, 7000, 8000]])
    expect(apply(multiply, {}, [array([2, 1, 1, 1], [1, 0]), x])).toEqual([[1, 2, 3, 4, 0, 0, 0, 0]])
    expect(apply(multiply, {}, [x, array([1, 1, 1, 1], [2])])).toEqual([[2, 4, 6, 8, 10, 12, 14, 16]])
  })
})

describe('channels and sums', () => {
  const one = array([2, 1, 1, 2], [1, 2, 5, 6])
  const two = array([2, 2, 1, 1], [3, 4, 7, 8])

  it('are put side by side image by image, cut and padded', () => {
    const flat = array([2, 2, 1, 2], [3, 3, 4, 4, 7, 7, 8, 8])
    const joined = [1, 2, 3, 3, 4, 4, 5, 6, 7, 7, 8, 8]
    expect(apply(concat, { axis: 1 }, [one, flat])).toEqual([joined])
    const whole = array([2, 3, 1, 2], joined)
    expect(apply(slice, { axis: 1, start: 1, length: 2 }, [whole])).toEqual([[3, 3, 4, 4, 7, 7, 8, 8]])
    expect(apply(padChannels, { before: 1, after: 2 }, [two])).toEqual([[0, 3, 4, 0, 0, 0, 7, 8, 0, 0]])
  })

  it('are summed to a vector and repeated from one', () => {
    expect(apply(sumTo, { shape: [2], axes: [1] }, [two])).toEqual([[10, 12]])
    expect(apply(broadcastTo, { shape: [2, 2, 1, 1], axes: [1] }, [array([2], [1, 2])])).toEqual([
      [1, 2, 1, 2],
    ])
    expect(apply(scale, { factor: -2, offset: 1 }, [one])).toEqual([[-1, -3, -9, -11]])
  })
})

describe('a step of stochastic gradient descent', () => {
  const settings = [0.1, 0.01, 1, 0.9].map((value) => array([], [value]))
  const one = (...values: readonly number[]) => array([3], values)
  const other = (value: number) => array([1, 1], [value])
  const start = [one(1, -2, 0.5), other(3)]
  const gradients = [
    [one(0.5, 1, -1), other(2)],
    [one(0.25, -1, 0), other(-4)],
  ]

  /** Both tensors and their momenta after two steps, the first from momenta of zero. */
  function afterTwoSteps(nesterov: boolean): readonly number[] {
    let states = [...start, one(0, 0, 0), other(0)]
    for (const step of gradients) {
      const next = apply(sgd, { nesterov }, [...settings, ...states.slice(0, 2), ...step, ...states.slice(2)])
      states = states.map(({ shape }, i) => array(shape, next[i] ?? []))
    }
    return states.flatMap(({ data }) => [...data])
  }

  it.each([
    [false, [0.877151, -2.084102, 0.6884505, 3.011503], [0.71849, -0.13898, -0.889505, -2.14503]],
    [true, [0.81257411, -2.07142622, 0.768335805, 3.20490283], [0.718031, -0.139862, -0.8886095, -2.146857]],
  ])('agrees with PyTorch over two steps (Nesterov: %s)', (nesterov, parameters, momenta) => {
    const states = afterTwoSteps(nesterov)
    for (const [i, value] of [...parameters, ...momenta].entries()) expect(states[i]).toBeCloseTo(value, 12)
    expect(states).toHaveLength(8)
  })

  it('reads a squared norm that is finite only where every element is', () => {
    expect(apply(squaredNorm, {}, start)).toEqual([[1 + 4 + 0.25 + 9]])
    const spoilt = (value: number) => apply(squaredNorm, {}, [one(1, 2, 3), other(value)])
    expect([Number.NaN, Number.NEGATIVE_INFINITY].map(spoilt)).toEqual([
      [[Number.NaN]],
      [[Number.POSITIVE_INFINITY]],
    ])
  })
})
