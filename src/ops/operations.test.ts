/** What the operations answer: convolution against its definition, masks, statistics, and refusals in words. */
import { describe, expect, it } from 'vitest'
import { apply, array } from '../../test/apply.ts'
import { averagePool } from './average-pool.ts'
import { batchNormTraining } from './batch-norm-training.ts'
import { blurPool } from './blur-pool.ts'
import { type ConvolutionAttributes, conv2d } from './conv2d.ts'
import { dropBlockMask } from './drop-block-mask.ts'
import { maxPool } from './max-pool.ts'
import type { Array64 } from './operation.ts'
import { randomUniform } from './random-bits.ts'
import { randomMask } from './random-mask.ts'
import { bindBatch, elements, type Shape } from './shape.ts'
import { softmaxCrossEntropy } from './softmax-cross-entropy.ts'
import { pad } from './window.ts'

function random(shape: readonly number[], stream: number): Array64 {
  const data = new Float64Array(elements(shape)).map((_, i) => 2 * randomUniform(Date.now(), stream, i) - 1)
  return { shape, data }
}

/** The definition of convolution, one output at a time. */
function convolveByDefinition(
  x: Array64,
  weight: Array64,
  attributes: ConvolutionAttributes,
  y: readonly number[],
): number[] {
  const [, channels = 0, height = 0, width = 0] = x.shape
  const [, groupChannels = 0, kernelHeight = 0, kernelWidth = 0] = weight.shape
  const [batch = 0, filters = 0, outHeight = 0, outWidth = 0] = y
  const { stride, dilation, padding, groups } = attributes
  const result: number[] = []
  for (let n = 0; n < batch; n++)
    for (let k = 0; k < filters; k++)
      for (let p = 0; p < outHeight; p++)
        for (let q = 0; q < outWidth; q++) {
          let sum = 0
          for (let c = 0; c < groupChannels; c++)
            for (let r = 0; r < kernelHeight; r++)
              for (let s = 0; s < kernelWidth; s++) {
                const channel = Math.floor(k / (filters / groups)) * groupChannels + c
                const row = p * stride[0] + r * dilation[0] - padding.top
                const column = q * stride[1] + s * dilation[1] - padding.left
                const inside = row >= 0 && row < height && column >= 0 && column < width
                const value = inside
                  ? (x.data[((n * channels + channel) * height + row) * width + column] ?? 0)
                  : 0
                sum +=
                  value * (weight.data[((k * groupChannels + c) * kernelHeight + r) * kernelWidth + s] ?? 0)
              }
          result.push(sum)
        }
  return result
}

describe('convolution', () => {
  const cases: readonly [string, Shape, Shape, Partial<ConvolutionAttributes>][] = [
    ['1×1', [2, 5, 4, 3], [7, 5, 1, 1], {}],
    ['3×3 with stride 2 on an odd map', [1, 3, 7, 9], [4, 3, 3, 3], { stride: [2, 2], padding: pad(1) }],
    ['7×7 with stride 2', [1, 3, 15, 12], [2, 3, 7, 7], { stride: [2, 2], padding: pad(3) }],
    ['groups', [2, 6, 5, 5], [9, 2, 3, 3], { groups: 3, padding: pad(1) }],
    ['depthwise', [2, 4, 6, 5], [4, 1, 3, 3], { groups: 4, padding: pad(1), stride: [2, 1] }],
    [
      'dilation and uneven padding',
      [1, 2, 8, 9],
      [3, 2, 3, 2],
      { dilation: [2, 3], padding: { top: 0, left: 2, bottom: 3, right: 1 } },
    ],
    ['filters that four does not divide', [1, 5, 3, 3], [3, 5, 2, 2], {}],
  ]

  it.each(cases)('is its definition: %s', (_title, xShape, weightShape, some) => {
    const attributes: ConvolutionAttributes = {
      stride: [1, 1],
      dilation: [1, 1],
      padding: pad(0),
      groups: 1,
      ...some,
    }
    const [x, weight] = [random(bindBatch(xShape, 1), 1), random(bindBatch(weightShape, 1), 2)]
    const [shape = []] = conv2d.shapes([xShape, weightShape], attributes)
    const [y = []] = apply(conv2d, attributes, [x, weight])
    convolveByDefinition(x, weight, attributes, bindBatch(shape, 1)).forEach((expected, i) => {
      expect(y[i]).toBeCloseTo(expected, 12)
    })
  })

  it('counts multiply-adds for one image, whatever the batch', () => {
    const attributes: ConvolutionAttributes = { stride: [2, 2], dilation: [1, 1], padding: pad(3), groups: 1 }
    const shapes: readonly Shape[] = [
      ['N', 3, 224, 224],
      [64, 3, 7, 7],
    ]
    expect(conv2d.macs?.(shapes, conv2d.shapes(shapes, attributes), attributes)).toBe(118_013_952)
  })
})

