/**
 * The configuration of a residual network: one JSON value that spells out every choice in which the published networks
 * differ, so that any two can be told apart and compared. `buildResNet` turns it into a graph; nothing else knows what
 * a ResNet is. The schema below is at once the type and the parser for configs from outside (model files, `--set`).
 */
import * as v from 'valibot'
import { between, parsed, whole } from './schema.ts'

const channels = whole(1, 65_536)
const choice = <const T extends readonly (string | number)[]>(options: T) =>
  v.picklist(options, `must be one of ${options.join(', ')}`)
const kind = <const T extends string>(name: T) => v.literal(name)

/** The pool behind the stem's convolutions, which halves the map. */
const stemPool = v.variant('kind', [
  /** No pool: CIFAR networks. */
  v.strictObject({ kind: kind('none') }),
  /**
   * 3×3 maximum with stride 2. Padding: `symmetric` 1 around (Torch), `ceil` none before and as needed after (Caffe,
   * SENet), `same` TensorFlow's (0 before, 1 after on even maps), `zeros` symmetric with zeros that take part in the
   * maximum (Keras v2, BiT).
   */
  v.strictObject({ kind: kind('max'), padding: choice(['symmetric', 'ceil', 'same', 'zeros']) }),
  /** Maximum with stride 1, then a blur with stride 2 (arXiv:1904.11486). */
  v.strictObject({ kind: kind('max-blur') }),
  /** 2×2 average with stride 2 in its place (timm's `resnetaa`). */
  v.strictObject({ kind: kind('average') }),
  /** A 3×3 convolution with stride 2, normalised and activated (ResNet-RS). */
  v.strictObject({ kind: kind('convolution') }),
])

const stem = v.strictObject({
  /** `7x7` with stride 2, one `3x3`, or `deep`: three 3×3 (Inception's idea; Gluon v1c, timm's d, t and s). */
  kind: choice(['7x7', '3x3', 'deep']),
  /** Output channels. */
  width: channels,
  /** Output channels of a deep stem's first two convolutions; empty otherwise. */
  innerWidths: v.array(channels),
  /** Stride of the (first) convolution: 2, but 1 for CIFAR. */
  stride: choice([1, 2]),
  /** Whether the last convolution is followed by normalisation and activation before the pool (not in most v2). */
  activated: v.boolean('must be true or false'),
  /** Normalisation of the image itself: Gluon v2 keeps statistics alone, MXNet's `bn_data` adds a shift. */
  inputNormalisation: choice(['none', 'statistics', 'statistics-and-shift']),
  pool: stemPool,
})

const residualBlock = v.strictObject({
  kind: choice(['basic', 'bottleneck']),
  /** The five orders of arXiv:1603.05027, Figure 4 (a) to (e). */
  order: choice([
    'original',
    'bn-after-addition',
    'relu-before-addition',
    'relu-only-preactivation',
    'full-preactivation',
  ]),
  /** Block output channels over the stage's width: 1 for basic, 4 for bottleneck. */
  expansion: whole(1, 64),
  groups: whole(1, 4096),
  /** Inner width is `floor(width × baseWidth / 64) × groups` (torchvision). */
  baseWidth: whole(1, 4096),
  /** The first convolution's width is the inner width divided by this (2 in SENet-154). */
  reduceFirst: choice([1, 2, 4]),
  /** Where the stride of a stage sits: `conv1` (the paper's first 1×1), `conv2` (the 3×3), or in the 3×3 of the last block of the stage before (Keras v2, TF-slim). Basic blocks: the first 3×3. */
  strideAt: choice(['conv1', 'conv2', 'last-block']),
  /** Pre-activation orders: whether the network's very first block has its own leading activation, or the stem's serves. */
  firstActivation: choice(['own', 'stem']),
  /** Pre-activation orders: what the shortcut reads. `activated`: where it changes the channels; `activated-at-stage-start`: in each stage's first block, identity or not. */
  shortcutReads: choice(['raw', 'activated', 'activated-at-stage-start']),
})

const denseLayer = v.strictObject({
  /** Dense concatenation (arXiv:1608.06993): the stage's width is its growth; a stage after the first starts with a transition. */
  kind: kind('dense'),
  /** Width of the 1×1 over the growth. */
  bottleneck: whole(1, 64),
  /** Share of the channels that a transition keeps. */
  compression: between(0.01, 1),
})

const invertedBlock = v.strictObject({
  /** Inverted bottleneck with a depthwise 3×3 (arXiv:1801.04381); the stage's width is its output. */
  kind: kind('inverted'),
  /** Inner width over input width; 1 has no expanding convolution. */
  expansion: whole(1, 64),
})

const block = v.variant('kind', [residualBlock, denseLayer, invertedBlock])

