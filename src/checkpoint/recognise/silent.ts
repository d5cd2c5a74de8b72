/**
 * What neither names nor shapes can settle: one row a field of the config, with what else it may be. Every network is asked
 * every question that concerns it; a source, a graph in the file or the caller closes some.
 */
import type { Changes } from '../../architecture/change.ts'
import { blockOf, type ResNetConfig } from '../../architecture/config.ts'
import type { SchemeName } from '../naming/scheme.ts'

/** Another reading of a field. */
export interface SilentChoice {
  readonly value: string
  readonly changes: Changes
}

export interface SilentField {
  /** The field of the config; it is closed where this, or what it stands in, is settled. */
  readonly key: string
  readonly question: string
  /** How much a wrong reading costs: scores that mean nothing, or that are a little off, or a reading met almost never. */
  readonly weight: 'most' | 'some' | 'rare'
  readonly applies: (config: ResNetConfig, file: SilentFile) => boolean
  readonly reading: (config: ResNetConfig) => string
  readonly alternatives: (config: ResNetConfig) => readonly SilentChoice[]
}

/** What questions depend on besides the config. */
export interface SilentFile {
  readonly scheme: SchemeName
  /** Whether layers that work on maps stand beside the trunk: heads of segmentation or detection. */
  readonly onMaps: boolean
}

const isResidual = ({ block }: ResNetConfig) => block.kind === 'basic' || block.kind === 'bottleneck'
const isPreactivated = ({ block }: ResNetConfig) => 'order' in block && block.order !== 'original'
const isHalved = ({ stages }: ResNetConfig) => stages.some(({ stride }, s) => s > 0 && stride === 2)
const strideOf = ({ stem, stages }: ResNetConfig) =>
  stages.reduce((product, { stride }) => product * stride, stem.stride * (stem.pool.kind === 'none' ? 1 : 2))

/** The values of a field but the one that it has. */
const others = (key: string, values: readonly (string | number | boolean)[], own: unknown) =>
  values
    .filter((value) => value !== own)
    .map((value) => ({ value: String(value), changes: { [key]: value } }))

const wordsOf = (pool: ResNetConfig['stem']['pool']) =>
  pool.kind === 'max' ? `max, ${pool.padding}` : pool.kind

