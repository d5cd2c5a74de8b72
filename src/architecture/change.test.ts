/** Changing a config: kinds bring their fields along, and what is impossible is said of the field that was changed. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ConfigError } from '../errors.ts'
import { buildResNet } from './build.ts'
import { buildChanged } from './build-changed.ts'
import { type Changes, changed } from './change.ts'
import type { ResNetConfig } from './config.ts'
import { configParts } from './usual.ts'
import { config, variants } from './variants.ts'

/** Every kind of every part that has kinds. */
const kinds = configParts.flatMap((part) =>
  'kinds' in part ? Object.keys(part.kinds).map((kind) => ({ at: part.at.replace('*', '1'), kind })) : [],
)

/** The same network with two blocks a stage at most: deeper ones say nothing new. */
function shallow(whole: ResNetConfig): ResNetConfig {
  return { ...whole, stages: whole.stages.map((stage) => ({ ...stage, blocks: Math.min(2, stage.blocks) })) }
}

/** The named networks without those that differ in depth alone. */
const networks = new Map(
  variants().map(({ name, config }) => [JSON.stringify(shallow(config)), { name, config: shallow(config) }]),
)

/** The key of the `ConfigError` that building ends with; nothing where the network is built. */
function blamed(base: ResNetConfig, changes: Changes): string | undefined {
  try {
    buildChanged(base, changes)
    return undefined
  } catch (error) {
    if (error instanceof ConfigError) return error.key
    throw error
  }
}

describe('a kind that is changed', () => {
  test('gives a network, or an error of the part that it stands in, for every kind of every named network', () => {
    let built = 0
    for (const { name, config } of networks.values()) {
      for (const { at, kind } of kinds) {
        if (at === 'shortcut.combine' && config.shortcut.kind === 'none') continue
        const key = blamed(config, { [`${at}.kind`]: kind })
        if (key === undefined) built++
        else expect(`${key}.`.startsWith(`${at}.`), `${name} with ${at} ${kind} blames ${key}`).toBe(true)
      }
    }
    expect(built).toBeGreaterThan(networks.size * kinds.length * 0.8)
  })

  test.each([
    ['resnet50', { 'attention.kind': 'se' }, 'attention', config('seresnet50').attention],
    ['resnet50', { 'stem.pool.kind': 'none' }, 'stem.pool', { kind: 'none' }],
    ['resnet50d', { 'stem.kind': '7x7' }, 'stem', config('resnet50').stem],
    ['resnet50', { 'stem.kind': 'deep' }, 'stem', config('resnet50d').stem],
    ['resnet50', { 'block.kind': 'basic' }, 'block', config('resnet34').block],
    ['resnet34', { 'block.kind': 'bottleneck' }, 'block', config('resnet50').block],
    ['resnet50', { 'normalisation.kind': 'group' }, 'normalisation', config('resnet50_gn').normalisation],
    ['keras_resnet50_old', { 'normalisation.kind': 'group' }, 'normalisation.epsilon', 1e-3],
    ['cifar_plain20', { 'shortcut.kind': 'zero-padding' }, 'shortcut', config('resnet20').shortcut],
    ['resnet50', { 'stages.1.block.kind': 'basic' }, 'stages.1.block', config('resnet34').block],
    ['resnet50', { 'convolution.standardised.epsilon': 1e-5 }, 'convolution.standardised', { epsilon: 1e-5 }],
  ] as const)('%s with %j takes the usual fields', (name, changes, at, wanted) => {
    const now: unknown = changed(config(name), changes)
    const found = at.split('.').reduce((value: unknown, key) => Reflect.get(Object(value), key), now)
    expect(found).toEqual(wanted)
  })

  test('comes before its fields, in whatever order they are given', () => {
    const changes = { 'attention.reduction': 4, 'attention.kind': 'se' }
    expect(changed(config('resnet50'), changes).attention).toMatchObject({ kind: 'se', reduction: 4 })
  })

  test('stays as it is where it is set to itself', () => {
    const rs = config('resnetrs50')
    expect(changed(rs, { 'attention.kind': 'se' })).toEqual(rs)
  })

  test.each([
    [{ 'attention.kind': 'self' }, 'attention.kind: must be one of none, se, eca, sk, not "self"'],
    [{ 'attention.reduction': 4 }, 'no field "reduction" here; the fields of the kind none are kind'],
    [{ attention: { kind: 'se' } }, 'attention.reduction: is missing of the kind se'],
    [
      { attention: { kind: 'none', reduction: 4 } },
      'attention.reduction: is not a field of the config of the kind none',
    ],
    [{ 'stages.7.width': 4 }, 'there is no entry 7; they are 0 to 3'],
  ])('%j is told in one line', (changes, words) => {
    expect(() => changed(config('resnet50'), changes)).toThrow(words)
  })
})

