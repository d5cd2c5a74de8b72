/** The families that `resnet list` groups the named networks by: who made them, and what is theirs. */

export interface Named {
  readonly name: string
  readonly source: string
  readonly input: readonly [number, number]
}

export interface Family {
  /** What `--family` takes. */
  readonly key: string
  readonly title: string
  readonly holds: (row: Named) => boolean
}

const from =
  (...sources: readonly string[]) =>
  ({ source }: Named) =>
    sources.some((start) => source.startsWith(start))

const timm =
  (names: RegExp) =>
  ({ name, source }: Named) =>
    source === 'huggingface/pytorch-image-models' && names.test(name)

/** A network belongs to the first family that holds it. */
export const families: readonly Family[] = [
  { key: 'torchvision', title: 'torchvision', holds: from('pytorch/vision') },
  {
    key: 'wide',
    title: 'Wide ResNets for CIFAR (arXiv:1605.07146)',
    holds: from('arXiv:1605.07146'),
  },
  {
    key: 'cifar',
    title: "the papers' networks, from arXiv:1512.03385 on",
    holds: ({ input }) => input[0] === 32,
  },
  {
    key: 'paper',
    title: "the first paper's ImageNet networks (arXiv:1512.03385)",
    holds: from('arXiv:1512.03385', 'KaimingHe/deep-residual-networks'),
  },
  {
    key: 'preact',
    title: 'pre-activation (arXiv:1603.05027), as Torch published it',
    holds: from('arXiv:1603.05027', 'facebook/fb.resnet.torch', 'KaimingHe/resnet-1k-layers'),
  },
  {
    key: 'gluon',
    title: 'Gluon (the "bag of tricks" article, arXiv:1812.01187)',
    holds: from('dmlc/gluon-cv'),
  },
  { key: 'mxnet', title: 'MXNet', holds: from('apache/mxnet') },
  { key: 'keras', title: 'Keras', holds: from('keras-team/') },
  { key: 'tensorflow', title: 'TensorFlow, official and slim', holds: from('tensorflow/models') },
  {
    key: 'attention',
    title: 'channel attention: SE, ECA and selective kernels (timm)',
    holds: timm(/^(legacy_)?(se|eca|sk)/),
  },
  { key: 'antialias', title: 'filters in the place of strides (timm)', holds: timm(/^resnet(blur|aa)/) },
  { key: 'preact-timm', title: 'pre-activation as timm builds it', holds: timm(/^resnetv2/) },
  { key: 'timm', title: 'deep and tiered stems, ResNeXt, group normalisation (timm)', holds: timm(/./) },
  { key: 'rs', title: 'ResNet-RS (arXiv:2103.07579)', holds: from('arXiv:2103.07579') },
  { key: 'bit', title: 'Big Transfer (arXiv:1912.11370)', holds: from('arXiv:1912.11370') },
  { key: 'relatives', title: 'relatives: DenseNet, MobileNetV2', holds: () => true },
]

/** The key of a network's family. */
export function familyOf(row: Named): string {
  return families.find(({ holds }) => holds(row))?.key ?? 'relatives'
}
