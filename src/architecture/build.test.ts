import { describe, expect, it } from 'vitest'
import { ConfigError } from '../errors.ts'
import { parametersOf, valueNamed } from '../graph/graph.ts'
import { buildResNet } from './build.ts'
import { type Changes, changed } from './change.ts'
import { parseConfig, type ResNetConfig } from './config.ts'
import { buildGradients } from './gradients.ts'
import { config, variantNamed, variants } from './variants.ts'

function shapeOf(network: ResNetConfig, name: string): readonly (number | 'N')[] {
  return valueNamed(buildResNet(network), name).shape
}

describe('every named network', () => {
  it.each(variants().map(({ name }) => name))('%s builds, and its config survives JSON', (name) => {
    const { config } = variantNamed(name)
    const graph = buildResNet(config)
    expect(graph.outputs.get('logits')?.shape).toEqual(['N', config.classes])
    expect(graph.values.has('features')).toBe(true)
    expect(parseConfig(JSON.parse(JSON.stringify(config)))).toEqual(config)
  })

  it('has a name of its own', () => {
    const names = variants().map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
  })
})

describe('names with numbers', () => {
  it('give every CIFAR network of 6n + 2 layers and its plain twin', () => {
    expect(variantNamed('cifar_resnet26').config.stages.map(({ blocks }) => blocks)).toEqual([4, 4, 4])
    expect(variantNamed('cifar_plain8').config.shortcut.kind).toBe('none')
    expect(variantNamed('cifar_resnet20').config).toEqual(variantNamed('resnet20').config)
  })

  it('give every Wide ResNet of 6n + 4 layers', () => {
    expect(variantNamed('wrn_10_3').config.stages.map(({ width }) => width)).toEqual([48, 96, 192])
  })

  it.each([
    ['cifar_resnet21', 'names of this family are cifar_resnetN with N = 6n + 2'],
    ['cifar_resnet2', 'names of this family are cifar_resnetN with N = 6n + 2'],
    ['wrn_28_0', 'names of this family are wrn_D_K with D = 6n + 4 and K from 1'],
    ['resnet5O', 'did you mean resnet50?'],
    ['__proto__', 'there is no network named "__proto__"'],
  ])('refuse %s', (name, message) => {
    expect(() => variantNamed(name)).toThrow(ConfigError)
    expect(() => variantNamed(name)).toThrow(message)
  })
})

describe('any input and any number of classes', () => {
  it('runs an ImageNet network on 32×32 images by another stem and head alone', () => {
    const small = changed(config('resnet18'), {
      input: [32, 32],
      classes: 10,
      'stem.kind': '3x3',
      'stem.stride': 1,
      'stem.pool': { kind: 'none' },
    })
    expect(shapeOf(small, 'stage4')).toEqual(['N', 512, 4, 4])
    expect(shapeOf(small, 'logits')).toEqual(['N', 10])
  })

  it('runs a CIFAR network on 224×224 images by another stem and head alone', () => {
    const large = changed(config('cifar_resnet20'), {
      input: [224, 224],
      classes: 1000,
      'stem.kind': '7x7',
      'stem.stride': 2,
      'stem.pool': { kind: 'max', padding: 'symmetric' },
    })
    expect(shapeOf(large, 'stage3')).toEqual(['N', 64, 14, 14])
    expect(shapeOf(large, 'logits')).toEqual(['N', 1000])
  })

  it('takes one channel or four, and images that no power of two divides', () => {
    const odd = changed(config('resnet50d'), { input: [65, 97], inputChannels: 4 })
    expect(shapeOf(odd, 'conv1.0.weight')).toEqual([32, 4, 3, 3])
    expect(shapeOf(odd, 'stage4')).toEqual(['N', 2048, 3, 4])
  })

  it('keeps the resolution of dilated stages', () => {
    const dense = changed(config('resnet50'), { outputStride: 8 })
    expect(shapeOf(dense, 'stage4')).toEqual(['N', 2048, 28, 28])
  })
})

