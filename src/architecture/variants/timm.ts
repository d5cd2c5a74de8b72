/**
 * timm's networks (huggingface/pytorch-image-models): d, t and s stems, attention, filters, ResNet-RS, pre-activation
 * and BiT, selective kernels.
 */
import type { Variant } from './base.ts'
import { groups, type Row, size, variantOf } from './features.ts'
import { asPublished } from './timm-published.ts'

const stems: readonly Row[] = [
  {
    name: 'resnet10t',
    description: 'ResNet-10, tiered stem',
    blocks: ['basic', [1, 1, 1, 1]],
    with: ['tiered', 'averaged', size(176)],
  },
  {
    name: 'resnet14t',
    description: 'ResNet-14, tiered stem',
    blocks: ['bottleneck', [1, 1, 1, 1]],
    with: ['tiered', 'averaged', size(176)],
  },
  { name: 'resnet26', description: 'ResNet-26: bottlenecks, two a stage', blocks: 26, with: [] },
  { name: 'resnet200', description: 'ResNet-200 (v1.5)', blocks: 200, with: [] },
  ...[18, 34, 26, 50, 101, 152, 200].map((depth) => ({
    name: `resnet${depth}d`,
    description: `ResNet-${depth}-D: deep stem, averaged projections`,
    blocks: depth,
    with: ['deep', 'averaged'] as const,
  })),
  ...[26, 50].map((depth) => ({
    name: `resnet${depth}t`,
    description: `ResNet-${depth}-T: tiered stem, averaged projections`,
    blocks: depth,
    with: ['tiered', 'averaged', size(depth === 26 ? 256 : 224)] as const,
  })),
  ...[50, 101, 152].flatMap((depth) => [
    {
      name: `resnet${depth}c`,
      description: `ResNet-${depth}-C: deep stem`,
      blocks: depth,
      with: ['deep'] as const,
    },
    {
      name: `resnet${depth}s`,
      description: `ResNet-${depth}-S: wide deep stem`,
      blocks: depth,
      with: ['wideDeep'] as const,
    },
  ]),
  { name: 'resnet50_gn', description: 'ResNet-50 with group normalisation', blocks: 50, with: ['groupNorm'] },
  {
    name: 'resnext50d_32x4d',
    description: 'ResNeXt-50-D',
    blocks: 50,
    with: [groups(32, 4), 'deep', 'averaged'],
  },
  {
    name: 'resnext101_32x4d',
    description: 'ResNeXt-101, 32 groups of 4',
    blocks: 101,
    with: [groups(32, 4)],
  },
  {
    name: 'resnext101_32x16d',
    description: 'ResNeXt-101, 32 groups of 16',
    blocks: 101,
    with: [groups(32, 16)],
  },
  {
    name: 'resnext101_32x32d',
    description: 'ResNeXt-101, 32 groups of 32',
    blocks: 101,
    with: [groups(32, 32)],
  },
  {
    name: 'resnext101_32x48d',
    description: 'ResNeXt-101, 32 groups of 48',
    source: 'facebookresearch/WSL-Images',
    preprocessing: 'torch-imagenet',
    blocks: 101,
    with: [groups(32, 48)],
  },
]

