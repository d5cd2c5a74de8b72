/**
 * The naming schemes of the field as tables: what each source calls a layer, and what we call it (torchvision's names;
 * timm's where torchvision has none). Sources: pytorch/vision, huggingface/pytorch-image-models, huggingface/transformers,
 * NVIDIA/DeepLearningExamples, keras-team/keras and keras-applications, dmlc/gluon-cv, Cadene/pretrained-models.pytorch.
 */
import { peopleSchemes } from './people.ts'
import {
  alike,
  attention,
  gluonSuffixes,
  kerasSuffixes,
  type NamingScheme,
  type SchemeName,
  scheme,
  stemAndBlocks,
  torchSuffixes,
} from './scheme.ts'
import { type Rule, rule } from './template.ts'

const denseNet = alike(
  'features.conv{i}',
  'features.norm{i}',
  'features.denseblock{s}.denselayer{b}.norm{i}',
  'features.denseblock{s}.denselayer{b}.conv{i}',
  'features.transition{s}.norm',
  'features.transition{s}.conv',
  'classifier',
)
const mobileNet = alike(
  'features.{i}.{j}',
  'features.{i}.conv.{j}.{k}',
  'features.{i}.conv.{j}',
  'classifier.1',
)

const preactivation = alike(
  'stem.conv',
  'stem.norm',
  'stem.conv{i}',
  'stem.norm{i}',
  'stages.{s}.blocks.{b}.conv{c}',
  'stages.{s}.blocks.{b}.norm{c}',
  'stages.{s}.blocks.{b}.downsample.conv',
  'stages.{s}.blocks.{b}.downsample.norm',
  'head.fc',
)
/** What torchvision and timm have no network for: the names that our own files use. */
const ours = [
  ...alike('input_norm', 'maxpool.{i}', 'stem.pool.conv', 'stem.pool.norm', 'norm', 'head.conv', 'head.norm'),
  ...['layer{s}', 'stages.{s}'].flatMap((stage) =>
    alike(`${stage}.transition.norm`, `${stage}.transition.conv`),
  ),
  ...['layer{s}.{b}', 'stages.{s}.blocks.{b}'].flatMap((block) =>
    alike(`${block}.norm{i}`, `${block}.conv.{j}.{k}`, `${block}.conv.{j}`),
  ),
]

const huggingFace = (prefix: string): readonly Rule[] => [
  rule(`${prefix}embedder.embedder.convolution`, 'conv1'),
  rule(`${prefix}embedder.embedder.normalization`, 'bn1'),
  rule(`${prefix}encoder.stages.{s}.layers.{b}.layer.{c}.convolution`, 'layer{s+1}.{b}.conv{c+1}'),
  rule(`${prefix}encoder.stages.{s}.layers.{b}.layer.{c}.normalization`, 'layer{s+1}.{b}.bn{c+1}'),
  rule(`${prefix}encoder.stages.{s}.layers.{b}.shortcut.convolution`, 'layer{s+1}.{b}.downsample.0'),
  rule(`${prefix}encoder.stages.{s}.layers.{b}.shortcut.normalization`, 'layer{s+1}.{b}.downsample.1'),
  rule('classifier.1', 'fc'),
]

const senetBlocks: readonly Rule[] = [
  ...alike('layer{s+1}.{b}.conv{c}', 'layer{s+1}.{b}.bn{c}', 'layer{s+1}.{b}.downsample.{i}'),
  rule('layer{s+1}.{b}.se_module.fc{i}', 'layer{s+1}.{b}.se.fc{i}'),
  rule('last_linear', 'fc'),
]

/** Blocks of MobileNetV2's stages at its usual depth. */
const mobileNetDepths = [1, 2, 3, 4, 3, 3, 1]

/** timm counts MobileNetV2's blocks stage by stage, torchvision from 1 on through all stages. */
export function timmMobileNet(depths: readonly number[]): readonly Rule[] {
  const firsts = depths.map((_, stage) => 1 + depths.slice(0, stage).reduce((sum, count) => sum + count, 0))
  const last = 1 + depths.reduce((sum, count) => sum + count, 0)
  const separable = ['conv_dw:0.0', 'bn1:0.1', 'conv_pw:1', 'bn2:2']
  const inverted = ['conv_pw:0.0', 'bn1:0.1', 'conv_dw:1.0', 'bn2:1.1', 'conv_pwl:2', 'bn3:3']
  // The last stage first: read backwards, a block belongs to the latest stage that has begun.
  const blocks = [...firsts.entries()].reverse().flatMap(([stage, first]) =>
    (stage === 0 ? separable : inverted).map((pair) => {
      const [theirs, layer] = pair.split(':')
      return rule(`blocks.${stage}.{b}.${theirs}`, `features.{b+${first}}.conv.${layer}`)
    }),
  )
  return [
    rule('conv_stem', 'features.0.0'),
    rule('bn1', 'features.0.1'),
    ...blocks,
    rule('conv_head', `features.${last}.0`),
    rule('bn2', `features.${last}.1`),
    rule('classifier', 'classifier.1'),
  ]
}

