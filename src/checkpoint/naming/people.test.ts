/** The names that people's own code gives to networks, each written as that code writes it. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkpointOf } from '../../../test/checkpoint.ts'
import type { ResNetConfig } from '../../architecture/config.ts'
import { config, variants } from '../../architecture/variants.ts'
import { CheckpointError } from '../../errors.ts'
import { recogniseArchitecture } from '../recognise/recognise.ts'
import { sameStates, statesOf } from '../recognise/states.ts'
import { nameTensors } from './map.ts'

type Shapes = readonly (readonly [string, readonly number[]])[]

const renamed = (
  states: Iterable<readonly [string, readonly number[]]>,
  ...rules: readonly (readonly [RegExp, string | ((...parts: string[]) => string)])[]
): Shapes =>
  [...states].map(([name, shape]) => [
    rules.reduce(
      (now, [from, to]) => (typeof to === 'string' ? now.replace(from, to) : now.replace(from, to)),
      name,
    ),
    shape,
  ])

const read = (shapes: Shapes) => {
  const named = nameTensors(checkpointOf(shapes))
  return { named, recognition: recogniseArchitecture({ file: 'test', named }) }
}

const plus =
  (n: number) =>
  (_: string, digits = '0') =>
    String(Number(digits) + n)

describe('names of people', () => {
  const wide = statesOf(config('wrn_16_4'))
  const torchOfWide = renamed(
    wide,
    [/^stem\.conv/, 'conv1'],
    [/^norm\./, 'bn1.'],
    [/^stages\.(\d)\.blocks\./, (_, stage = '0') => `layer${Number(stage) + 1}.`],
    [/\.norm(\d)\./, '.bn$1.'],
    [/downsample\.conv/, 'shortcut.0'],
    [/^head\.fc/, 'linear'],
  )
  const wideAsBlocks = renamed(
    torchOfWide,
    [/^layer(\d)\./, 'block$1.layer.'],
    [/shortcut\.0/, 'convShortcut'],
    [/^linear/, 'fc'],
  )
  const basic = statesOf(config('resnet18'))
  const bottleneck = statesOf(config('resnet50'))
  const small: ResNetConfig = {
    ...config('resnet18'),
    stem: { ...config('resnet18').stem, kind: '3x3', stride: 1, pool: { kind: 'none' } },
  }
  const inSequence = (conv: number) =>
    [
      /\.(conv|bn)(\d)\./,
      (_: string, kind = '', n = '1') =>
        `.residual_function.${3 * (Number(n) - 1) + (kind === 'conv' ? conv : conv + 1)}.`,
    ] as const

  test.each<[string, Shapes, string]>([
    ["xternalz's Wide ResNet", renamed(wideAsBlocks, [/^/, 'module.']), 'wrn_16_4'],
    ["meliketoy's Wide ResNet", torchOfWide, 'wrn_16_4'],
    [
      "Detectron2's backbone",
      renamed(
        [...bottleneck].filter(([name]) => !name.startsWith('fc')),
        [/^(conv1|bn1)\./, (_, layer = '') => (layer === 'conv1' ? 'stem.conv1.' : 'stem.conv1.norm.')],
        [/^layer(\d)/, (_, stage = '0') => `res${Number(stage) + 1}`],
        [/\.bn(\d)\./, '.conv$1.norm.'],
        [/downsample\.0/, 'shortcut'],
        [/downsample\.1/, 'shortcut.norm'],
        [/^/, 'backbone.bottom_up.'],
      ),
      'resnet50_v1',
    ],
    [
      "OpenMMLab's backbone with its deep stem",
      renamed(
        statesOf(config('resnet50c')),
        [/^conv1\./, 'stem.'],
        [/^bn1\./, 'stem.7.'],
        [/^/, 'backbone.'],
        [/^backbone\.fc/, 'head.fc'],
      ),
      'resnet50c',
    ],
    [
      'a stem in a Sequential (layer0)',
      renamed(basic, [/^conv1\./, 'layer0.0.'], [/^bn1\./, 'layer0.1.'], [/^/, 'net.encoder.']),
      'resnet18',
    ],
    [
      'numbered children',
      renamed(bottleneck, [/^conv1/, '0'], [/^bn1/, '1'], [/^layer(\d)/, plus(3)], [/^fc/, '9']),
      'resnet50',
    ],
    [
      "lightly's and solo-learn's backbone",
      renamed(
        [...basic].filter(([name]) => !name.startsWith('fc')),
        [/^conv1/, '0'],
        [/^bn1/, '1'],
        [/^layer(\d)/, plus(3)],
        [/^/, 'backbone.'],
      ),
      'resnet18',
    ],
    [
      "VISSL's trunk",
      renamed(
        [...bottleneck].filter(([name]) => !name.startsWith('fc')),
        [/^/, 'trunk._feature_blocks.'],
      ),
      'resnet50',
    ],
    [
      'fully sharded training',
      renamed(
        basic,
        [/^layer(\d)\./, '_fsdp_wrapped_module.layer$1._fsdp_wrapped_module.'],
        [/^(conv1|bn1|fc)/, '_fsdp_wrapped_module.$1'],
      ),
      'resnet18',
    ],
    ["Cadene's", renamed(bottleneck, [/^fc/, 'last_linear']), 'resnet50'],
    ["torchreid's", renamed(bottleneck, [/^fc/, 'classifier'], [/^/, 'module.']), 'resnet50'],
  ])('%s', (_, shapes, name) => {
    const { named, recognition } = read(shapes)
    expect(named.unknown).toEqual([])
    expect(recognition.variant).toBe(name)
  })

  test("weiaicunzai's networks, which no table has: a 3×3 stem in front of ImageNet's widths", () => {
    const written = renamed(
      statesOf(small),
      inSequence(0),
      [/^conv1/, 'conv1.0'],
      [/^bn1/, 'conv1.1'],
      [/^layer(\d)/, (_, stage = '0') => `conv${Number(stage) + 1}_x`],
      [/downsample/, 'shortcut'],
    )
    const { named, recognition } = read(written)
    expect(named.scheme.name).toBe('cifar-100-collection')
    expect(sameStates(statesOf(recognition.config), statesOf(small))).toBe(true)
    expect(recognition.config.stem).toMatchObject({ kind: '3x3', stride: 1, pool: { kind: 'none' } })
    expect(recognition.ambiguous.map(({ key }) => key)).toContain('stem.stride')
  })

  test("kuangliu's pre-activation network is not read in the original order, though its names are the same", () => {
    const held: ResNetConfig = {
      ...small,
      block: config('wrn_16_4').block,
      shortcut: config('wrn_16_4').shortcut,
      stem: { ...small.stem, activated: false },
    }
    const written = renamed(
      statesOf(held),
      [/^stem\.conv/, 'conv1'],
      [/^stages\.(\d)\.blocks\./, (_, stage = '0') => `layer${Number(stage) + 1}.`],
      [/\.norm(\d)\./, '.bn$1.'],
      [/downsample\.conv/, 'shortcut.0'],
      [/^head\.fc/, 'linear'],
    )
    const { recognition } = read(written)
    expect(recognition.config.block).toMatchObject({ order: 'full-preactivation' })
    expect(recognition.config.head.finalActivation).toBe('none')
    expect(sameStates(statesOf(recognition.config), statesOf(held))).toBe(true)
  })

  test('layers in the midst of the trunk that no network here has are refused, and named', () => {
    for (const extra of ['layer1.0.cbam.fc.weight', 'layer3.1.conv2.bn0.weight', 'conv2.weight']) {
      const before = extra === 'conv2.weight'
      const shapes: Shapes = before
        ? [['conv2.weight', [32, 32, 3, 3]], ...basic]
        : [...basic, [extra, [16, 64]]]
      expect(nameTensors(checkpointOf(shapes)).unknown.map(({ name }) => name)).toEqual([extra])
    }
  })

  test('what is no residual network is refused with what was found, and with no unrelated name', () => {
    const dla: Shapes = [
      ['base.base_layer.0.weight', [16, 3, 7, 7]],
      ['base.level2.tree1.conv1.weight', [64, 32, 3, 3]],
      ['base.level2.0.conv1.weight', [64, 32, 3, 3]],
    ]
    expect(() => read(dla)).toThrow(CheckpointError)
    expect(() => read(dla)).toThrow(
      /Found: 3 tensors .*3 convolutions, the first base\.base_layer\.0\.weight \[16, 3, 7, 7\]; parts that may be stages: level2/,
    )
    expect(() => read(dla)).not.toThrow(/plain34|--arch/)
  })
})

describe('any prefix and any head', () => {
  // Without statistics nothing tells these from networks of batch normalisation.
  const networks = variants().filter(
    ({ name }) => !/_gn$|x1_bit$/.test(name) && !/^(gluon|keras|tf|slim|mxnet)_/.test(name),
  )
  const part = fc.stringMatching(/^[a-z_][a-z0-9_]{0,8}$/)
  const heads = fc.constantFrom(
    'fc',
    'classifier',
    'head',
    'output',
    'fc1',
    'last_linear',
    'logits',
    'linear',
    'fc.1',
    'head.fc',
    'my_head.0',
  )

  test('leave the network what it is', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...networks),
        fc.array(part, { maxLength: 3 }),
        heads,
        fc.boolean(),
        (variant, parts, head, inside) => {
          const prefix = parts.map((each) => `${each}.`).join('')
          const classifier = /^(fc|head\.fc|classifier(\.1)?)\./
          const states = statesOf(variant.config)
          const written = renamed(states, [classifier, `${head}.`]).map(
            ([name, shape], i) =>
              [
                [...states.keys()][i]?.match(classifier) && !inside ? `outer.${name}` : prefix + name,
                shape,
              ] as const,
          )
          const { named, recognition } = read(written)
          expect(named.prefix).toBe(prefix)
          expect(recognition.headless).toBe(false)
          expect(sameStates(statesOf(recognition.config), states)).toBe(true)
          // A collection of CIFAR's networks calls its classifier so, whose shortcuts pad on both sides.
          if (head === 'linear' && variant.config.input[0] === 32) return
          expect(recognition.variant).toBe(read([...states]).recognition.variant)
        },
      ),
      { numRuns: 20 },
    )
  })
})