describe('an impossible change', () => {
  test.each([
    ['resnetblur50', { 'block.strideAt': 'conv1' }, 'block.strideAt: must be conv2 or last-block'],
    [
      'resnet50_v1',
      { 'antialias.kind': 'blur' },
      'antialias.kind: "blur" does not go with block.strideAt: must be',
    ],
    [
      'resnet20',
      { 'stages.1.block.kind': 'dense' },
      'stages.1.block.kind: "dense" does not go with stages.2.width',
    ],
    [
      'resnet50_caffe',
      { 'stages.3.stride': 1 },
      'stages.3.stride: 1 does not go with head.pool.size: a fixed 7×7',
    ],
    [
      'resnet20',
      { 'normalisation.kind': 'group' },
      'normalisation.groups: 32 does not divide the 16 channels',
    ],
    ['densenet121', { 'attention.kind': 'se' }, 'attention.kind: must be none: dense layers'],
    ['resnet50', { input: [1, 1], 'stem.pool.kind': 'average' }, 'input: 1×1 leaves a map of 1×1, too small'],
  ])('%s with %j blames what was changed', (name, changes, words) => {
    expect(() => buildChanged(config(name), changes)).toThrow(words)
  })

  test('names a field that was changed, whatever is changed', () => {
    fc.assert(
      fc.property(fc.constantFrom(...networks.values()), someChanges, (network, given) => {
        const changes = Object.fromEntries(given)
        const known = Object.keys(changes)
        const key = blamed(network.config, changes)
        if (key === undefined) return
        const touched = known.some((other) => `${key}.`.startsWith(`${other.replace(/\.kind$/, '')}.`))
        expect(touched, `${network.name} with ${JSON.stringify(changes)} blames ${key}`).toBe(true)
      }),
      { numRuns: Number(process.env.RESNET_TS_CASES ?? 500) },
    )
  })

  test('a network that is built can be trained too', () => {
    fc.assert(
      fc.property(fc.constantFrom(...networks.values()), someChanges, (network, given) => {
        const changes = Object.fromEntries(given)
        if (blamed(network.config, changes) !== undefined) return
        buildResNet(changed(network.config, changes), { mode: 'training' })
      }),
      { numRuns: 50 },
    )
  })
})

const sizes = [1, 2, 3, 5, 7, 8, 15, 16, 32, 33, 64, 97, 224]
const widths = [1, 3, 8, 12, 16, 30, 32, 64, 100]
const orders = [
  'original',
  'bn-after-addition',
  'relu-before-addition',
  'relu-only-preactivation',
  'full-preactivation',
]
const block: Readonly<Record<string, readonly unknown[]>> = {
  order: orders,
  expansion: [1, 2, 3, 4],
  groups: [1, 2, 3, 32],
  baseWidth: [1, 4, 64, 128],
  reduceFirst: [1, 2, 4],
  strideAt: ['conv1', 'conv2', 'last-block'],
  firstActivation: ['own', 'stem'],
  shortcutReads: ['raw', 'activated', 'activated-at-stage-start'],
  bottleneck: [1, 4],
  compression: [0.01, 0.5, 1],
}

/** Values that a field may be changed to; a few are impossible by themselves. */
const values: Readonly<Record<string, readonly unknown[]>> = {
  input: sizes.flatMap((height) => [
    [height, height],
    [height, 32],
    [224, height],
  ]),
  inputChannels: [1, 3, 4, 12],
  classes: [0, 1, 10, 1001],
  'stem.width': widths,
  'stem.innerWidths': [[], [32, 32], [3, 5]],
  'stem.stride': [1, 2, 3],
  'stem.activated': [true, false],
  'stem.inputNormalisation': ['none', 'statistics', 'statistics-and-shift'],
  'stem.pool.padding': ['symmetric', 'ceil', 'same', 'zeros'],
  ...Object.fromEntries(Object.entries(block).map(([field, all]) => [`block.${field}`, all])),
  ...Object.fromEntries(Object.entries(block).map(([field, all]) => [`stages.1.block.${field}`, all])),
  'stages.0.stride': [1, 2],
  'stages.1.stride': [1, 2],
  'stages.2.stride': [1, 2],
  'stages.0.width': widths,
  'stages.1.width': widths,
  'stages.2.blocks': [0, 1, 2],
  'shortcut.sampling': ['subsample', 'average'],
  'shortcut.zeros': ['end', 'both'],
  'shortcut.where': ['shape-change', 'stage-start', 'every-block'],
  'shortcut.kernel': [1, 3],
  'shortcut.pool': ['none', 'average'],
  'shortcut.dilatedPool': ['none', 'same'],
  'shortcut.normalised': [true, false],
  'normalisation.epsilon': [0, 1e-5],
  'normalisation.groups': [1, 3, 32],
  activation: ['relu', 'relu6', 'silu', 'gelu'],
  'convolution.bias': [[], ['stem'], ['conv1', 'conv2', 'conv3', 'shortcut']],
  'convolution.standardised': [null, { epsilon: 1e-8 }],
  'convolution.padding': ['symmetric', 'same'],
  'attention.reduction': [1, 16, 1024],
  'attention.position': ['branch-end', 'before-last-convolution'],
  'attention.kernel': ['from-width', 3, 4, 31],
  'attention.split': [true, false],
  'antialias.taps': [[], [1], [1, 1], [1, 2, 1], [1, 3, 3, 1], [0, 0], [1, 6, 15, 20, 15, 6, 1]],
  'regularisation.stochasticDepth.rate': [0, 0.5],
  'regularisation.dropBlock.rate': [0.1],
  'head.finalActivation': ['none', 'activation', 'normalisation-and-activation'],
  'head.convolutionWidth': [0, 10, 1280],
  'head.pool.size': [1, 4, 7, 8],
  'head.classifier': ['linear', 'convolution'],
  'head.backgroundClass': [true, false],
  outputStride: [8, 16, 32],
}

const oneChange = fc.oneof(
  fc.constantFrom(...kinds).map(({ at, kind }): [string, unknown] => [`${at}.kind`, kind]),
  fc
    .constantFrom(...Object.entries(values))
    .chain(([key, all]) => fc.constantFrom(...all).map((value): [string, unknown] => [key, value])),
)
const someChanges = fc.uniqueArray(oneChange, { minLength: 1, maxLength: 4, selector: ([key]) => key })
