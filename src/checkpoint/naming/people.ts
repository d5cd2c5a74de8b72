/**
 * Names that people's own code gives to known networks: xternalz/WideResNet-pytorch, meliketoy/wide-resnet.pytorch,
 * kuangliu/pytorch-cifar, weiaicunzai/pytorch-cifar100, facebookresearch/detectron2, and what
 * `nn.Sequential(*list(resnet.children()))` makes of torchvision's (fastai). The last linear layers are found by their shape.
 */
import { attention, type NamingScheme, renamed, scheme, stemAndBlocks, torchSuffixes } from './scheme.ts'
import { type Rule, rule } from './template.ts'

/** A network's children have numbers: conv1 is 0, bn1 is 1, layer1 to layer4 are 4 to 7. */
const childNumber = (name: string) =>
  name
    .replace(/^conv1/, '0')
    .replace(/^bn1/, '1')
    .replace(/^layer\{s\}/, '{s+3}')

/** Pre-activation under torchvision's names; `stem` says what `bn1` outside blocks is. */
const preactivated = (bn1: readonly Rule[]): readonly Rule[] => [
  rule('conv1', 'stem.conv'),
  ...bn1,
  rule('layer{s+1}.{b}.bn{c}', 'stages.{s}.blocks.{b}.norm{c}'),
  rule('layer{s+1}.{b}.conv{c}', 'stages.{s}.blocks.{b}.conv{c}'),
  ...['shortcut', 'downsample'].flatMap((shortcut) => [
    rule(`layer{s+1}.{b}.${shortcut}.0`, 'stages.{s}.blocks.{b}.downsample.conv'),
    rule(`layer{s+1}.{b}.${shortcut}.1`, 'stages.{s}.blocks.{b}.downsample.norm'),
    rule(`layer{s+1}.{b}.${shortcut}`, 'stages.{s}.blocks.{b}.downsample.conv'),
  ]),
]

const lastNorms = (...names: readonly string[]) => names.map((name) => rule(name, 'norm'))

/** Convolutions and normalisations stand in one Sequential, three places a convolution. */
const inSequence = (theirs: string, ours: string, first: { conv: number; norm: number; name: string }) =>
  [0, 1, 2].flatMap((n) => [
    rule(`${theirs}.${3 * n + first.conv}`, `${ours}.conv${n + 1}`),
    rule(`${theirs}.${3 * n + first.norm}`, `${ours}.${first.name}${n + 1}`),
  ])

export const peopleSchemes: readonly NamingScheme[] = [
  scheme('torch-preactivation', 'pre-activation networks under names of torchvision', torchSuffixes, [
    ...preactivated(lastNorms('bn1', 'bn', 'norm')),
  ]),
  scheme('torch-preactivation-stem', 'pre-activation networks under names of torchvision', torchSuffixes, [
    ...preactivated([rule('bn1', 'stem.norm'), ...lastNorms('bn', 'bn2', 'bn_last', 'norm')]),
  ]),
  scheme('wide-resnet', 'Wide ResNets in PyTorch', torchSuffixes, [
    rule('conv1', 'stem.conv'),
    rule('block{s+1}.layer.{b}.conv{c}', 'stages.{s}.blocks.{b}.conv{c}'),
    rule('block{s+1}.layer.{b}.bn{c}', 'stages.{s}.blocks.{b}.norm{c}'),
    rule('block{s+1}.layer.{b}.convShortcut', 'stages.{s}.blocks.{b}.downsample.conv'),
    rule('block{s+1}.layer.{b}.shortcut', 'stages.{s}.blocks.{b}.downsample.conv'),
    rule('bn1', 'norm'),
  ]),
  scheme('detectron', 'Detectron2', torchSuffixes, [
    rule('stem.conv1', 'conv1'),
    rule('stem.conv1.norm', 'bn1'),
    rule('res{s+2}.{b}.conv{c}', 'layer{s+1}.{b}.conv{c}'),
    rule('res{s+2}.{b}.conv{c}.norm', 'layer{s+1}.{b}.bn{c}'),
    rule('res{s+2}.{b}.shortcut', 'layer{s+1}.{b}.downsample.0'),
    rule('res{s+2}.{b}.shortcut.norm', 'layer{s+1}.{b}.downsample.1'),
  ]),
  scheme('cifar-100-collection', "weiaicunzai's CIFAR-100 collection", torchSuffixes, [
    rule('conv1.0', 'conv1'),
    rule('conv1.1', 'bn1'),
    ...inSequence('conv{s+2}_x.{b}.residual_function', 'layer{s+1}.{b}', { conv: 0, norm: 1, name: 'bn' }),
    rule('conv{s+2}_x.{b}.shortcut.{i}', 'layer{s+1}.{b}.downsample.{i}'),
  ]),
  scheme('cifar-100-preactivation', "weiaicunzai's CIFAR-100 collection", torchSuffixes, [
    rule('pre.0', 'stem.conv'),
    rule('pre.1', 'stem.norm'),
    ...inSequence('stage{s+1}.{b}.residual', 'stages.{s}.blocks.{b}', { conv: 2, norm: 0, name: 'norm' }),
    rule('stage{s+1}.{b}.shortcut', 'stages.{s}.blocks.{b}.downsample.conv'),
  ]),
  scheme(
    'children',
    "torchvision's children by number",
    torchSuffixes,
    renamed(
      [...stemAndBlocks, ...attention.filter(({ ours }) => ours.text.startsWith('layer'))],
      childNumber,
    ),
  ),
]