const attention: readonly Row[] = [
  ...[18, 34, 50, 101, 152].map((depth) => ({
    name: `seresnet${depth}`,
    description: `SE-ResNet-${depth}`,
    blocks: depth,
    with: ['squeeze'] as const,
  })),
  { name: 'seresnet50t', description: 'SE-ResNet-50-T', blocks: 50, with: ['squeeze', 'tiered', 'averaged'] },
  ...[152, 200, 269].map((depth) => ({
    name: `seresnet${depth}d`,
    description: `SE-ResNet-${depth}-D`,
    blocks: depth,
    with: ['squeeze', 'deep', 'averaged', size(256)] as const,
  })),
  {
    name: 'seresnext26d_32x4d',
    description: 'SE-ResNeXt-26-D',
    blocks: 26,
    with: ['squeeze', 'deep', 'averaged', groups(32, 4)],
  },
  {
    name: 'seresnext26t_32x4d',
    description: 'SE-ResNeXt-26-T',
    blocks: 26,
    with: ['squeeze', 'tiered', 'averaged', groups(32, 4)],
  },
  { name: 'seresnext50_32x4d', description: 'SE-ResNeXt-50', blocks: 50, with: ['squeeze', groups(32, 4)] },
  {
    name: 'seresnext101_32x4d',
    description: 'SE-ResNeXt-101',
    blocks: 101,
    with: ['squeeze', groups(32, 4)],
  },
  {
    name: 'seresnext101_32x8d',
    description: 'SE-ResNeXt-101, 32 groups of 8',
    blocks: 101,
    with: ['squeeze', groups(32, 8)],
  },
  {
    name: 'seresnext101_64x4d',
    description: 'SE-ResNeXt-101, 64 groups of 4',
    blocks: 101,
    with: ['squeeze', groups(64, 4)],
  },
  {
    name: 'seresnext101d_32x8d',
    description: 'SE-ResNeXt-101-D',
    blocks: 101,
    with: ['squeeze', 'deep', 'averaged', groups(32, 8)],
  },
  {
    name: 'senet154',
    description: 'SENet-154',
    blocks: 152,
    with: ['squeeze', 'senet', 'wideDeep', groups(64, 4)],
  },
  ...[18, 34].map((depth) => ({
    name: `legacy_seresnet${depth}`,
    description: `SE-ResNet-${depth} as first published: activated before the gate, Caffe's pool`,
    blocks: depth,
    with: ['legacySmall'] as const,
    // Whose weights say how their pictures were resized: timm's `senet.py`.
    preprocessing: depth === 18 ? ('torch-imagenet-bicubic' as const) : ('torch-imagenet' as const),
  })),
  ...[50, 101, 152].map((depth) => ({
    name: `legacy_seresnet${depth}`,
    description: `SE-ResNet-${depth} as first published: stride in the first 1×1, Caffe's pool`,
    blocks: depth,
    with: ['legacySqueeze', 'firstStride'] as const,
  })),
  ...[50, 101].map((depth) => ({
    name: `legacy_seresnext${depth}_32x4d`,
    description: `SE-ResNeXt-${depth} as first published: Caffe's pool`,
    blocks: depth,
    with: ['legacySqueeze', groups(32, 4)] as const,
  })),
  {
    name: 'legacy_senet154',
    description: "SENet-154 as first published: Caffe's pool",
    blocks: 152,
    with: ['senet', 'wideDeep', 'legacySqueeze', groups(64, 4)],
  },
  {
    name: 'ecaresnet26t',
    description: 'ECA-ResNet-26-T',
    blocks: 26,
    with: ['efficient', 'tiered', 'averaged', size(256)],
  },
  {
    name: 'ecaresnet50t',
    description: 'ECA-ResNet-50-T',
    blocks: 50,
    with: ['efficient', 'tiered', 'averaged', size(256)],
  },
  ...[50, 101, 200, 269].map((depth) => ({
    name: `ecaresnet${depth}d`,
    description: `ECA-ResNet-${depth}-D`,
    blocks: depth,
    with: ['efficient', 'deep', 'averaged', size(depth < 200 ? 224 : depth === 200 ? 256 : 320)] as const,
  })),
  {
    name: 'ecaresnetlight',
    description: 'ECA-ResNet, light: blocks 1, 1, 11, 3',
    blocks: ['bottleneck', [1, 1, 11, 3]],
    with: ['efficient', 'averaged'],
  },
  {
    name: 'skresnet18',
    description: 'SK-ResNet-18: selective kernels',
    blocks: 18,
    with: ['selectiveSmall'],
  },
  {
    name: 'skresnet34',
    description: 'SK-ResNet-34: selective kernels',
    blocks: 34,
    with: ['selectiveSmall'],
  },
  { name: 'skresnet50', description: 'SK-ResNet-50: selective kernels', blocks: 50, with: ['selective'] },
  {
    name: 'skresnet50d',
    description: 'SK-ResNet-50-D: selective kernels',
    blocks: 50,
    with: ['selective', 'deep', 'averaged'],
  },
  {
    name: 'skresnext50_32x4d',
    description: 'SKNet-50 of the paper',
    blocks: 50,
    with: ['selectiveWhole', groups(32, 4)],
  },
]