const stage = v.strictObject({
  blocks: whole(1, 2048),
  /** Channels before expansion (64, 128, 256, 512), a dense stage's growth, an inverted stage's output. */
  width: channels,
  stride: choice([1, 2]),
  /** A block for this stage alone. */
  block: v.optional(block),
})

/** How the branch and the shortcut come together (arXiv:1603.05027, Figure 2). */
const combine = v.variant('kind', [
  v.strictObject({ kind: kind('add') }),
  /** λ·x + μ·F(x) */
  v.strictObject({ kind: kind('scale'), shortcut: between(-16, 16), branch: between(-16, 16) }),
  /** Exclusive: (1 − g)·x + g·F(x); shortcut-only: (1 − g)·x + F(x); g = σ(1×1 convolution), its bias starts at `bias`. */
  v.strictObject({
    kind: kind('gate'),
    form: choice(['exclusive', 'shortcut-only']),
    bias: between(-100, 100),
  }),
  /** Dropout on the shortcut, in training. */
  v.strictObject({ kind: kind('dropout'), rate: between(0, 0.99) }),
])

const shortcut = v.variant('kind', [
  /** None: a plain network. */
  v.strictObject({ kind: kind('none') }),
  /** Option A: identity; where the shape changes, every second row and column (or a 2×2 average) and channels of zeros. */
  v.strictObject({
    kind: kind('zero-padding'),
    sampling: choice(['subsample', 'average']),
    zeros: choice(['end', 'both']),
    combine,
  }),
  /** Options B and C, and D with a pool before the projection. */
  v.strictObject({
    kind: kind('projection'),
    /** `shape-change` (B, torchvision), `stage-start` (TensorFlow, MXNet), `every-block` (C). */
    where: choice(['shape-change', 'stage-start', 'every-block']),
    /** Kernel where the stride is 2: 3 in SENet-154. */
    kernel: choice([1, 3]),
    /** A 2×2 average before a projection of stride 1 in the strided one's place (ResNet-D). */
    pool: choice(['none', 'average']),
    /** That average in dilated stages, which have no stride: left out (Gluon) or 2×2 with stride 1 (timm). */
    dilatedPool: choice(['none', 'same']),
    normalised: v.boolean('must be true or false'),
    combine,
  }),
])

const normalisation = v.variant('kind', [
  v.strictObject({ kind: kind('batch'), epsilon: between(0, 1), momentum: between(0, 1) }),
  v.strictObject({ kind: kind('group'), groups: whole(1, 4096), epsilon: between(0, 1) }),
])

const convolution = v.strictObject({
  /** Which convolutions have a bias. */
  bias: v.array(choice(['stem', 'conv1', 'conv2', 'conv3', 'shortcut'])),
  /** Standardised weights (arXiv:1903.10520; BiT) and their epsilon, or null. */
  standardised: v.nullable(v.strictObject({ epsilon: between(0, 1) })),
  /** Padding of strided convolutions: symmetric, or TensorFlow's SAME. */
  padding: choice(['symmetric', 'same']),
})

const attention = v.variant('kind', [
  v.strictObject({ kind: kind('none') }),
  /** Squeeze and excitation (arXiv:1709.01507): width over `reduction`, rounded to a multiple of `divisor`. */
  v.strictObject({
    kind: kind('se'),
    reduction: whole(1, 1024),
    divisor: whole(1, 1024),
    bias: v.boolean('must be true or false'),
    position: choice(['branch-end', 'before-last-convolution']),
    /** Whether the branch is activated once more in front of a gate at its end (the first SE-ResNet-18 and -34). */
    activated: v.optional(v.boolean('must be true or false'), false),
  }),
  /** Efficient channel attention (arXiv:1910.03151): kernel from the width, or fixed. */
  v.strictObject({
    kind: kind('eca'),
    kernel: v.union([kind('from-width'), whole(1, 31)], 'must be from-width or an odd number up to 31'),
  }),
  /** Selective kernels (arXiv:1903.06586) in place of the 3×3 (bottleneck) or the first 3×3 (basic). */
  v.strictObject({
    kind: kind('sk'),
    reduction: whole(1, 1024),
    divisor: whole(1, 1024),
    split: v.boolean('must be true or false'),
  }),
])

/** The filter in front of what used to be strided (arXiv:1904.11486), or null. */
const antialias = v.variant('kind', [
  v.strictObject({ kind: kind('none') }),
  v.strictObject({
    kind: kind('blur'),
    taps: v.pipe(
      v.array(between(0, 1e6)),
      v.minLength(1, 'must list 1 to 7 numbers'),
      v.maxLength(7, 'must list 1 to 7 numbers'),
      v.check((taps) => taps.some((tap) => tap > 0), 'must have a number above 0'),
    ),
  }),
  v.strictObject({ kind: kind('average') }),
])

