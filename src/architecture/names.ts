/**
 * What parameters are called. torchvision's names are the field's lingua franca; timm's serve where torchvision has none
 * (pre-activation networks), and DenseNet and MobileNetV2 keep the names that torchvision gives them.
 */
import { blockOf, type ResNetConfig, type StageConfig } from './config.ts'

export interface Names {
  readonly inputNormalisation: string
  /** The stem's convolutions in order, and the normalisation behind each. */
  readonly stemConvolutions: readonly string[]
  readonly stemNormalisations: readonly string[]
  /** The convolution that replaces the stem's pool, and its normalisation. */
  readonly poolConvolution: string
  readonly poolNormalisation: string
  /** A block, counted from 0 within its stage. */
  block(stage: number, block: number): string
  /** The transition in front of a dense stage. */
  transition(stage: number): string
  /** The n-th (from 1) convolution of a residual block and its normalisation. */
  convolution(n: number): string
  normalisation(n: number): string
  readonly projection: string
  readonly projectionNormalisation: string
  readonly finalNormalisation: string
  readonly headConvolution: string
  readonly headNormalisation: string
  /** The linear layers of the head in order: hidden ones, then the classifier. */
  readonly head: readonly string[]
  readonly classifier: string
}

/** A head's layers by the name of its one classifier: `fc`, or `fc.0`, `fc.2`, ... as in `Sequential(Linear, ReLU, Linear)`. */
export function headLayers(classifier: string, hidden: number): readonly string[] {
  if (hidden === 0) return [classifier]
  const [, root = classifier, first = '0'] = /^(.*)\.(\d+)$/.exec(classifier) ?? []
  return Array.from({ length: hidden + 1 }, (_, i) => `${root}.${Number(first) + 2 * i}`)
}

type Classified = Omit<Names, 'head'>

/** The naming of a network: by what its blocks are. */
export function namesOf(config: ResNetConfig): Names {
  const names = familyNames(config)
  const head = headLayers(names.classifier, config.head.hidden.length)
  return { ...names, head, classifier: head.at(-1) ?? names.classifier }
}

function familyNames(config: ResNetConfig): Classified {
  const blocks = config.stages.map((stage) => blockOf(config, stage))
  if (blocks.every(({ kind }) => kind === 'dense')) return denseNames(config)
  if (blocks.every(({ kind }) => kind === 'inverted')) return invertedNames(config)
  const preactivated = blocks.some((block) => 'order' in block && block.order === 'full-preactivation')
  return preactivated ? preactivationNames(config) : torchvisionNames(config)
}

/** The whole network of torchvision's and timm's `resnet.py`. */
function torchvisionNames(config: ResNetConfig): Classified {
  const deep = config.stem.kind === 'deep'
  const selective = config.attention.kind === 'sk'
  const afterPool = config.shortcut.kind === 'projection' && config.shortcut.pool === 'average' ? 1 : 0
  return {
    inputNormalisation: 'input_norm',
    stemConvolutions: deep ? ['conv1.0', 'conv1.3', 'conv1.6'] : ['conv1'],
    stemNormalisations: deep ? ['conv1.1', 'conv1.4', 'bn1'] : ['bn1'],
    poolConvolution: 'maxpool.0',
    poolNormalisation: 'maxpool.1',
    block: (stage, block) => `layer${stage + 1}.${block}`,
    transition: (stage) => `layer${stage + 1}.transition`,
    convolution: (n) => (selective ? `conv${n}.conv` : `conv${n}`),
    normalisation: (n) => (selective ? `conv${n}.bn` : `bn${n}`),
    projection: `downsample.${afterPool}`,
    projectionNormalisation: `downsample.${afterPool + 1}`,
    finalNormalisation: 'norm',
    headConvolution: 'head.conv',
    headNormalisation: 'head.norm',
    classifier: 'fc',
  }
}

/** timm's `resnetv2.py`. */
function preactivationNames(config: ResNetConfig): Classified {
  const deep = config.stem.kind === 'deep'
  return {
    ...torchvisionNames(config),
    stemConvolutions: deep ? ['stem.conv1', 'stem.conv2', 'stem.conv3'] : ['stem.conv'],
    stemNormalisations: deep ? ['stem.norm1', 'stem.norm2', 'stem.norm3'] : ['stem.norm'],
    poolConvolution: 'stem.pool.conv',
    poolNormalisation: 'stem.pool.norm',
    block: (stage, block) => `stages.${stage}.blocks.${block}`,
    transition: (stage) => `stages.${stage}.transition`,
    convolution: (n) => `conv${n}`,
    normalisation: (n) => `norm${n}`,
    projection: 'downsample.conv',
    projectionNormalisation: 'downsample.norm',
    classifier: 'head.fc',
  }
}

/** torchvision's `densenet.py`. */
function denseNames(config: ResNetConfig): Classified {
  return {
    ...torchvisionNames(config),
    stemConvolutions: ['features.conv0', 'features.conv1', 'features.conv2'],
    stemNormalisations: ['features.norm0', 'features.norm1', 'features.norm2'],
    block: (stage, block) => `features.denseblock${stage + 1}.denselayer${block + 1}`,
    transition: (stage) => `features.transition${stage}`,
    finalNormalisation: 'features.norm5',
    classifier: 'classifier',
  }
}

/** torchvision's `mobilenetv2.py`: everything is a numbered entry of `features`. */
function invertedNames(config: ResNetConfig): Classified {
  const blocksBefore = (stages: readonly StageConfig[]) => stages.reduce((sum, { blocks }) => sum + blocks, 0)
  const last = blocksBefore(config.stages) + 1
  return {
    ...torchvisionNames(config),
    stemConvolutions: ['features.0.0'],
    stemNormalisations: ['features.0.1'],
    block: (stage, block) => `features.${1 + blocksBefore(config.stages.slice(0, stage)) + block}`,
    headConvolution: `features.${last}.0`,
    headNormalisation: `features.${last}.1`,
    classifier: 'classifier.1',
  }
}
