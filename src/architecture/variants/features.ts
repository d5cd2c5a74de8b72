/** Networks told as rows: the blocks of torchvision's ResNet, and the features that a row switches on. */
import type { Changes } from '../change.ts'
import type { PreprocessingName } from '../preprocessing.ts'
import { type BlockKind, deepStem, depths, imagenet, preactivation, type Variant } from './base.ts'

const squeeze = (reduction: number, divisor: number) =>
  ({ kind: 'se', reduction, divisor, bias: true, position: 'branch-end', activated: false }) as const

/** What a row may switch on. */
const features = {
  deep: deepStem(32, 32, 64),
  tiered: deepStem(24, 32, 64),
  wideDeep: deepStem(64, 64, 128),
  averaged: { 'shortcut.pool': 'average', 'shortcut.dilatedPool': 'same' },
  squeeze: { attention: squeeze(16, 8) },
  legacySqueeze: { attention: squeeze(16, 1), 'stem.pool.padding': 'ceil' },
  legacySmall: { attention: { ...squeeze(16, 1), activated: true }, 'stem.pool.padding': 'ceil' },
  efficient: { attention: { kind: 'eca', kernel: 'from-width' } },
  selective: { attention: { kind: 'sk', reduction: 16, divisor: 8, split: true } },
  selectiveSmall: { attention: { kind: 'sk', reduction: 8, divisor: 16, split: true } },
  selectiveWhole: { attention: { kind: 'sk', reduction: 16, divisor: 32, split: false } },
  blur: { antialias: { kind: 'blur', taps: [1, 2, 1] }, 'stem.pool': { kind: 'max-blur' } },
  average: { antialias: { kind: 'average' }, 'stem.pool': { kind: 'average' } },
  groupNorm: { normalisation: { kind: 'group', groups: 32, epsilon: 1e-5 } },
  senet: { 'shortcut.kernel': 3, 'block.reduceFirst': 2 },
  firstStride: { 'block.strideAt': 'conv1' },
  rescaled: {
    ...deepStem(32, 32, 64),
    'stem.pool': { kind: 'convolution' },
    'shortcut.pool': 'average',
    'shortcut.dilatedPool': 'same',
    attention: squeeze(4, 8),
  },
  second: {
    ...preactivation,
    'shortcut.normalised': false,
    'stem.activated': false,
    'head.classifier': 'convolution',
  },
  everyStage: { 'shortcut.where': 'stage-start' },
  bit: {
    convolution: { bias: [], standardised: { epsilon: 1e-8 }, padding: 'symmetric' },
    normalisation: { kind: 'group', groups: 32, epsilon: 1e-5 },
    'stem.pool.padding': 'zeros',
  },
} satisfies Record<string, Changes>

type Feature = keyof typeof features | { readonly groups: number; readonly baseWidth: number } | Changes

export interface Row {
  readonly name: string
  readonly description: string
  readonly blocks: number | readonly [BlockKind, readonly number[]]
  readonly with: readonly Feature[]
  readonly source?: string
  readonly preprocessing?: PreprocessingName
}

export const groups = (count: number, baseWidth: number): Changes => ({
  'block.groups': count,
  'block.baseWidth': baseWidth,
})
export const size = (pixels: number): Changes => ({ input: [pixels, pixels] })

/** The network that a row tells. */
export function variantOf(row: Row): Variant {
  const changes = Object.assign(
    {},
    ...row.with.map((feature) => (typeof feature === 'string' ? features[feature] : feature)),
  )
  const { kind, blocks } = blocksOf(row)
  return {
    name: row.name,
    description: row.description,
    source: row.source ?? 'huggingface/pytorch-image-models',
    config: imagenet(kind, blocks, changes),
    preprocessing: row.preprocessing ?? 'torch-imagenet-bicubic',
  }
}

function blocksOf({ blocks }: Row): { readonly kind: BlockKind; readonly blocks: readonly number[] } {
  if (typeof blocks !== 'number') return { kind: blocks[0], blocks: blocks[1] }
  return depths.get(blocks) ?? { kind: 'bottleneck', blocks: [] }
}