/** Blocks of each stage as a file's names count them. */
function depthsIn(names: readonly string[]): readonly number[] {
  const depths: number[] = []
  for (const name of names) {
    const [, stage, block] = /^blocks\.(\d{1,2})\.(\d{1,3})\.conv_dw\./.exec(name) ?? []
    if (stage === undefined) continue
    depths[Number(stage)] = Math.max(depths[Number(stage)] ?? 0, Number(block) + 1)
  }
  return Array.from(depths, (count) => count ?? 0)
}

/** Classifiers that people put on Keras' networks. */
const kerasHeads = ['dense', 'logits', 'output']

const kerasBlock = 'conv{s+2}_block{b+1}'
const gluonStages = [4, 10].flatMap((first) =>
  [0, 1, 2, 3].flatMap((stage) => {
    const theirs = `features.${first + stage}.{b}`
    const block = `layer${stage + 1}.{b}`
    return [
      ...[1, 2, 3].flatMap((c) => [
        rule(`${theirs}.body.${3 * c - 3}`, `${block}.conv${c}`),
        rule(`${theirs}.body.${3 * c - 2}`, `${block}.bn${c}`),
      ]),
      rule(`${theirs}.downsample.{i}`, `${block}.downsample.{i}`),
      rule(`${theirs}.se.0`, `${block}.se.fc1`),
      rule(`${theirs}.se.2`, `${block}.se.fc2`),
    ]
  }),
)

