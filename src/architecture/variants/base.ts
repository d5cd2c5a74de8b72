/** The common ground of the named networks: torchvision's ResNet, and what a row of the table says. */
import { type Changes, changed } from '../change.ts'
import type { ResidualBlockConfig, ResNetConfig } from '../config.ts'
import type { PreprocessingName } from '../preprocessing.ts'

/** A named network. */
export interface Variant {
  readonly name: string
  readonly description: string
  /** Whose network it is: a paper, a framework's release. */
  readonly source: string
  readonly config: ResNetConfig
  /** The usual preprocessing of its published weights. */
  readonly preprocessing: PreprocessingName
  /** Pixels of a side that the published weights see, and their share of the side that is resized, where they are others. */
  readonly published?: Published
}

/** Pixels of a side that published weights see, and their share of the side that is resized. */
export type Published = readonly [side: number, share: number]

export type BlockKind = ResidualBlockConfig['kind']

/** Blocks in stages 1 to 4 of the ImageNet networks by depth (arXiv:1512.03385, table 1; 200 in arXiv:1603.05027). */
export const depths: ReadonlyMap<number, { readonly kind: BlockKind; readonly blocks: readonly number[] }> =
  new Map([
    [18, { kind: 'basic', blocks: [2, 2, 2, 2] }],
    [34, { kind: 'basic', blocks: [3, 4, 6, 3] }],
    [26, { kind: 'bottleneck', blocks: [2, 2, 2, 2] }],
    [50, { kind: 'bottleneck', blocks: [3, 4, 6, 3] }],
    [101, { kind: 'bottleneck', blocks: [3, 4, 23, 3] }],
    [152, { kind: 'bottleneck', blocks: [3, 8, 36, 3] }],
    [200, { kind: 'bottleneck', blocks: [3, 24, 36, 3] }],
    [269, { kind: 'bottleneck', blocks: [3, 30, 48, 8] }],
  ])

const base: ResNetConfig = {
  input: [224, 224],
  inputChannels: 3,
  classes: 1000,
  stem: {
    kind: '7x7',
    width: 64,
    innerWidths: [],
    stride: 2,
    activated: true,
    inputNormalisation: 'none',
    pool: { kind: 'max', padding: 'symmetric' },
  },
  stages: [],
  block: {
    kind: 'bottleneck',
    order: 'original',
    expansion: 4,
    groups: 1,
    baseWidth: 64,
    reduceFirst: 1,
    strideAt: 'conv2',
    firstActivation: 'own',
    shortcutReads: 'raw',
  },
  shortcut: {
    kind: 'projection',
    where: 'shape-change',
    kernel: 1,
    pool: 'none',
    dilatedPool: 'none',
    normalised: true,
    combine: { kind: 'add' },
  },
  normalisation: { kind: 'batch', epsilon: 1e-5, momentum: 0.1 },
  activation: 'relu',
  convolution: { bias: [], standardised: null, padding: 'symmetric' },
  attention: { kind: 'none' },
  antialias: { kind: 'none' },
  regularisation: { stochasticDepth: null, dropBlock: null, branchDropout: 0 },
  head: {
    finalActivation: 'none',
    convolutionWidth: 0,
    pool: { kind: 'global' },
    dropout: 0,
    hidden: [],
    classifier: 'linear',
    backgroundClass: false,
  },
  outputStride: 32,
}

/** torchvision's network (v1.5) with the given blocks in its stages of 64, 128, 256, 512. */
export function imagenet(kind: BlockKind, blocks: readonly number[], changes: Changes = {}): ResNetConfig {
  return changed(base, {
    stages: blocks.map((count, stage) => ({
      blocks: count,
      width: 64 * 2 ** stage,
      stride: stage === 0 ? 1 : 2,
    })),
    'block.kind': kind,
    'block.expansion': kind === 'basic' ? 1 : 4,
    'block.strideAt': kind === 'basic' ? 'conv1' : 'conv2',
    ...changes,
  })
}

/** torchvision's network of a depth in the table. */
export function imagenetOfDepth(depth: number, changes: Changes = {}): ResNetConfig {
  const { kind, blocks } = depths.get(depth) ?? { kind: 'bottleneck', blocks: [] }
  return imagenet(kind, blocks, changes)
}

/** The CIFAR network of arXiv:1512.03385, section 4.2: three stages of 16, 32, 64 behind one 3×3, option A. */
export function cifar(kind: BlockKind, blocks: number, changes: Changes = {}): ResNetConfig {
  return imagenet(kind, [blocks, blocks, blocks], {
    input: [32, 32],
    classes: 10,
    stages: [16, 32, 64].map((width, stage) => ({ blocks, width, stride: stage === 0 ? 1 : 2 })),
    'stem.kind': '3x3',
    'stem.width': 16,
    'stem.stride': 1,
    'stem.pool': { kind: 'none' },
    shortcut: { kind: 'zero-padding', sampling: 'subsample', zeros: 'end', combine: { kind: 'add' } },
    ...changes,
  })
}

/** A projection as in option B. */
export const projection: ResNetConfig['shortcut'] = base.shortcut

/** What most pre-activation networks share: order (e) and the normalisation behind the last block. */
export const preactivation: Changes = {
  'block.order': 'full-preactivation',
  'block.shortcutReads': 'activated',
  'head.finalActivation': 'normalisation-and-activation',
}

/** Deep stems of Gluon and timm. */
export const deepStem = (first: number, second: number, width: number): Changes => ({
  'stem.kind': 'deep',
  'stem.innerWidths': [first, second],
  'stem.width': width,
})
