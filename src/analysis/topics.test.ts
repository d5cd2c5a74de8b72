/** Every field of a config has a topic that speaks of it in plain English. */
import { expect, test } from 'vitest'
import { changed } from '../architecture/change.ts'
import type { ResNetConfig } from '../architecture/config.ts'
import { configParts } from '../architecture/usual.ts'
import { config, variants } from '../architecture/variants.ts'
import { compare, configDifferences } from './compare.ts'
import { sentencesOf, speaksOf, topics } from './topics.ts'

/** Paths of all fields of all named networks, and of every kind of every part. */
const paths = new Set(
  [
    ...variants().map((variant) => variant.config),
    ...configParts.flatMap((part) =>
      'kinds' in part && !part.at.includes('*') && part.at !== 'shortcut.combine'
        ? Object.keys(part.kinds).map((kind) => changed(config('resnet50'), { [`${part.at}.kind`]: kind }))
        : [],
    ),
  ].flatMap((other) => [
    ...configDifferences(config('resnet50'), other).map(({ key }) => key),
    ...configDifferences(config('resnet20'), other).map(({ key }) => key),
  ]),
)

test('every field has a topic', () => {
  expect(paths.size).toBeGreaterThan(50)
  expect([...paths].filter((path) => !topics.some((topic) => speaksOf(topic, path)))).toEqual([])
})

