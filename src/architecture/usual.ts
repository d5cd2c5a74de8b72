/**
 * The usual values of a config's fields that only some kinds have: what a part takes when its `kind` is changed by name
 * alone, as `--set attention.kind=se` does. They are those of the paper or framework that made the kind known.
 */
import type { ResNetConfig } from './config.ts'
import type { Part, UsualFields } from './replace.ts'

type Pool = ResNetConfig['stem']['pool']
type Block = ResNetConfig['block']
type Shortcut = ResNetConfig['shortcut']
type Combine = Extract<Shortcut, { kind: 'projection' }>['combine']

const stemPool: UsualFields<Pool> = {
  none: {},
  max: { padding: 'symmetric' },
  'max-blur': {},
  average: {},
  convolution: {},
}

const residual = {
  order: 'original',
  groups: 1,
  baseWidth: 64,
  reduceFirst: 1,
  firstActivation: 'own',
  shortcutReads: 'raw',
} as const

const block: UsualFields<Block> = {
  basic: { ...residual, expansion: 1, strideAt: 'conv1' },
  bottleneck: { ...residual, expansion: 4, strideAt: 'conv2' },
  dense: { bottleneck: 4, compression: 0.5 },
  inverted: { expansion: 6 },
}

const combine: UsualFields<Combine> = {
  add: {},
  scale: { shortcut: 0.5, branch: 0.5 },
  gate: { form: 'exclusive', bias: -6 },
  dropout: { rate: 0.5 },
}

const shortcut: UsualFields<Shortcut> = {
  none: {},
  'zero-padding': { sampling: 'subsample', zeros: 'end', combine: { kind: 'add' } },
  projection: {
    where: 'shape-change',
    kernel: 1,
    pool: 'none',
    dilatedPool: 'none',
    normalised: true,
    combine: { kind: 'add' },
  },
}

const attention: UsualFields<ResNetConfig['attention']> = {
  none: {},
  se: { reduction: 16, divisor: 8, bias: true, position: 'branch-end', activated: false },
  eca: { kernel: 'from-width' },
  sk: { reduction: 16, divisor: 8, split: true },
}

const normalisation: UsualFields<ResNetConfig['normalisation']> = {
  batch: { epsilon: 1e-5, momentum: 0.1 },
  group: { groups: 32, epsilon: 1e-5 },
}

const antialias: UsualFields<ResNetConfig['antialias']> = {
  none: {},
  blur: { taps: [1, 2, 1] },
  average: {},
}

const headPool: UsualFields<ResNetConfig['head']['pool']> = {
  global: {},
  fixed: { size: 7 },
  'average-and-maximum': { order: 'average-first' },
}

const residualFields = Object.keys(residual)

/** Every part of a config whose fields depend on its kind, or that may be null. */
export const configParts: readonly Part[] = [
  {
    at: 'stem',
    kinds: { '7x7': { innerWidths: [] }, '3x3': { innerWidths: [] }, deep: { innerWidths: [32, 32] } },
    kept: ['width', 'stride', 'activated', 'inputNormalisation', 'pool'],
  },
  { at: 'stem.pool', kinds: stemPool, kept: [] },
  { at: 'block', kinds: block, kept: residualFields },
  { at: 'stages.*.block', kinds: block, kept: residualFields },
  { at: 'shortcut', kinds: shortcut, kept: ['combine'] },
  { at: 'shortcut.combine', kinds: combine, kept: [] },
  { at: 'normalisation', kinds: normalisation, kept: ['epsilon'] },
  { at: 'attention', kinds: attention, kept: [] },
  { at: 'antialias', kinds: antialias, kept: [] },
  { at: 'head.pool', kinds: headPool, kept: [] },
  { at: 'convolution.standardised', fields: { epsilon: 1e-8 } },
  {
    at: 'regularisation.stochasticDepth',
    fields: { rate: 0.5, schedule: 'paper', draw: 'image', rescale: 'training' },
  },
  { at: 'regularisation.dropBlock', fields: { rate: 0.1 } },
]
