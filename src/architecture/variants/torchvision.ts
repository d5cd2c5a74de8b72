/** torchvision's networks (pytorch/vision): ResNet v1.5, ResNeXt, Wide ResNet. */
import type { Variant } from './base.ts'
import { groups, type Row, variantOf } from './features.ts'

const torchvision: readonly Row[] = [
  ...[18, 34, 50, 101, 152].map((depth) => ({
    name: `resnet${depth}`,
    description: `ResNet-${depth} as Torch builds it (v1.5: stride in the 3×3)`,
    blocks: depth,
    with: [],
  })),
  { name: 'resnext50_32x4d', description: 'ResNeXt-50, 32 groups of 4', blocks: 50, with: [groups(32, 4)] },
  {
    name: 'resnext101_32x8d',
    description: 'ResNeXt-101, 32 groups of 8',
    blocks: 101,
    with: [groups(32, 8)],
  },
  {
    name: 'resnext101_64x4d',
    description: 'ResNeXt-101, 64 groups of 4',
    blocks: 101,
    with: [groups(64, 4)],
  },
  {
    name: 'wide_resnet50_2',
    description: 'Wide ResNet-50-2: inner widths doubled',
    blocks: 50,
    with: [groups(1, 128)],
  },
  {
    name: 'wide_resnet101_2',
    description: 'Wide ResNet-101-2: inner widths doubled',
    blocks: 101,
    with: [groups(1, 128)],
  },
]

export const torchvisionVariants: readonly Variant[] = torchvision.map((row) => ({
  ...variantOf({ ...row, source: 'pytorch/vision', preprocessing: 'torch-imagenet' }),
}))