describe('pools', () => {
  const column = array([1, 1, 3, 1], [-3, -1, -2])
  const window = {
    kernel: [3, 1],
    stride: [2, 1],
    padding: { top: 1, left: 0, bottom: 1, right: 0 },
  } as const

  it('never lets negative infinity win, but lets a padding of zeros win', () => {
    expect(apply(maxPool, { ...window, paddingValue: 'negative-infinity' }, [column])).toEqual([[-1, -1]])
    expect(apply(maxPool, { ...window, paddingValue: 'zero' }, [column])).toEqual([[0, 0]])
  })

  it('divide by the window or by its real cells', () => {
    expect(apply(averagePool, { ...window, countPadding: true }, [column])).toEqual([[-4 / 3, -1]])
    expect(apply(averagePool, { ...window, countPadding: false }, [column])).toEqual([[-2, -1.5]])
  })

  it('blur with reflected edges', () => {
    const row = array([1, 1, 2, 3], [1, 2, 4, 1, 2, 4])
    const [y = []] = apply(blurPool, { taps: [1, 2, 1], stride: 2, padding: 'reflect' }, [row])
    expect(y).toEqual([(2 + 2 * 1 + 2) / 4, (2 + 2 * 4 + 2) / 4])
  })

  it('pass a NaN on', () => {
    const [y] = apply(maxPool, { ...window, paddingValue: 'zero' }, [array([1, 1, 3, 1], [1, Number.NaN, 2])])
    expect(y).toEqual([Number.NaN, Number.NaN])
  })
})

describe('batch normalisation in training', () => {
  it('normalises by the biased variance and averages the unbiased one', () => {
    const x = array([2, 1, 1, 2], [1, 2, 3, 6])
    const inputs = [x, array([1], [2]), array([1], [0.5]), array([1], [1]), array([1], [1])]
    const [y, mean, inverse, nextMean, nextVariance] = apply(
      batchNormTraining,
      { epsilon: 0.5, momentum: 0.1 },
      inputs,
    )
    const deviation = Math.sqrt(3.5 + 0.5)
    expect(mean).toEqual([3])
    expect(inverse?.[0]).toBeCloseTo(1 / deviation, 12)
    expect(y?.[3]).toBeCloseTo((2 * 3) / deviation + 0.5, 12)
    expect(nextMean?.[0]).toBeCloseTo(0.9 + 0.3, 12)
    expect(nextVariance?.[0]).toBeCloseTo(0.9 + (0.1 * 14) / 3, 12)
  })
})

describe('cross entropy', () => {
  it('survives logits that overflow an exponential', () => {
    const inputs = [array([1, 2], [1000, 0]), array([1, 2], [0, 1]), array([1], [1])]
    expect(apply(softmaxCrossEntropy, {}, inputs)).toEqual([[1000]])
  })

  it('counts nothing for an image of weight zero', () => {
    const inputs = [array([2, 2], [0, 0, 5, 1]), array([2, 2], [1, 0, 0, 1]), array([2], [1, 0])]
    expect(apply(softmaxCrossEntropy, {}, inputs)[0]?.[0]).toBeCloseTo(Math.log(2), 12)
  })
})

describe('random masks', () => {
  const seed = array([2], [7, 3])
  const images = (...indices: readonly number[]) => array([indices.length], indices)
  const attributes = { stream: 4, keep: 0.8, scale: true, shape: ['N', 2, 50, 50] } as const
  const draw = (index: Array64, stream = 4) => [
    ...(randomMask.reference([seed, index], { ...attributes, stream }, [[index.data.length, 2, 50, 50]])[0] ??
      []),
  ]

  it('keep the share that they should, scaled to an expectation of 1', () => {
    const mask = draw(images(0, 1, 2, 3))
    expect(mask.reduce((sum, value) => sum + value, 0) / mask.length).toBeCloseTo(1, 1)
    expect(new Set(mask)).toEqual(new Set([0, 1.25]))
  })

  it('depend on the image, not on its place in a micro-batch', () => {
    expect(draw(images(5, 6)).slice(5000)).toEqual(draw(images(6)))
    expect(draw(images(5))).not.toEqual(draw(images(6)))
    expect(draw(images(5), 1)).not.toEqual(draw(images(5), 2))
  })

  it('of DropBlock drop whole squares and keep the mean at 1', () => {
    const shape = [1, 1, 20, 20]
    const [mask = new Float64Array()] = dropBlockMask.reference(
      [seed, images(0)],
      { stream: 1, gamma: 0.02, size: 3, shape: ['N', 1, 20, 20] },
      [shape],
    )
    expect(mask.reduce((sum, value) => sum + value, 0)).toBeCloseTo(400, 8)
    const dropped = [...mask.keys()].filter((cell) => mask[cell] === 0)
    expect(dropped.length).toBeGreaterThan(8)
    // Each dropped cell lies in a square of 3 × 3 dropped cells, all of it in the map.
    const droppedSquare = (top: number, left: number) =>
      top >= 0 &&
      left >= 0 &&
      top <= 17 &&
      left <= 17 &&
      [0, 1, 2].every((row) => [0, 1, 2].every((column) => mask[(top + row) * 20 + left + column] === 0))
    for (const cell of dropped) {
      const [row, column] = [Math.floor(cell / 20), cell % 20]
      const corners = [0, 1, 2].flatMap((up) => [0, 1, 2].map((back) => [row - up, column - back] as const))
      expect(corners.some(([top, left]) => droppedSquare(top, left))).toBe(true)
    }
  })
})
