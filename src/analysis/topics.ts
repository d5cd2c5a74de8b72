/**
 * What the fields of a config say in plain English, one topic a choice in which published networks differ. A comparison
 * tells each topic whose fields differ, the most telling first.
 */
import type { ResNetConfig } from '../architecture/config.ts'
import {
  antialiasWords,
  attentionWords,
  blockWords,
  combineWords,
  count,
  finalWords,
  groupWords,
  headPoolWords,
  list,
  normalisationWords,
  orders,
  projection,
  projectionPlaces,
  residual,
  shortcutWords,
  stemPoolWords,
  stemWords,
  stochasticDepthWords,
  strideWords,
  when,
} from './words.ts'

export interface Topic {
  /** Beginnings of the paths of the fields that it speaks of; `*` is any place of a list. */
  readonly fields: readonly string[]
  /** What a network does, as what follows its name; nothing where it does what is usual. */
  readonly says: (config: ResNetConfig) => string | undefined
}

/** Every topic, the most telling first. */
export const topics: readonly Topic[] = [
  { fields: ['shortcut.kind', 'shortcut.sampling', 'shortcut.zeros'], says: shortcutWords },
  {
    fields: ['block.kind', 'block.expansion', 'block.bottleneck', 'block.compression'],
    says: ({ block }) => `has ${blockWords(block)}`,
  },
  {
    fields: ['stages.*.block'],
    says: ({ stages, block: usual }) => {
      const own = stages.flatMap(({ block }, i) => {
        if (block === undefined || JSON.stringify(block) === JSON.stringify(usual)) return []
        const words = blockWords(block)
        // Where the words are the same, the fields are not.
        const fields = words === blockWords(usual) ? `: ${JSON.stringify(block)}` : ''
        return [`stage ${i + 1} has ${words}${fields}`]
      })
      return when(own.length > 0, `mixes kinds of blocks: ${own.join('; ')}`)
    },
  },
  {
    fields: ['stages.*.blocks', 'stages'],
    says: ({ stages }) =>
      `has ${list(stages.map(({ blocks }) => blocks))} blocks in its ${count(stages.length, 'stage')}`,
  },
  { fields: ['block.order'], says: (config) => orders[residual(config)?.order ?? 'original'] },
  { fields: ['block.groups', 'block.baseWidth'], says: groupWords },
  { fields: ['attention'], says: attentionWords },
  { fields: ['block.strideAt'], says: strideWords },
  {
    fields: ['shortcut.pool'],
    says: (config) =>
      when(
        projection(config)?.pool === 'average',
        'puts a 2×2 average before each strided projection, which then has no stride (ResNet-D, arXiv:1812.01187)',
      ),
  },
  { fields: ['antialias'], says: antialiasWords },
  { fields: ['normalisation.kind', 'normalisation.groups'], says: normalisationWords },
  { fields: ['stem.kind', 'stem.width', 'stem.innerWidths', 'stem.stride'], says: stemWords },
  { fields: ['stem.pool'], says: stemPoolWords },
  {
    fields: ['stages.*.width'],
    says: ({ stages }) => `has stages of width ${list(stages.map(({ width }) => width))}`,
  },
  {
    fields: ['stages.*.stride'],
    says: ({ stages }) => `has stages with strides ${list(stages.map(({ stride }) => stride))}`,
  },
  {
    fields: ['outputStride'],
    says: ({ outputStride }) =>
      when(
        outputStride < 32,
        `dilates its 3×3 in the place of strides once the map is ${outputStride} times smaller than the picture`,
      ),
  },
  {
    fields: ['block.reduceFirst'],
    says: (config) => {
      const reduced = residual(config)?.reduceFirst ?? 1
      return when(reduced > 1, `makes the first convolution of a block ${reduced} times narrower (SENet-154)`)
    },
  },
  { fields: ['shortcut.where'], says: projectionPlaces },
  {
    fields: ['shortcut.kernel'],
    says: (config) =>
      when(projection(config)?.kernel === 3, 'projects by a 3×3 where the stride is 2 (SENet-154)'),
  },
  {
    fields: ['shortcut.dilatedPool'],
    says: (config) =>
      when(
        projection(config)?.dilatedPool === 'same',
        'keeps the average before a projection in dilated stages too (with stride 1), which changes nothing where none is dilated',
      ),
  },
  {
    fields: ['shortcut.normalised'],
    says: (config) =>
      when(projection(config)?.normalised === false, 'has projections that are not normalised'),
  },
  { fields: ['shortcut.combine'], says: combineWords },
  {
    fields: ['block.firstActivation'],
    says: (config) =>
      when(
        residual(config)?.firstActivation === 'stem',
        'does not normalise and activate again in its very first block, since the stem has',
      ),
  },
  {
    fields: ['block.shortcutReads'],
    says: (config) => {
      const reads = residual(config)?.shortcutReads
      if (reads === 'activated') return 'projects what is already activated'
      return when(
        reads === 'activated-at-stage-start',
        "lets the shortcut of each stage's first block read what is already activated",
      )
    },
  },
  {
    fields: ['stem.activated'],
    says: ({ stem }) =>
      when(!stem.activated, "leaves the stem's last convolution without normalisation and activation"),
  },
  {
    fields: ['stem.inputNormalisation'],
    says: ({ stem }) =>
      ({
        none: undefined,
        statistics: 'normalises the picture itself by running statistics (Gluon v2)',
        'statistics-and-shift': 'normalises and shifts the picture itself (bn_data, MXNet)',
      })[stem.inputNormalisation],
  },
  {
    fields: ['activation'],
    says: ({ activation }) => `activates by ${{ relu: 'ReLU', relu6: 'ReLU6', silu: 'SiLU' }[activation]}`,
  },
  {
    fields: ['convolution.bias'],
    says: ({ convolution: { bias } }) =>
      when(bias.length > 0, `has a bias in these convolutions: ${bias.join(', ')}`),
  },
  {
    fields: ['convolution.standardised'],
    says: ({ convolution: { standardised } }) =>
      standardised === null
        ? undefined
        : `standardises the weights of its convolutions (arXiv:1903.10520), epsilon ${standardised.epsilon}`,
  },
  {
    fields: ['convolution.padding'],
    says: ({ convolution }) =>
      when(
        convolution.padding === 'same',
        'pads strided convolutions as TensorFlow does (SAME): more after the map than before',
      ),
  },
  { fields: ['head.finalActivation'], says: ({ head }) => finalWords[head.finalActivation] },
  {
    fields: ['head.convolutionWidth'],
    says: ({ head }) =>
      when(head.convolutionWidth > 0, `has a last 1×1 convolution to ${head.convolutionWidth} channels`),
  },
  { fields: ['head.pool'], says: headPoolWords },
  {
    fields: ['head.hidden'],
    says: ({ head: { hidden } }) =>
      when(
        hidden.length > 0,
        `has ${count(hidden.length, 'linear layer')} in front of its classifier: ${list(hidden.map(({ width, activation }) => `${width} (${activation})`))}`,
      ),
  },
  {
    fields: ['head.classifier'],
    says: ({ head }) =>
      when(
        head.classifier === 'convolution',
        'classifies by a 1×1 convolution, which computes what a linear layer does',
      ),
  },
  {
    fields: ['head.dropout'],
    says: ({ head }) => when(head.dropout > 0, `drops ${head.dropout} of the features in training`),
  },
  {
    fields: ['head.backgroundClass'],
    says: ({ head }) => when(head.backgroundClass, 'counts "background" as class 0'),
  },
  {
    fields: ['normalisation.epsilon'],
    says: ({ normalisation }) => `adds ${normalisation.epsilon} to each variance (epsilon)`,
  },
  {
    fields: ['normalisation.momentum'],
    says: ({ normalisation }) =>
      normalisation.kind === 'batch'
        ? `moves its running statistics by ${normalisation.momentum} a step of training`
        : undefined,
  },
  { fields: ['regularisation.stochasticDepth'], says: stochasticDepthWords },
  {
    fields: ['regularisation.dropBlock'],
    says: ({ regularisation: { dropBlock } }) =>
      dropBlock === null
        ? undefined
        : `drops squares of its last maps in training, rate ${dropBlock.rate} (DropBlock, arXiv:1810.12890)`,
  },
  {
    fields: ['regularisation.branchDropout'],
    says: ({ regularisation: { branchDropout: rate } }) =>
      when(
        rate > 0,
        `drops ${rate} of the values inside its branches in training (Wide ResNet, arXiv:1605.07146)`,
      ),
  },
  { fields: ['input'], says: ({ input }) => `is made for pictures of ${input.join('×')}` },
  { fields: ['inputChannels'], says: ({ inputChannels }) => `reads ${count(inputChannels, 'channel')}` },
  {
    fields: ['classes'],
    says: ({ classes }) => `tells ${count(classes, 'class').replace('classs', 'classes')} apart`,
  },
]

/** Whether a topic speaks of a field, by its path. */
export function speaksOf({ fields }: Topic, path: string): boolean {
  const parts = path.split('.')
  return fields.some((field) => {
    const pattern = field.split('.')
    return pattern.length <= parts.length && pattern.every((name, i) => name === '*' || name === parts[i])
  })
}

/**
 * What sets two networks apart, a sentence for each topic whose fields differ. One that does what is usual is only named
 * where both are.
 */
export function sentencesOf(
  a: { readonly name: string; readonly config: ResNetConfig },
  b: { readonly name: string; readonly config: ResNetConfig },
  differing: readonly string[],
): readonly string[] {
  return topics.flatMap((topic) => {
    if (!differing.some((path) => speaksOf(topic, path))) return []
    const [one, other] = [topic.says(a.config), topic.says(b.config)]
    if (one === other) return []
    if (one === undefined) return [`${b.name} ${other}.`]
    if (other === undefined) return [`${a.name} ${one}.`]
    return [`${a.name} ${one}; ${b.name} ${other}.`]
  })
}
