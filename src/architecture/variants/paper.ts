/** The first paper (arXiv:1512.03385) and Caffe's release of it; the CIFAR networks of section 4.2. */
import type { Changes } from '../change.ts'
import { cifar, imagenetOfDepth, type Variant } from './base.ts'

const source = 'arXiv:1512.03385'
const plain: Changes = { shortcut: { kind: 'none' } }
const optionA: Changes = {
  shortcut: { kind: 'zero-padding', sampling: 'subsample', zeros: 'end', combine: { kind: 'add' } },
}
const optionC: Changes = { 'shortcut.where': 'every-block' }
const firstStride: Changes = { 'block.strideAt': 'conv1' }

function row(name: string, depth: number, description: string, changes: Changes): Variant {
  return {
    name,
    description,
    source,
    config: imagenetOfDepth(depth, changes),
    preprocessing: 'caffe-imagenet',
  }
}

function caffe(depth: number): Variant {
  return {
    ...row(
      `resnet${depth}_caffe`,
      depth,
      "v1 as released for Caffe: its pool, a fixed 7×7 average, one bias in ResNet-50's stem",
      {
        ...firstStride,
        'stem.pool.padding': 'ceil',
        'convolution.bias': depth === 50 ? ['stem'] : [],
        'head.pool': { kind: 'fixed', size: 7 },
      },
    ),
    source: 'KaimingHe/deep-residual-networks',
  }
}

export const paperVariants: readonly Variant[] = [
  row('plain18', 18, 'the plain twin of ResNet-18: no shortcuts', plain),
  row('plain34', 34, 'the plain twin of ResNet-34: no shortcuts', plain),
  ...[18, 34].map((depth) =>
    row(`resnet${depth}_v1`, depth, 'v1; the same network as v1.5, whose move concerns bottlenecks', {}),
  ),
  ...[50, 101, 152].map((depth) =>
    row(`resnet${depth}_v1`, depth, 'v1: stride in the first 1×1 of a stage', firstStride),
  ),
  ...[18, 34].map((depth) =>
    row(`resnet${depth}_a`, depth, 'option A: shortcuts without parameters, zeros for new channels', optionA),
  ),
  ...[18, 34].map((depth) =>
    row(`resnet${depth}_c`, depth, 'option C: every shortcut is a projection', optionC),
  ),
  row('resnet50_c', 50, 'v1 with option C: every shortcut is a projection', { ...firstStride, ...optionC }),
  ...[50, 101, 152].map(caffe),
]

/** Depths that the paper trains on CIFAR-10. */
const cifarDepths = [20, 32, 44, 56, 110, 1202]

/** `cifar_resnetN` for any N = 6n + 2. */
export function cifarResNet(name: string, depth: number): Variant {
  return {
    name,
    description: `CIFAR ResNet-${depth}: three stages of ${(depth - 2) / 6} basic blocks, option A`,
    source,
    config: cifar('basic', (depth - 2) / 6),
    preprocessing: 'cifar10',
  }
}

/** `cifar_plainN` for any N = 6n + 2. */
export function cifarPlain(name: string, depth: number): Variant {
  return {
    name,
    description: `the plain twin of CIFAR ResNet-${depth}: no shortcuts`,
    source,
    config: cifar('basic', (depth - 2) / 6, plain),
    preprocessing: 'cifar10',
  }
}

export const cifarVariants: readonly Variant[] = [
  ...cifarDepths.map((depth) => cifarResNet(`resnet${depth}`, depth)),
  ...cifarDepths.map((depth) => cifarResNet(`cifar_resnet${depth}`, depth)),
  ...cifarDepths.map((depth) => cifarPlain(`cifar_plain${depth}`, depth)),
]
