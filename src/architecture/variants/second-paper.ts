/**
 * The second paper (arXiv:1603.05027): the orders of its Figure 4, the shortcuts of its Figure 2, full pre-activation
 * for ImageNet and CIFAR; and its kin, Wide ResNet (arXiv:1605.07146) and stochastic depth (arXiv:1603.09382).
 */
import type { Changes } from '../change.ts'
import type { CombineConfig, ResNetConfig } from '../config.ts'
import { cifar, imagenetOfDepth, preactivation, projection, type Variant } from './base.ts'

const source = 'arXiv:1603.05027'

function onCifar(name: string, description: string, config: ResNetConfig, from = source): Variant {
  return { name, description, source: from, config, preprocessing: 'cifar10' }
}

const bareProjection = { ...projection, normalised: false }

/** The original unit of the CIFAR bottleneck networks: 9n + 2 layers, projections where widths change. */
const original164 = (changes: Changes = {}) =>
  cifar('bottleneck', 18, { shortcut: projection, 'block.strideAt': 'conv1', ...changes })

const orders: readonly { suffix: string; description: string; changes: Changes }[] = [
  {
    suffix: 'bn_after_addition',
    description: 'Figure 4 (b): the last normalisation acts on the sum',
    changes: { 'block.order': 'bn-after-addition' },
  },
  {
    suffix: 'relu_before_addition',
    description: 'Figure 4 (c): the last activation acts on the branch',
    changes: { 'block.order': 'relu-before-addition' },
  },
  {
    suffix: 'relu_only_preact',
    description: 'Figure 4 (d): activation alone in front of each convolution',
    changes: {
      'block.order': 'relu-only-preactivation',
      'block.firstActivation': 'stem',
      'block.shortcutReads': 'activated',
      'head.finalActivation': 'activation',
    },
  },
  {
    suffix: 'full_preact',
    description: 'Figure 4 (e): normalisation and activation in front of each convolution',
    changes: { ...preactivation, 'block.firstActivation': 'stem' },
  },
]

const experiments: readonly { suffix: string; description: string; combine: CombineConfig }[] = [
  {
    suffix: 'constant_scaling',
    description: 'Figure 2 (b): half the shortcut, half the branch',
    combine: { kind: 'scale', shortcut: 0.5, branch: 0.5 },
  },
  {
    suffix: 'exclusive_gating',
    description: 'Figure 2 (c): a gate shares between shortcut and branch',
    combine: { kind: 'gate', form: 'exclusive', bias: -6 },
  },
  {
    suffix: 'shortcut_gating',
    description: 'Figure 2 (d): a gate on the shortcut alone',
    combine: { kind: 'gate', form: 'shortcut-only', bias: -6 },
  },
  {
    suffix: 'dropout_shortcut',
    description: 'Figure 2 (f): dropout on the shortcut',
    combine: { kind: 'dropout', rate: 0.5 },
  },
]

const figures: readonly Variant[] = [
  ...orders.map(({ suffix, description, changes }) =>
    onCifar(`cifar_resnet110_${suffix}`, `CIFAR ResNet-110, ${description}`, cifar('basic', 18, changes)),
  ),
  onCifar('cifar_resnet164', 'CIFAR ResNet-164: bottlenecks in the original order', original164()),
  ...orders.map(({ suffix, description, changes }) =>
    onCifar(
      `cifar_resnet164_${suffix}`,
      `CIFAR ResNet-164, ${description}`,
      original164({ ...changes, 'shortcut.normalised': suffix !== 'full_preact' }),
    ),
  ),
  ...experiments.map(({ suffix, description, combine }) =>
    onCifar(
      `cifar_resnet110_${suffix}`,
      `CIFAR ResNet-110, ${description}`,
      cifar('basic', 18, { 'shortcut.combine': combine }),
    ),
  ),
  onCifar(
    'cifar_resnet110_conv_shortcut',
    'CIFAR ResNet-110, Figure 2 (e): a 1×1 convolution on every shortcut',
    cifar('basic', 18, { shortcut: { ...projection, where: 'every-block' } }),
  ),
]

/** facebook/fb.resnet.torch, `preresnet.lua`: the stem's activation serves the first block. */
const torchPreactivation = [18, 34, 50, 101, 152, 200].map(
  (depth): Variant => ({
    name: `preact_resnet${depth}`,
    description: `pre-activation ResNet-${depth} as in fb.resnet.torch`,
    source: 'facebook/fb.resnet.torch preresnet.lua',
    config: imagenetOfDepth(depth, {
      ...preactivation,
      'block.firstActivation': 'stem',
      'block.shortcutReads': 'activated-at-stage-start',
      'shortcut.normalised': false,
    }),
    preprocessing: 'torch-imagenet',
  }),
)

const cifarPreactivation: readonly Variant[] = [
  onCifar(
    'cifar_preact_resnet110',
    'pre-activation CIFAR ResNet-110 as in fb.resnet.torch: option A from the activated tensor',
    cifar('basic', 18, {
      ...preactivation,
      'stem.activated': false,
      'block.shortcutReads': 'activated-at-stage-start',
    }),
    'facebook/fb.resnet.torch preresnet.lua',
  ),
  ...[164, 1001].map((depth) =>
    onCifar(
      `cifar_preact_resnet${depth}`,
      `pre-activation CIFAR ResNet-${depth}: bottlenecks, stride in the first 1×1`,
      cifar('bottleneck', (depth - 2) / 9, {
        ...preactivation,
        'stem.activated': false,
        'block.strideAt': 'conv1',
        shortcut: bareProjection,
      }),
      'KaimingHe/resnet-1k-layers',
    ),
  ),
]

/** `wrn_D_K` for any D = 6n + 4 and width factor K. */
export function wideResNet(name: string, depth: number, factor: number): Variant {
  return onCifar(
    name,
    `Wide ResNet ${depth}-${factor}: pre-activation basic blocks${factor === 1 ? '' : factor === 2 ? ', twice as wide' : `, ${factor} times as wide`}`,
    cifar('basic', (depth - 4) / 6, {
      ...preactivation,
      'stem.activated': false,
      shortcut: bareProjection,
      'stages.0.width': 16 * factor,
      'stages.1.width': 32 * factor,
      'stages.2.width': 64 * factor,
    }),
    'arXiv:1605.07146',
  )
}

const publishedWide: readonly (readonly [number, number])[] = [
  [16, 4],
  [16, 8],
  [16, 10],
  [22, 8],
  [22, 10],
  [28, 10],
  [28, 12],
  [40, 1],
  [40, 2],
  [40, 4],
  [40, 8],
  [40, 10],
  [52, 1],
]

const stochastic = [110, 1202].map(
  (depth): Variant =>
    onCifar(
      `cifar_resnet${depth}_stochastic_depth`,
      `CIFAR ResNet-${depth} with stochastic depth: blocks are kept with a probability that falls from 1 to 0.5`,
      cifar('basic', (depth - 2) / 6, {
        'regularisation.stochasticDepth': {
          rate: 0.5,
          schedule: 'paper',
          draw: 'batch',
          rescale: 'inference',
        },
      }),
      'arXiv:1603.09382',
    ),
)

export const secondPaperVariants: readonly Variant[] = [
  ...figures,
  ...torchPreactivation,
  ...cifarPreactivation,
  ...publishedWide.map(([depth, factor]) => wideResNet(`wrn_${depth}_${factor}`, depth, factor)),
  ...stochastic,
]