const filters: readonly Row[] = [
  { name: 'resnetblur18', description: 'ResNet-18 with blur instead of stride', blocks: 18, with: ['blur'] },
  { name: 'resnetblur50', description: 'ResNet-50 with blur instead of stride', blocks: 50, with: ['blur'] },
  ...[50, 101].map((depth) => ({
    name: `resnetblur${depth}d`,
    description: `ResNet-${depth}-D with blur instead of stride`,
    blocks: depth,
    with: ['blur', 'deep', 'averaged'] as const,
  })),
  {
    name: 'resnetaa50',
    description: 'ResNet-50 with an average instead of stride',
    blocks: 50,
    with: ['average'],
  },
  ...[34, 50, 101].map((depth) => ({
    name: `resnetaa${depth}d`,
    description: `ResNet-${depth}-D with an average instead of stride`,
    blocks: depth,
    with: ['average', 'deep', 'averaged'] as const,
  })),
  {
    name: 'seresnetaa50d',
    description: 'SE-ResNet-50-D with an average instead of stride',
    blocks: 50,
    with: ['squeeze', 'average', 'deep', 'averaged'],
  },
  {
    name: 'seresnextaa101d_32x8d',
    description: 'SE-ResNeXt-101-D with an average instead of stride',
    blocks: 101,
    with: ['squeeze', 'average', 'deep', 'averaged', groups(32, 8)],
  },
]

const rescaledDepths: readonly (readonly [number, readonly number[], number])[] = [
  [50, [3, 4, 6, 3], 160],
  [101, [3, 4, 23, 3], 192],
  [152, [3, 8, 36, 3], 256],
  [200, [3, 24, 36, 3], 256],
  [270, [4, 29, 53, 4], 256],
  [350, [4, 36, 72, 4], 288],
  [420, [4, 44, 87, 4], 320],
]

const rescaled: readonly Row[] = rescaledDepths.map(([depth, blocks, pixels]) => ({
  name: `resnetrs${depth}`,
  description: `ResNet-RS-${depth}`,
  source: 'arXiv:2103.07579',
  blocks: ['bottleneck', blocks] as const,
  with: ['rescaled', size(pixels)] as const,
}))

const second: readonly Row[] = [
  ...[18, 34].map((depth) => ({
    name: `resnetv2_${depth}`,
    description: `pre-activation ResNet-${depth} as timm builds it`,
    blocks: depth,
    with: ['second'] as const,
  })),
  ...[50, 101, 152].map((depth) => ({
    name: `resnetv2_${depth}`,
    description: `pre-activation ResNet-${depth} as timm builds it`,
    blocks: depth,
    with: ['second', 'everyStage'] as const,
  })),
  ...[18, 34].map((depth) => ({
    name: `resnetv2_${depth}d`,
    description: `pre-activation ResNet-${depth}-D`,
    blocks: depth,
    with: ['second', 'deep', 'averaged'] as const,
  })),
  ...[50, 101, 152].map((depth) => ({
    name: `resnetv2_${depth}d`,
    description: `pre-activation ResNet-${depth}-D`,
    blocks: depth,
    with: ['second', 'everyStage', 'deep', 'averaged'] as const,
  })),
  {
    name: 'resnetv2_50t',
    description: 'pre-activation ResNet-50-T',
    blocks: 50,
    with: ['second', 'everyStage', 'tiered', 'averaged'],
  },
  {
    name: 'resnetv2_50d_gn',
    description: 'pre-activation ResNet-50-D with group normalisation',
    blocks: 50,
    with: ['second', 'everyStage', 'deep', 'averaged', 'groupNorm'],
  },
]

/** Big Transfer (arXiv:1912.11370): standardised weights, group normalisation, every width times a factor. */
const bigTransfer: readonly Row[] = (
  [
    [50, 1],
    [50, 3],
    [101, 1],
    [101, 3],
    [152, 2],
    [152, 4],
  ] as const
).map(([depth, factor]) => ({
  name: `resnetv2_${depth}x${factor}_bit`,
  description: `BiT ResNet-${depth}x${factor}: standardised weights, group normalisation`,
  source: 'arXiv:1912.11370',
  blocks: depth,
  with: [
    'second',
    'everyStage',
    'bit',
    { 'stem.width': 64 * factor },
    Object.fromEntries([0, 1, 2, 3].map((stage) => [`stages.${stage}.width`, 64 * factor * 2 ** stage])),
  ],
}))

export const timmVariants: readonly Variant[] = [
  ...stems,
  ...attention,
  ...filters,
  ...rescaled,
  ...second,
  ...bigTransfer,
].map((row) => asPublished(variantOf(row)))
