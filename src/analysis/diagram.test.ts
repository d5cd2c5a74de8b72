import { describe, expect, test } from 'vitest'
import { buildResNet } from '../architecture/build.ts'
import { config, variants } from '../architecture/variants.ts'
import { ArgumentError } from '../errors.ts'
import { describeBlock } from './diagram.ts'
import { blockNames } from './summary.ts'

const draw = (name: string, block: string) => describeBlock(buildResNet(config(name)), block)

const downsampling = `
layer2.0 (stage 2)
                           16 × 32 × 32
                  ┌──────────────┴───────────────┐
                  │ branch                       │ shortcut
  ┌───────────────┴───────────────┐   ┌──────────┴──────────┐
  │ conv1: 3×3, 16 → 32, stride 2 │   │ subsample, stride 2 │
  │ batch norm · ReLU             │   │ zeros, 16 → 32      │
  └───────────────┬───────────────┘   └──────────┬──────────┘
                  │ 32 × 16 × 16                 │ 32 × 16 × 16
       ┌──────────┴──────────┐                   │
       │ conv2: 3×3, 32 → 32 │                   │
       │ batch norm          │                   │
       └──────────┬──────────┘                   │
                  │ 32 × 16 × 16                 │
                  └──────────────┬───────────────┘
                        (+) add, then ReLU
                                 │ 32 × 16 × 16
`

describe('describeBlock', () => {
  test('draws branch and shortcut side by side', () => {
    expect(draw('resnet20', 'layer2.0')).toBe(downsampling.trim())
  })

  test('takes stage and block for a name', () => {
    expect(draw('resnet20', '2.0')).toBe(draw('resnet20', 'layer2.0'))
    expect(draw('resnetv2_50', '1.2')).toBe(draw('resnetv2_50', 'stages.0.blocks.2'))
  })

  test.each([
    ['resnet50', '1.1', ['identity', '(+) add, then ReLU']],
    ['resnet50d', '2.0', ['2×2 average, stride 2', 'downsample.1: 1×1, 256 → 512']],
    ['seresnet50', '1.0', ['× sigmoid(mean, 256 → 16 → 256)']],
    ['ecaresnet50d', '1.0', ['× sigmoid(mean, 5 neighbours)']],
    ['skresnet50', '2.1', ['× softmax(mean,', '128 → 8 → 256)', 'dilation 2']],
    ['densenet121', '1.1', ['(‖) concatenate']],
    ['mobilenetv2_100', '3.1', ['depthwise', 'ReLU6']],
    ['resnext50_32x4d', '1.0', ['32 groups']],
    ['cifar_resnet110_shortcut_gating', '1.1', ['gate: 1×1, 16 → 16', 'sigmoid · 1 − x', '(×) multiply']],
    ['cifar_resnet110_exclusive_gating', '1.1', ['× gate.sigmoid', '× gate.inverse']],
  ])('%s %s shows %j', (name, block, words) => {
    for (const word of words) expect(draw(name, block)).toContain(word)
  })

  test('fits 80 columns for every block of every network', () => {
    for (const variant of variants()) {
      const graph = buildResNet(variant.config)
      // First, second and last block of each stage: those between are the second's twins.
      const names = [...blockNames(graph).entries()].filter(([place], index, all) => {
        const [section, block] = place.split('/')
        return Number(block) < 2 || all[index + 1]?.[0].startsWith(`${section}/`) !== true
      })
      for (const [, name] of names) {
        const widths = describeBlock(graph, name)
          .split('\n')
          .map((line) => [...line].length)
        expect(Math.max(...widths), `${variant.name} ${name}`).toBeLessThanOrEqual(80)
      }
    }
  })

  test('names the blocks there are where one is unknown', () => {
    expect(() => draw('resnet50', '5.0')).toThrow(ArgumentError)
    expect(() => draw('resnet50', '5.0')).toThrow(
      'no block "5.0"; the blocks are layer1.0 to layer4.2, or stage.block as in 1.0',
    )
  })
})