/** In the order in which they are asked. */
export const silentFields: readonly SilentField[] = [
  {
    key: 'head.hidden',
    question: 'what acts between the linear layers of the head',
    weight: 'most',
    applies: ({ head }) => head.hidden.some(({ activation }) => activation !== 'none'),
    reading: ({ head }) => head.hidden.map(({ activation }) => activation).join(', '),
    alternatives: () => others('head.hidden.0.activation', ['silu', 'sigmoid', 'none'], 'relu'),
  },
  {
    key: 'head.pool.order',
    question: 'whether the head reads maxima or averages first',
    weight: 'most',
    applies: ({ head }) => head.pool.kind === 'average-and-maximum',
    reading: () => 'maximum-first, as in fastai',
    alternatives: () => others('head.pool.order', ['average-first'], undefined),
  },
  {
    key: 'block.strideAt',
    question: 'where the stride of a stage sits',
    weight: 'most',
    applies: (config) => config.block.kind === 'bottleneck' && isHalved(config),
    reading: ({ block }) => ('strideAt' in block ? block.strideAt : ''),
    alternatives: ({ block }) =>
      others('block.strideAt', ['conv1', 'conv2', 'last-block'], 'strideAt' in block ? block.strideAt : ''),
  },
  {
    key: 'stem.stride',
    question: 'the stride and pool of the 3×3 stem',
    weight: 'most',
    applies: ({ stem, block }) => stem.kind === '3x3' && block.kind !== 'inverted',
    reading: ({ stem }) => `stride ${stem.stride}, pool ${wordsOf(stem.pool)}`,
    alternatives: ({ stem }) =>
      [
        { value: 'stride 1, pool none', changes: { 'stem.stride': 1, 'stem.pool.kind': 'none' } },
        { value: 'stride 2, pool max', changes: { 'stem.stride': 2, 'stem.pool.kind': 'max' } },
        { value: 'stride 1, pool max', changes: { 'stem.stride': 1, 'stem.pool.kind': 'max' } },
        { value: 'stride 2, pool none', changes: { 'stem.stride': 2, 'stem.pool.kind': 'none' } },
      ].filter(
        ({ changes }) =>
          changes['stem.stride'] !== stem.stride || changes['stem.pool.kind'] !== stem.pool.kind,
      ),
  },
  {
    key: 'stages.0.stride',
    question: 'whether the first stage has a stride (downsample_in_first_stage in config.json)',
    weight: 'some',
    applies: (config, { scheme }) => isResidual(config) && scheme.startsWith('hugging-face'),
    reading: ({ stages }) => String(stages[0]?.stride ?? 1),
    alternatives: ({ stages }) => others('stages.0.stride', [1, 2], stages[0]?.stride),
  },
  {
    key: 'shortcut.kind',
    question: 'whether there are shortcuts at all',
    weight: 'most',
    applies: ({ shortcut }) => shortcut.kind === 'zero-padding',
    reading: ({ shortcut }) => shortcut.kind,
    alternatives: () => others('shortcut.kind', ['none'], 'zero-padding'),
  },
  {
    key: 'shortcut.zeros',
    question: "where option A's zeros stand",
    weight: 'most',
    applies: ({ shortcut }) => shortcut.kind === 'zero-padding',
    reading: ({ shortcut }) => ('zeros' in shortcut ? shortcut.zeros : ''),
    alternatives: ({ shortcut }) =>
      others('shortcut.zeros', ['end', 'both'], 'zeros' in shortcut ? shortcut.zeros : ''),
  },
  {
    key: 'shortcut.sampling',
    question: 'how option A samples',
    weight: 'some',
    applies: ({ shortcut }) => shortcut.kind === 'zero-padding',
    reading: ({ shortcut }) => ('sampling' in shortcut ? shortcut.sampling : ''),
    alternatives: ({ shortcut }) =>
      others('shortcut.sampling', ['subsample', 'average'], 'sampling' in shortcut ? shortcut.sampling : ''),
  },
  {
    key: 'block.shortcutReads',
    question: 'whether shortcuts read the raw or the activated map',
    weight: 'most',
    applies: (config) => isResidual(config) && isPreactivated(config),
    reading: ({ block }) => ('shortcutReads' in block ? block.shortcutReads : ''),
    alternatives: ({ block }) =>
      others(
        'block.shortcutReads',
        ['raw', 'activated', 'activated-at-stage-start'],
        'shortcutReads' in block ? block.shortcutReads : '',
      ),
  },
  {
    key: 'shortcut.pool',
    question: 'whether an average stands before projections',
    weight: 'most',
    // Under torchvision's names its place in the Sequential tells.
    applies: (config) => config.shortcut.kind === 'projection' && isPreactivated(config) && isHalved(config),
    reading: ({ shortcut }) => ('pool' in shortcut ? shortcut.pool : ''),
    alternatives: ({ shortcut }) =>
      others('shortcut.pool', ['none', 'average'], 'pool' in shortcut ? shortcut.pool : ''),
  },
  {
    key: 'attention.activated',
    question: 'whether the branch is activated in front of its gate (the first SE-ResNet-18 and -34)',
    weight: 'most',
    applies: ({ attention, block }) => attention.kind === 'se' && block.kind === 'basic',
    reading: ({ attention }) => String('activated' in attention && attention.activated),
    alternatives: ({ attention }) =>
      others('attention.activated', [true, false], 'activated' in attention && attention.activated),
  },
  {
    key: 'outputStride',
    question: 'whether later stages are dilated instead of strided, as under heads of segmentation',
    weight: 'most',
    applies: (config, { onMaps }) => onMaps && isResidual(config) && strideOf(config) >= 32,
    reading: ({ outputStride }) => `no, output stride ${outputStride}`,
    alternatives: ({ outputStride }) => others('outputStride', [8, 16], outputStride),
  },
  {
    key: 'convolution.standardised',
    question: 'whether weights are standardised',
    weight: 'most',
    applies: ({ normalisation }) => normalisation.kind === 'group',
    reading: ({ convolution }) => (convolution.standardised === null ? 'no' : 'yes'),
    alternatives: ({ convolution }) => [
      convolution.standardised === null
        ? { value: 'yes', changes: { 'convolution.standardised.epsilon': 1e-8 } }
        : { value: 'no', changes: { 'convolution.standardised': null } },
    ],
  },
  {
    key: 'normalisation.groups',
    question: 'the groups of the normalisations',
    weight: 'most',
    applies: ({ normalisation }) => normalisation.kind === 'group',
    reading: ({ normalisation }) => ('groups' in normalisation ? String(normalisation.groups) : ''),
    alternatives: ({ normalisation }) =>
      others('normalisation.groups', [32, 16, 8], 'groups' in normalisation ? normalisation.groups : 0),
  },
  {
    key: 'head.backgroundClass',
    question: 'whether class 0 is the background',
    weight: 'most',
    applies: ({ classes }) => classes === 1001,
    reading: ({ head }) => String(head.backgroundClass),
    alternatives: ({ head }) => others('head.backgroundClass', [true, false], head.backgroundClass),
  },
  {
    key: 'antialias',
    question: 'whether a filter stands behind strided convolutions',
    weight: 'some',
    applies: (config) => isResidual(config) && isHalved(config) && config.stem.pool.kind !== 'convolution',
    reading: ({ antialias }) => antialias.kind,
    alternatives: ({ antialias, stem }) =>
      [
        { value: 'none', pool: 'max' },
        { value: 'blur', pool: 'max-blur' },
        { value: 'average', pool: 'average' },
      ]
        .filter(({ value }) => value !== antialias.kind)
        .map(({ value, pool }) => ({
          value,
          changes: {
            'antialias.kind': value,
            ...(stem.pool.kind === 'none' ? {} : { 'stem.pool.kind': pool }),
          },
        })),
  },
  {
    key: 'stem.pool',
    question: "how the stem's pool is padded",
    weight: 'some',
    applies: ({ stem }) => stem.pool.kind === 'max' && stem.kind !== '3x3',
    reading: ({ stem }) => wordsOf(stem.pool),
    alternatives: ({ stem }) => [
      ...others(
        'stem.pool.padding',
        ['symmetric', 'ceil', 'same', 'zeros'],
        'padding' in stem.pool ? stem.pool.padding : '',
      ),
      { value: 'no pool', changes: { 'stem.pool.kind': 'none' } },
    ],
  },
  {
    key: 'normalisation.epsilon',
    question: 'the epsilon of the normalisations',
    weight: 'some',
    applies: () => true,
    reading: ({ normalisation }) => String(normalisation.epsilon),
    alternatives: ({ normalisation }) =>
      others('normalisation.epsilon', [1e-5, 1e-3, 2e-5], normalisation.epsilon),
  },
  {
    key: 'outputStride',
    question: 'whether later stages are dilated instead of strided',
    weight: 'rare',
    applies: (config, { onMaps }) => !onMaps && isResidual(config) && strideOf(config) >= 32,
    reading: ({ outputStride }) => `no, output stride ${outputStride}`,
    alternatives: ({ outputStride }) => others('outputStride', [16, 8], outputStride),
  },
  {
    key: 'activation',
    question: 'the activation',
    weight: 'rare',
    applies: () => true,
    reading: ({ activation }) => activation,
    alternatives: ({ activation }) => others('activation', ['relu', 'silu', 'relu6'], activation),
  },
  {
    key: 'block.order',
    question: 'the order of normalisation and activation',
    weight: 'rare',
    applies: (config) => isResidual(config) && 'order' in config.block && config.block.order === 'original',
    reading: ({ block }) => ('order' in block ? block.order : ''),
    alternatives: () => others('block.order', ['relu-before-addition', 'bn-after-addition'], 'original'),
  },
  {
    key: 'convolution.padding',
    question: 'how strided convolutions are padded',
    weight: 'rare',
    applies: (config) => isHalved(config) || config.stem.stride === 2,
    reading: ({ convolution }) => convolution.padding,
    alternatives: ({ convolution }) =>
      others('convolution.padding', ['symmetric', 'same'], convolution.padding),
  },
  {
    key: 'shortcut.combine',
    question: 'how shortcut and branch come together',
    weight: 'rare',
    applies: ({ shortcut }) => shortcut.kind !== 'none' && shortcut.combine.kind === 'add',
    reading: () => 'added',
    alternatives: () => [{ value: 'halved', changes: { 'shortcut.combine.kind': 'scale' } }],
  },
  {
    key: 'shortcut.combine.form',
    question: 'whether the gate acts on the branch too',
    weight: 'most',
    applies: ({ shortcut }) => shortcut.kind !== 'none' && shortcut.combine.kind === 'gate',
    reading: ({ shortcut }) =>
      shortcut.kind !== 'none' && shortcut.combine.kind === 'gate' ? shortcut.combine.form : '',
    alternatives: () => others('shortcut.combine.form', ['exclusive', 'shortcut-only'], 'exclusive'),
  },
  {
    key: 'stages',
    question: 'which stages halve the map',
    weight: 'some',
    applies: (config) => config.stages.some((stage) => blockOf(config, stage).kind === 'inverted'),
    reading: ({ stages }) => `strides ${stages.map(({ stride }) => stride).join('-')}`,
    alternatives: ({ stages }) => {
      const last = stages.length - 1
      return others(`stages.${last}.stride`, [1, 2], stages[last]?.stride)
    },
  },
]
