/** Operations over vectors and weights, and those that repeat or sum over dimensions, with their gradients. */
import { describe, it } from 'vitest'
import { checkGradients, type Named } from '../../../test/gradient-rules.ts'
import { add } from '../../ops/add.ts'
import { concat } from '../../ops/concat.ts'
import { multiply } from '../../ops/multiply.ts'
import type { Operation } from '../../ops/operation.ts'
import { reshape } from '../../ops/reshape.ts'
import { scale } from '../../ops/scale.ts'
import type { Shape } from '../../ops/shape.ts'
import { padChannels, slice } from '../../ops/slice.ts'
import { softmax } from '../../ops/softmax.ts'
import { standardiseWeight } from '../../ops/standardise-weight.ts'
import { broadcastTo, sumTo } from '../../ops/sum-to.ts'

const odd: Shape = ['N', 11, 7, 9]

it.each([[[24, 5, 3, 3]], [[7, 11, 1, 1]]])('standardised weights %s', (shape) =>
  checkGradients({ shape, batch: 1, operation: standardiseWeight, attributes: { epsilon: 1e-6 } }))

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
    checkGradients({ shape: from, batch: 3, operation: reshape, attributes: { shape } }))
})

describe('shares of vectors', () => {
  it.each([[['N', 2, 12, 1]], [['N', 2, 5, 1]], [['N', 9]]] satisfies readonly [Shape][])('%s', (shape) =>
    checkGradients({ shape, batch: 3, operation: softmax, attributes: { axis: 1 } }))
})

describe('channels', () => {
  it.each([odd, ['N', 11, 1, 1]] satisfies readonly Shape[])('of [%s, %s, %s, %s]', async (...shape) => {
    const on = <A extends object>(operation: Operation<A>, attributes: A, inputs: Named = []) =>
      checkGradients({ shape, batch: 2, operation, attributes, inputs })
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
    checkGradients({ shape, batch: 3, operation: multiply, attributes: {}, inputs: [['second', second]] }))
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
    await checkGradients({ shape: large, batch: 3, operation: sumTo, attributes: { shape: small, axes } })
    await checkGradients({
      shape: small,
      batch: 3,
      operation: broadcastTo,
      attributes: { shape: large, axes },
    })
  })
})
