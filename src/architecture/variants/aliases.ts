/**
 * Names that people type for networks that have another name here: the article's words, timm's former prefixes and its tags,
 * torchvision's, Keras' and the hubs' spellings. Each stands for a row of the table.
 */
import { type Seen, seenUnder } from './tags.ts'

/** Another name for a network. */
export interface Alias extends Seen {
  readonly name: string
  /** The name in the table. */
  readonly of: string
}

const depths = [18, 34, 50, 101, 152]
const bilinear = { preprocessing: 'torch-imagenet' } as const
const bicubic = { preprocessing: 'torch-imagenet-bicubic' } as const

const article: readonly Alias[] = depths.flatMap((depth) => [
  { name: `resnet${depth}_v1b`, of: `gluon_resnet${depth}_v1b` },
  { name: `resnet${depth}_v2`, of: `gluon_resnet${depth}_v2` },
  { name: `resnet${depth}_v1d`, of: depth < 50 ? `resnet${depth}d` : `gluon_resnet${depth}_v1d` },
  ...(depth < 50
    ? []
    : ['v1c', 'v1e', 'v1s'].map((kind) => ({
        name: `resnet${depth}_${kind}`,
        of: `gluon_resnet${depth}_${kind}`,
      }))),
])

/** The plain twins of `resnet20` and the others for CIFAR. */
const plain: readonly Alias[] = [20, 32, 44, 56, 110, 1202].map((depth) => ({
  name: `plain${depth}`,
  of: `cifar_plain${depth}`,
}))

const weakly = [8, 16, 32, 48].map((width) => `resnext101_32x${width}d`)
const semi = [
  'resnet18',
  'resnet50',
  'resnext50_32x4d',
  'resnext101_32x4d',
  'resnext101_32x8d',
  'resnext101_32x16d',
]

/** timm's names before it had tags, and those of facebookresearch's hubs. */
const former: readonly Alias[] = [
  ...['resnet34', 'resnet50', 'resnet101', 'resnet152', 'resnext50_32x4d'].map((of) => ({
    name: `tv_${of}`,
    of,
    ...bilinear,
  })),
  ...semi.flatMap((of) =>
    ['ssl', 'swsl'].flatMap((way) =>
      [`${way}_${of}`, `${of}_${way}`].map((name) => ({ name, of, ...bilinear })),
    ),
  ),
  ...weakly.flatMap((of) => [`ig_${of}`, `${of}_wsl`].map((name) => ({ name, of, ...bilinear }))),
  ...[
    'resnext50_32x4d',
    'resnext101_32x4d',
    'resnext101_64x4d',
    'seresnext50_32x4d',
    'seresnext101_32x4d',
    'seresnext101_64x4d',
    'senet154',
  ].map((of) => ({ name: `gluon_${of}`, of, ...bicubic })),
]

const libraries: readonly Alias[] = [
  { name: 'mobilenet_v2', of: 'mobilenetv2_100' },
  { name: 'mobilenetv2', of: 'mobilenetv2_100' },
  ...[50, 101, 152].map((depth) => ({ name: `resnet${depth}v2`, of: `keras_resnet${depth}v2` })),
  ...depths.map((depth) => ({ name: `resnet${depth}_v1.5`, of: `resnet${depth}` })),
  ...depths.flatMap((depth) =>
    [`preactresnet${depth}`, `preresnet${depth}`].map((name) => ({ name, of: `preact_resnet${depth}` })),
  ),
  ...[50, 101, 152].map((depth) => ({ name: `se_resnet${depth}`, of: `legacy_seresnet${depth}` })),
  ...[50, 101].map((depth) => ({ name: `se_resnext${depth}_32x4d`, of: `legacy_seresnext${depth}_32x4d` })),
]

export const aliasTable: readonly Alias[] = [...article, ...plain, ...former, ...libraries]

/**
 * A name as people write it and the name that it may stand for: capitals, dashes, the hubs' owners, torchvision's weights
 * and timm's tags are no part of it.
 */
export function spellings(name: string): readonly Alias[] {
  const plain = name
    .trim()
    .toLowerCase()
    .replace(/^(timm|microsoft|facebook)\//, '')
  const [, base = plain, tag] = /^([a-z][a-z0-9_-]*)\.([a-z][a-z0-9_]*)$/.exec(plain) ?? []
  const own = base.replace(/_weights$/, '').replaceAll('-', '_')
  const wide = /^(?:wrn|wide_?resnet)_?(\d+)_(\d+)$/.exec(own)
  const forms = [
    own,
    own.replace(/^([a-z]+)_(\d)/, '$1$2'),
    ...(wide === null ? [] : [`wrn_${wide[1]}_${wide[2]}`]),
  ]
  return [...new Set(forms)].map((of) => ({ name, of, ...(tag === undefined ? {} : seenUnder(of, tag)) }))
}