/** All of them; where several know as many names of a file, the first is meant. */
export const namingSchemes: readonly NamingScheme[] = [
  scheme('torchvision', 'torchvision', torchSuffixes, [
    ...stemAndBlocks,
    ...alike('fc'),
    ...denseNet,
    ...mobileNet,
  ]),
  scheme('timm', 'timm', torchSuffixes, [
    ...stemAndBlocks,
    ...alike('fc'),
    ...attention,
    ...preactivation,
    ...denseNet,
    ...mobileNet,
    ...ours,
  ]),
  {
    ...scheme('timm-mobilenet', 'timm', torchSuffixes, timmMobileNet(mobileNetDepths)),
    adapted: (names) => timmMobileNet(depthsIn(names)),
  },
  scheme('torchvision-old-densenet', "torchvision's first DenseNets", torchSuffixes, [
    rule('features.denseblock{s}.denselayer{b}.norm.{i}', 'features.denseblock{s}.denselayer{b}.norm{i}'),
    rule('features.denseblock{s}.denselayer{b}.conv.{i}', 'features.denseblock{s}.denselayer{b}.conv{i}'),
    ...denseNet,
  ]),
  scheme('cifar-collection', 'the public CIFAR collection', torchSuffixes, [
    // Its projections are called shortcuts: a file with `downsample` is of another source.
    ...stemAndBlocks.filter(({ theirs }) => !theirs.text.includes('downsample')),
    rule('layer{s}.{b}.shortcut.{i}', 'layer{s}.{b}.downsample.{i}'),
    rule('linear', 'fc'),
  ]),
  scheme('hugging-face', 'Hugging Face', torchSuffixes, huggingFace('resnet.')),
  scheme('hugging-face-bare', 'Hugging Face (without classifier)', torchSuffixes, huggingFace('')),
  scheme('nvidia', 'NVIDIA', torchSuffixes, [
    ...alike('conv1', 'bn1', 'fc'),
    rule('layers.{s}.{b}.conv{c}', 'layer{s+1}.{b}.conv{c}'),
    rule('layers.{s}.{b}.bn{c}', 'layer{s+1}.{b}.bn{c}'),
    rule('layers.{s}.{b}.downsample.{i}', 'layer{s+1}.{b}.downsample.{i}'),
    rule('layers.{s}.{b}.squeeze.squeeze', 'layer{s+1}.{b}.se.fc1'),
    rule('layers.{s}.{b}.squeeze.expand', 'layer{s+1}.{b}.se.fc2'),
  ]),
  scheme('legacy-senet', 'the first SENets in PyTorch', torchSuffixes, [
    rule('layer0.conv1', 'conv1'),
    rule('layer0.bn1', 'bn1'),
    ...senetBlocks,
  ]),
  scheme('legacy-senet-deep', 'the first SENets in PyTorch', torchSuffixes, [
    rule('layer0.conv1', 'conv1.0'),
    rule('layer0.bn1', 'conv1.1'),
    rule('layer0.conv2', 'conv1.3'),
    rule('layer0.bn2', 'conv1.4'),
    rule('layer0.conv3', 'conv1.6'),
    rule('layer0.bn3', 'bn1'),
    ...senetBlocks,
  ]),
  scheme('keras-first', "Keras' first ResNets", kerasSuffixes, [
    ...alike('conv1'),
    rule('bn_conv1', 'bn1'),
    rule('res{s+2}{b:unit}_branch2{c:letter}', 'layer{s+1}.{b}.conv{c+1}'),
    rule('bn{s+2}{b:unit}_branch2{c:letter}', 'layer{s+1}.{b}.bn{c+1}'),
    rule('res{s+2}{b:unit}_branch1', 'layer{s+1}.{b}.downsample.0'),
    rule('bn{s+2}{b:unit}_branch1', 'layer{s+1}.{b}.downsample.1'),
    ...['fc1000', 'fc', 'predictions', ...kerasHeads].map((head) => rule(head, 'fc')),
  ]),
  scheme('keras', 'Keras', kerasSuffixes, [
    rule('conv1_conv', 'conv1'),
    rule('conv1_bn', 'bn1'),
    rule(`${kerasBlock}_0_conv`, 'layer{s+1}.{b}.downsample.0'),
    rule(`${kerasBlock}_0_bn`, 'layer{s+1}.{b}.downsample.1'),
    rule(`${kerasBlock}_{c+1}_conv`, 'layer{s+1}.{b}.conv{c+1}'),
    rule(`${kerasBlock}_{c+1}_bn`, 'layer{s+1}.{b}.bn{c+1}'),
    ...['probs', 'predictions', ...kerasHeads].map((head) => rule(head, 'fc')),
  ]),
  scheme('keras-v2', "Keras' v2", kerasSuffixes, [
    rule('conv1_conv', 'stem.conv'),
    rule(`${kerasBlock}_preact_bn`, 'stages.{s}.blocks.{b}.norm1'),
    rule(`${kerasBlock}_0_conv`, 'stages.{s}.blocks.{b}.downsample.conv'),
    rule(`${kerasBlock}_{c+1}_conv`, 'stages.{s}.blocks.{b}.conv{c+1}'),
    rule(`${kerasBlock}_{c+1}_bn`, 'stages.{s}.blocks.{b}.norm{c+2}'),
    rule('post_bn', 'norm'),
    ...['probs', 'predictions', ...kerasHeads].map((head) => rule(head, 'head.fc')),
  ]),
  scheme('gluon-v1b', "Gluon's v1b and its kin", gluonSuffixes, [...stemAndBlocks, ...alike('fc')]),
  scheme('gluon-v1', "Gluon's v1", gluonSuffixes, [
    rule('features.0', 'conv1'),
    rule('features.1', 'bn1'),
    ...gluonStages,
    rule('output', 'fc'),
  ]),
  scheme('gluon-v2', "Gluon's v2", gluonSuffixes, [
    rule('features.0', 'input_norm'),
    rule('features.1', 'stem.conv'),
    rule('features.2', 'stem.norm'),
    ...[0, 1, 2, 3].flatMap((stage) => [
      rule(`features.${stage + 5}.{b}.bn{c}`, `stages.${stage}.blocks.{b}.norm{c}`),
      rule(`features.${stage + 5}.{b}.conv{c}`, `stages.${stage}.blocks.{b}.conv{c}`),
      rule(`features.${stage + 5}.{b}.downsample`, `stages.${stage}.blocks.{b}.downsample.conv`),
    ]),
    rule('features.9', 'norm'),
    rule('output', 'head.fc'),
  ]),
  ...peopleSchemes,
]

export function schemeNamed(name: SchemeName): NamingScheme {
  const found = namingSchemes.find((entry) => entry.name === name)
  if (found === undefined) throw new TypeError(`there is no naming scheme ${name}`)
  return found
}