test('two named networks that do not compute the same have a sentence', () => {
  const all = variants()
  for (const [index, a] of all.entries()) {
    // Each with its neighbours, which differ least, and with one from afar.
    for (const b of [all[index + 1], all[index + 2], all[(index + 97) % all.length]]) {
      if (b === undefined) continue
      const differing = configDifferences(a.config, b.config).map(({ key }) => key)
      const sentences = sentencesOf(a, b, differing)
      if (sentences.length === 0 && differing.length > 0) {
        const { layers } = compare(a.config, b.config)
        const changed = layers.filter(({ change }) => change !== 'none')
        expect(changed, `${a.name} and ${b.name} differ in ${differing.join(', ')}`).toEqual([])
      }
      for (const sentence of sentences) expect(sentence).not.toMatch(/undefined|NaN|\[object|null/)
    }
  }
})

test('each kind of each part is told apart from the others', () => {
  for (const part of configParts) {
    if (!('kinds' in part) || part.at.includes('*')) continue
    const base = config(part.at.startsWith('shortcut') ? 'resnet20' : 'resnet50')
    const networks = Object.keys(part.kinds).map((kind) => ({
      name: kind,
      config: changed(base, { [`${part.at}.kind`]: kind }),
    }))
    for (const a of networks) {
      for (const b of networks) {
        if (a === b) continue
        const differing = configDifferences(a.config, b.config).map(({ key }) => key)
        expect(sentencesOf(a, b, differing), `${part.at} ${a.name} and ${b.name}`).not.toEqual([])
      }
    }
  }
})

/** What sets two apart that are called A and B. */
function told(a: ResNetConfig, b: ResNetConfig): readonly string[] {
  const differing = configDifferences(a, b).map(({ key }) => key)
  return sentencesOf({ name: 'A', config: a }, { name: 'B', config: b }, differing)
}

test.each([
  // Blocks, shortcuts, strides, stems: what published networks of one size differ in.
  ['resnet50_v1', 'resnet50', "A puts the stride of a stage in the block's first 1×1 (v1, "],
  ['resnet50', 'keras_resnet50', "; B in the block's first 1×1 (v1, arXiv:1512.03385)."],
  ['resnet50_v1c', 'resnet50_v1d', 'B puts a 2×2 average before each strided projection'],
  ['resnet50', 'resnet50d', 'B puts a 2×2 average before each strided projection'],
  ['resnet50', 'resnet50_v1c', 'B begins with three 3×3 convolutions to 32, 32 and 64 channels'],
  ['resnet50_v1c', 'resnet50_v1s', '; B to 64, 64 and 128 channels.'],
  ['resnet34', 'resnet50', 'A has basic blocks of two 3×3 convolutions; B has bottleneck blocks'],
  ['cifar_plain20', 'resnet20', 'A has no shortcuts: it is a plain network; B has shortcuts without param'],
  ['resnet34', 'resnet34_a', 'where the shape changes (option B); B has shortcuts without parameters'],
  ['resnet50_v1', 'resnet50_c', 'B projects its shortcuts in every block (option C)'],
  ['resnet50', 'preact_resnet50', 'B normalises and activates before each convolution'],
  [
    'resnet50',
    'resnext50_32x4d',
    'groups (of 4 channels in stage 1), and is twice as wide inside its blocks',
  ],
  ['resnext101_32x8d', 'resnext101_64x4d', '; B into 64 groups (of 4 channels in stage 1)'],
  ['resnet50', 'wide_resnet50_2', 'B is twice as wide inside its blocks'],
  ['resnet50', 'seresnet50', 'B weighs the channels of each block by squeeze and excitation'],
  ['seresnet50', 'ecaresnet50d', '; B by a convolution over neighbouring channels (ECA'],
  ['resnet50', 'skresnet50', 'B selects between two 3×3 kernels in each block'],
  ['resnet50', 'resnetblur50', 'B replaces the stride of a 3×3 convolution by a blur after it'],
  ['resnet50', 'resnet50_gn', '; B normalises each picture by itself, in 32 groups of channels'],
  ['resnet50_v1', 'resnet50_caffe', '; B padded after the map alone (ceil mode, Caffe).'],
  ['resnet110', 'cifar_resnet110_stochastic_depth', 'B drops whole branches in training'],
  ['resnet110', 'cifar_resnet110_exclusive_gating', 'B weighs shortcut and branch by a learned gate'],
  // Sizes: pictures and stages come first where they are not the same.
  ['resnet18', 'resnet34', 'A has 2 blocks in each stage; B has 3, 4, 6 and 3 blocks in its 4 stages.'],
  ['resnet50', 'resnet101', 'A has 3, 4, 6 and 3 blocks in its 4 stages; B 3, 4, 23 and 3 blocks.'],
  ['resnet20', 'resnet110', 'A has 3 blocks in each stage; B 18 blocks.'],
  ['resnet20', 'resnet18', 'A is made for pictures of 32×32 and has 3 stages of width 16, 32 and 64 with 3'],
  ['resnet20', 'wrn_28_10', 'A has 3 stages of width 16, 32 and 64 with 3 blocks each; B of width 160, 320'],
  [
    'densenet121',
    'densenet161',
    'each of which adds 32 channels (the growth); B has 4 stages with 6, 12, 36',
  ],
  // Families that have little in common.
  [
    'resnet50',
    'densenet121',
    'A is a residual network: each block adds what it computes to its input; B is a D',
  ],
  ['mobilenet_v2', 'resnet50', 'A is a MobileNetV2'],
])('%s and %s: the first sentence has the point', (a, b, words) => {
  const [first = ''] = told(config(a), config(b))
  expect(first).toContain(words)
  expect(first.length).toBeLessThan(300)
})

test.each([
  ['resnet50', 'resnet50_gn', /running statistics/],
  ['resnet50', 'densenet121', /stride of a stage|width 32|pre-activation|projection/],
  ['resnet18', 'resnet50', /stride of a stage/],
  ['resnet50', 'preact_resnet50', /last map/],
  ['resnet20', 'wrn_28_10', /strides/],
])('%s and %s: nothing is told that follows from what was told', (a, b, noise) => {
  expect(told(config(a), config(b)).join('\n')).not.toMatch(noise)
})

test.each([
  ['resnet50d', 'gluon_resnet50_v1d'],
  ['resnet50', 'gluon_resnet50_v1b'],
])('%s and %s compute the same: no sentence', (a, b) => {
  expect(told(config(a), config(b))).toEqual([])
})

test('a field that counts only in dilated stages is told where some are', () => {
  const dilated = (name: string) => changed(config(name), { outputStride: 8 })
  const [first] = told(dilated('resnet50d'), dilated('gluon_resnet50_v1d'))
  expect(first).toBe('A keeps the average before a projection in dilated stages, with stride 1.')
})