describe('blocks of the relatives inside a residual network', () => {
  it('gives one stage dense layers', () => {
    const mixed = changed(config('resnet18'), {
      'stages.2': {
        blocks: 4,
        width: 32,
        stride: 2,
        block: { kind: 'dense', bottleneck: 4, compression: 0.5 },
      },
    })
    expect(shapeOf(mixed, 'stage3')).toEqual(['N', 64 + 4 * 32, 14, 14])
    expect(shapeOf(mixed, 'stage4')).toEqual(['N', 512, 7, 7])
  })

  it('gives one stage inverted bottlenecks', () => {
    const mixed = changed(config('resnet18'), { 'stages.1.block': { kind: 'inverted', expansion: 6 } })
    expect(shapeOf(mixed, 'stage2')).toEqual(['N', 128, 28, 28])
    expect(shapeOf(mixed, 'layer2.0.conv.1.0.weight')).toEqual([384, 1, 3, 3])
  })
})

describe('an impossible config', () => {
  const cases: readonly [string, Changes, string][] = [
    ['resnet50', { 'stages.2.blocks': 0 }, 'stages.2.blocks'],
    ['resnet18', { 'block.groups': 3 }, 'block.groups'],
    ['resnet50', { 'stages.0.width': 8, 'block.baseWidth': 1 }, 'block.baseWidth'],
    ['resnet50_gn', { 'stages.0.width': 12 }, 'normalisation.groups'],
    ['resnet50', { 'stem.innerWidths': [32, 32] }, 'stem.innerWidths'],
    ['resnet50', { classes: 0 }, 'classes'],
    ['resnet50', { classes: 1e9 }, 'classes'],
    ['resnet50', { 'stages.0.blocks': 1e9 }, 'stages.0.blocks'],
    ['resnet50', { stages: [] }, 'stages'],
    ['resnet50', { input: [224] }, 'input.1'],
    ['resnet50', { 'block.kind': 'botleneck' }, 'block.kind'],
    ['resnet50', { 'block.strideAt': 'conv3' }, 'block.strideAt'],
    ['resnet50_caffe', { input: [256, 256] }, 'head.pool.size'],
    ['ecaresnet50d', { 'attention.kernel': 4 }, 'attention.kernel'],
    ['resnet18_a', { 'stages.1.width': 32 }, 'stages.1.width'],
    ['keras_resnet50v2', { 'stages.0.stride': 2 }, 'stages.0.stride'],
    ['resnet50', { 'block.nonsense': 1 }, 'block.nonsense'],
    ['resnet50', { 'stages.9.width': 1 }, 'stages.9.width'],
    ['resnet50', { '__proto__.polluted': 1 }, '__proto__.polluted'],
  ]

  it.each(cases)('%s with %j names the key', (name, changes, key) => {
    const build = () => buildResNet(changed(config(name), changes))
    expect(build).toThrow(ConfigError)
    try {
      build()
    } catch (error) {
      expect(error instanceof ConfigError && error.key).toBe(key)
    }
  })
})

describe('a training graph', () => {
  const tiny = changed(config('resnet18'), { input: [33, 33], classes: 4 })

  it('has a gradient for every parameter, and next running statistics for every normalisation', () => {
    const graph = buildGradients(tiny)
    for (const { name } of parametersOf(graph)) expect(graph.outputs.has(`gradient/${name}`)).toBe(true)
    expect(graph.assignments).toHaveLength(2 * 20)
  })

  it('costs nothing for what is frozen', () => {
    const whole = buildGradients(tiny)
    const frozen = buildGradients(tiny, {
      trained: ['fc.weight', 'fc.bias'],
      frozen: ['stem', 'stage 1', 'stage 2', 'stage 3', 'stage 4'],
    })
    expect(frozen.assignments).toHaveLength(0)
    const convolutionGradients = (graph: typeof whole) =>
      graph.nodes.filter(
        ({ operation }) => operation.name.startsWith('conv2d') && operation.name !== 'conv2d',
      ).length
    expect(convolutionGradients(whole)).toBeGreaterThan(30)
    expect(convolutionGradients(frozen)).toBe(0)
  })

  it('draws random numbers only where the config asks for them', () => {
    expect(buildGradients(tiny).inputs.has('seed')).toBe(false)
    const dropped = changed(tiny, { 'head.dropout': 0.5, 'regularisation.dropBlock': { rate: 0.1 } })
    expect(buildGradients(dropped).inputs.has('imageIndex')).toBe(true)
    expect(buildResNet(dropped).inputs.has('seed')).toBe(false)
  })
})
