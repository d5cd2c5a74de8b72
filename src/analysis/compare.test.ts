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

  test('layers are matched by what they are for, whatever they are called', () => {
    const { layers } = compare(config('resnet50'), config('resnetv2_50'))
    const first = layers.find(({ name }) => name === 'layer2.0.conv1')
    expect(first).toMatchObject({
      change: 'none',
      b: { name: 'stages.1.blocks.0.conv1' },
    })
    expect(layers.filter(({ change }) => change === 'only-a').map(({ name }) => name)).toEqual(
      expect.not.arrayContaining([expect.stringContaining('conv')]),
    )
  })

  test('both are counted at one input where one is given', () => {
    const { configDifferences, layers } = compare(config('resnet20'), config('resnet18'), { input: [32, 32] })
    expect(configDifferences[0]).toEqual({ key: 'input', a: [32, 32], b: [224, 224] })
    expect(layers[0]).toMatchObject({ b: { outputShape: ['N', 64, 16, 16] } })
  })

  test('a change that repeats is told once, with where it is and what it costs', () => {
    const { changes } = compare(config('resnet50'), config('resnext50_32x4d'))
    expect(changes).toContainEqual({
      what: 'second convolution',
      change: 'groups 1 → 32, channels in × 2, channels out × 2',
      where: 'in all 16 blocks',
      layers: 16,
      parameters: expect.any(Number),
      macs: expect.any(Number),
    })
    const strides = compare(config('resnet50_v1'), config('resnet50')).changes
    expect(strides.map(({ change, where }) => `${change} ${where}`)).toEqual([
      'stride 2 → 1 in the first block of stages 2 to 4',
      'stride 1 → 2 in the first block of stages 2 to 4',
    ])
  })

  test('no kernel, group or addition is left out of the changes', () => {
    const words = (a: string, b: string) =>
      compare(config(a), config(b))
        .changes.map(({ what, change }) => `${what} ${change}`)
        .join('; ')
    expect(words('resnet34', 'resnet50')).toContain('third convolution is new (1×1)')
    expect(words('resnet34', 'resnet50')).toContain('first convolution 3×3 → 1×1')
    expect(words('resnet50', 'seresnet50')).toContain("attention's first convolution is new (1×1)")
    expect(words('gluon_resnet50_v1c', 'gluon_resnet50_v1d')).toContain('is new (2×2 average, stride 2)')
    expect(words('resnet50', 'skresnext50_32x4d')).toContain('groups')
  })

  test('changes that differ in their ratios alone are one', () => {
    const { changes } = compare(config('densenet121'), config('densenet201'))
    expect(changes).toContainEqual(
      expect.objectContaining({ what: 'first convolution', change: 'channels in × 1.39 to 1.75' }),
    )
    expect(changes.length).toBeLessThan(8)
  })

  test('a network compared with itself has no differences', () => {
    const { configDifferences, totals, layers } = compare(config('senet154'), config('senet154'))
    expect(configDifferences).toEqual([])
    expect(Object.values(totals).every(({ difference }) => difference === 0)).toBe(true)
    expect(layers.every(({ change }) => change === 'none')).toBe(true)
  })
})
