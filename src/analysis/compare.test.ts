import { describe, expect, test } from 'vitest'
import { config } from '../architecture/variants.ts'
import { compare } from './compare.ts'

describe('compare', () => {
  test('the paper and Torch differ in the place of the stride alone', () => {
    const { configDifferences, totals, layers } = compare(config('resnet50_v1'), config('resnet50'))
    expect(configDifferences).toEqual([{ key: 'block.strideAt', a: 'conv1', b: 'conv2' }])
    expect(totals.parameters.difference).toBe(0)
    expect(totals.macs).toEqual({ a: 3_857_973_248, b: 4_089_184_256, difference: 231_211_008 })
    const strides = layers.filter((layer) => layer.change === 'changed' && layer.keys.includes('stride'))
    expect(strides.map(({ name }) => name)).toEqual(
      [2, 3, 4].flatMap((stage) => [`layer${stage}.0.conv1`, `layer${stage}.0.conv2`]),
    )
  })

  test('layers that only one network has stand where they run', () => {
    const { layers } = compare(config('resnet18'), config('resnet34'))
    const added = layers.filter(({ change }) => change === 'only-b').map(({ name }) => name)
    expect(layers.some(({ change }) => change === 'only-a')).toBe(false)
    expect(added[0]).toBe('layer1.2.conv1')
    const names = layers.map(({ name }) => name)
    expect(names.indexOf('layer1.2.conv1')).toBeLessThan(names.indexOf('layer2.0.conv1'))
    expect(new Set(names).size).toBe(names.length)
  })

  test('a network compared with itself has no differences', () => {
    const { configDifferences, totals, layers } = compare(config('senet154'), config('senet154'))
    expect(configDifferences).toEqual([])
    expect(Object.values(totals).every(({ difference }) => difference === 0)).toBe(true)
    expect(layers.every(({ change }) => change === 'none')).toBe(true)
  })
})
