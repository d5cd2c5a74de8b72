/**
 * What the names of a file tell beyond its shapes: whose network it is, hence what that source's networks do where
 * shapes are silent. Facts: each source's own code.
 */
import type { Changes } from '../../architecture/change.ts'
import type { ResNetConfig } from '../../architecture/config.ts'
import type { PreprocessingName } from '../../architecture/preprocessing.ts'
import type { SchemeName } from '../naming/scheme.ts'

export interface SourceReading {
  /** Fields that the source settles, for a network of this structure. */
  readonly pins: (config: ResNetConfig) => Changes
  /** Fields of which its files leave no doubt. */
  readonly settles?: readonly string[]
  /** How its networks see pictures; undefined: as the named variant does. */
  readonly preprocessing?: PreprocessingName
  /** Where to look first among networks of the same tensors: starts of `Variant.source`. */
  readonly prefer: readonly string[]
  /** What is known, as evidence says it. */
  readonly says?: string
}

const timm = 'huggingface/pytorch-image-models'
const torchFirst = ['pytorch/vision', timm]
const preactivated = ['facebook/fb.resnet.torch', 'arXiv:1603.05027', 'arXiv:1605.07146']
const hasPool = ({ stem }: ResNetConfig) => stem.pool.kind === 'max'
const isBottleneck = ({ block }: ResNetConfig) => block.kind === 'bottleneck'
const when = (condition: boolean, changes: Changes): Changes => (condition ? changes : {})

/** Stride in the 3×3 of a bottleneck: what everyone but the paper's heirs does. */
const middle = (config: ResNetConfig) => when(isBottleneck(config), { 'block.strideAt': 'conv2' })
const early = (config: ResNetConfig) => when(isBottleneck(config), { 'block.strideAt': 'conv1' })

const kerasFirst = (epsilon: number) => (config: ResNetConfig) => ({
  ...early(config),
  ...when(hasPool(config), { 'stem.pool.padding': 'zeros' }),
  ...when(config.normalisation.kind === 'batch', {
    'normalisation.epsilon': epsilon,
    'normalisation.momentum': 0.01,
  }),
})

const senet: SourceReading = {
  pins: (config) => ({
    ...when(hasPool(config), { 'stem.pool.padding': 'ceil' }),
    ...when(config.block.kind === 'basic' && config.attention.kind === 'se', { 'attention.activated': true }),
  }),
  settles: ['attention.activated', 'stem.pool'],
  prefer: [timm],
  says: "the first SENets have Caffe's pool (no padding before, ceil mode)",
}

/** Each scheme's reading. */
export const sources: Readonly<Record<SchemeName, SourceReading>> = {
  torchvision: { pins: () => ({}), prefer: torchFirst },
  timm: { pins: () => ({}), prefer: [timm, 'pytorch/vision'] },
  'timm-mobilenet': {
    pins: () => ({}),
    preprocessing: 'torch-imagenet-bicubic',
    prefer: ['arXiv:1801.04381'],
  },
  'torchvision-old-densenet': { pins: () => ({}), prefer: torchFirst },
  'cifar-collection': {
    pins: ({ shortcut }) => when(shortcut.kind === 'zero-padding', { 'shortcut.zeros': 'both' }),
    settles: ['shortcut.zeros'],
    preprocessing: 'cifar-akamaster',
    prefer: ['arXiv:1512.03385'],
    says: "the public CIFAR collection puts option A's zeros on both sides and normalises by ImageNet's statistics",
  },
  'hugging-face': {
    pins: middle,
    preprocessing: 'torch-imagenet-bicubic',
    prefer: torchFirst,
    says: 'Hugging Face puts the stride in the 3×3 unless its config.json says downsample_in_bottleneck',
  },
  'hugging-face-bare': {
    pins: middle,
    preprocessing: 'torch-imagenet-bicubic',
    prefer: torchFirst,
    says: 'Hugging Face puts the stride in the 3×3 unless its config.json says downsample_in_bottleneck',
  },
  nvidia: {
    pins: middle,
    preprocessing: 'torch-imagenet',
    prefer: torchFirst,
    says: 'NVIDIA puts the stride in the 3×3 (v1.5)',
  },
  children: { pins: () => ({}), prefer: torchFirst },
  'torch-preactivation': { pins: () => ({}), prefer: preactivated },
  'torch-preactivation-stem': { pins: () => ({}), prefer: preactivated },
  'wide-resnet': { pins: () => ({}), preprocessing: 'cifar10', prefer: ['arXiv:1605.07146'] },
  detectron: {
    pins: early,
    preprocessing: 'caffe-imagenet',
    prefer: ['arXiv:1512.03385'],
    says: "Detectron2's own backbones (MSRA) have the stride in the first 1×1 and read BGR minus the mean; those it took from torchvision have neither",
  },
  'cifar-100-collection': { pins: middle, preprocessing: 'cifar10', prefer: torchFirst },
  'cifar-100-preactivation': {
    pins: (config) => ({ ...early(config), 'block.shortcutReads': 'raw' }),
    preprocessing: 'cifar10',
    prefer: torchFirst,
  },
  'legacy-senet': senet,
  'legacy-senet-deep': senet,
  'keras-first': {
    pins: kerasFirst(1e-3),
    preprocessing: 'caffe-imagenet',
    prefer: ['keras-team'],
    says: "Keras' first ResNets are v1 (stride in the first 1×1) with epsilon 1e-3, fed BGR minus the mean",
  },
  keras: {
    pins: kerasFirst(1.001e-5),
    preprocessing: 'caffe-imagenet',
    prefer: ['keras-team'],
    says: "Keras' ResNets are v1 (stride in the first 1×1) with epsilon 1.001e-5, fed BGR minus the mean",
  },
  'keras-v2': {
    pins: (config) => ({
      ...kerasFirst(1.001e-5)(config),
      ...when(isBottleneck(config), { 'block.strideAt': 'last-block' }),
    }),
    preprocessing: 'keras-v2',
    prefer: ['keras-team'],
    says: "Keras' v2 puts the stride in the last block of a stage and pads the stem's pool by zeros; input from -1 to 1",
  },
  'gluon-v1b': {
    pins: (config) => ({
      ...middle(config),
      ...when(config.shortcut.kind === 'projection', { 'shortcut.dilatedPool': 'none' }),
    }),
    preprocessing: 'torch-imagenet',
    prefer: ['dmlc/gluon-cv'],
  },
  'gluon-v1': {
    pins: (config) => (config.block.kind === 'bottleneck' && config.block.groups === 1 ? early(config) : {}),
    preprocessing: 'torch-imagenet',
    prefer: ['dmlc/gluon-cv'],
    says: "Gluon's v1 puts the stride in the first 1×1",
  },
  'gluon-v2': { pins: middle, preprocessing: 'torch-imagenet', prefer: ['dmlc/gluon-cv'] },
}