const regularisation = v.strictObject({
  /**
   * Stochastic depth (arXiv:1603.09382), or null. `rate` is that of the last block. `schedule`: `paper` starts at rate / L,
   * `first-kept` (timm) at 0. `draw`: one for each image or each batch. `rescale`: kept branches are divided by their
   * share in training, or multiplied by it in inference (the paper).
   */
  stochasticDepth: v.nullable(
    v.strictObject({
      rate: between(0, 0.99),
      schedule: choice(['paper', 'first-kept']),
      draw: choice(['image', 'batch']),
      rescale: choice(['training', 'inference']),
    }),
  ),
  /** DropBlock (arXiv:1810.12890) in the last two stages, with blocks of 5 and 3, or null. */
  dropBlock: v.nullable(v.strictObject({ rate: between(0, 0.99) })),
  /** Dropout inside the branch, before its last convolution (Wide ResNet). */
  branchDropout: between(0, 0.99),
})

const hiddenLayer = v.strictObject({
  width: channels,
  activation: choice(['none', 'relu', 'relu6', 'silu', 'sigmoid']),
})

const head = v.strictObject({
  /** Normalisation and activation after the last block: pre-activation and dense networks need it. */
  finalActivation: choice(['none', 'activation', 'normalisation-and-activation']),
  /** A last 1×1 convolution, normalised and activated, of this width (MobileNetV2), or 0. */
  convolutionWidth: whole(0, 65_536),
  /**
   * Average over the whole map, or over a fixed window (Caffe's 7×7), which must then cover it; or the map's maxima and
   * averages side by side (`maximum-first` as in fastai, `average-first` as in timm's `catavgmax`).
   */
  pool: v.variant('kind', [
    v.strictObject({ kind: kind('global') }),
    v.strictObject({ kind: kind('fixed'), size: whole(1, 1024) }),
    v.strictObject({ kind: kind('average-and-maximum'), order: choice(['maximum-first', 'average-first']) }),
  ]),
  dropout: between(0, 0.99),
  /** Linear layers between the features and the classifier, each with what acts on it; older configs have none. */
  hidden: v.optional(v.pipe(v.array(hiddenLayer), v.maxLength(8, 'must list at most 8 layers')), []),
  classifier: choice(['linear', 'convolution']),
  /** Whether class 0 is "background" and the labels start at 1 (TensorFlow). */
  backgroundClass: v.boolean('must be true or false'),
})

const schema = v.strictObject({
  /** Height and width in pixels. */
  input: v.strictTuple([whole(1, 16_384), whole(1, 16_384)]),
  inputChannels: whole(1, 1024),
  classes: whole(1, 1_000_000),
  stem,
  stages: v.pipe(
    v.array(stage),
    v.minLength(1, 'must list at least one stage'),
    v.maxLength(16, 'must list at most 16 stages'),
  ),
  block,
  shortcut,
  normalisation,
  activation: choice(['relu', 'relu6', 'silu']),
  convolution,
  attention,
  antialias,
  regularisation,
  head,
  /** Input pixels to one cell of the last map; smaller than the strides' product, later stages are dilated instead. */
  outputStride: choice([8, 16, 32]),
})

/**
 * What a network is, as one JSON value.
 *
 * @useDeclaredType
 */
export type ResNetConfig = ReadonlyDeep<v.InferOutput<typeof schema>>
export type StemConfig = ResNetConfig['stem']
export type StageConfig = ResNetConfig['stages'][number]
export type BlockConfig = ResNetConfig['block']
export type ResidualBlockConfig = Extract<BlockConfig, { kind: 'basic' | 'bottleneck' }>
export type DenseLayerConfig = Extract<BlockConfig, { kind: 'dense' }>
export type InvertedBlockConfig = Extract<BlockConfig, { kind: 'inverted' }>
export type BlockOrder = ResidualBlockConfig['order']
export type ShortcutConfig = ResNetConfig['shortcut']
export type CombineConfig = Exclude<ShortcutConfig, { kind: 'none' }>['combine']
export type NormalisationConfig = ResNetConfig['normalisation']
export type ConvolutionRole = ResNetConfig['convolution']['bias'][number]
export type AttentionConfig = ResNetConfig['attention']

type ReadonlyDeep<T> = T extends readonly unknown[] | object
  ? { readonly [K in keyof T]: ReadonlyDeep<T[K]> }
  : T

/**
 * Reads a config from outside.
 *
 * @throws ConfigError that names the first key that is wrong and says what it must be.
 */
export function parseConfig(value: unknown): ResNetConfig {
  return parsed(schema, value, { name: 'config', of: 'the config' })
}

/** The block of a stage: its own, or the network's. */
export function blockOf(config: ResNetConfig, stage: StageConfig): BlockConfig {
  return stage.block ?? config.block
}

/** Path of the block of a stage, by its number: of its own, or of the network's. */
export function blockKey(config: ResNetConfig, stage: number): string {
  return config.stages[stage]?.block === undefined ? 'block' : `stages.${stage}.block`
}
