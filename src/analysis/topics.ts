/**
 * What the fields of a config say in plain English, one topic a choice in which published networks differ. A comparison
 * tells each topic whose fields differ, the most telling first.
 */
import type { ResNetConfig } from '../architecture/config.ts'
import { contrast } from './contrast.ts'
import {
  antialiasWords,
  attentionWords,
  blockCounts,
  blockWords,
  combineWords,
  count,
  familyWords,
  finalWords,
  groupWords,
  headPoolWords,
  isDilated,
  isSameSize,
  list,
  momentumWords,
  normalisationWords,
  orderWords,
  poolWords,
  projection,
  projectionPlaces,
  residual,
  shortcutWords,
  sizeWords,
  small,
  stemPoolWords,
  stemWords,
  stochasticDepthWords,
  strideWords,
  when,
} from './words.ts'

export interface Topic {
  /** Beginnings of the paths of the fields that it speaks of; `*` is any place of a list. */
  readonly fields: readonly string[]
  /** What a network does beside another, as what follows its name; nothing where it does what is usual. */
  readonly says: (config: ResNetConfig, other: ResNetConfig) => string | undefined
}

/** Every topic, the most telling first. */
export const topics: readonly Topic[] = [
  { fields: ['block.kind'], says: familyWords },
  { fields: ['stages', 'stages.*.width', 'stages.*.blocks'], says: sizeWords },
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
    fields: ['stages.*.blocks'],
    says: (config, other) => (isSameSize(config, other) ? `has ${blockCounts(config)}` : undefined),
  },
  { fields: ['block.order'], says: orderWords },
  { fields: ['block.groups', 'block.baseWidth'], says: groupWords },
  { fields: ['attention'], says: attentionWords },
  { fields: ['shortcut.where'], says: projectionPlaces },
  { fields: ['block.strideAt'], says: strideWords },
  { fields: ['shortcut.pool'], says: poolWords },
  { fields: ['antialias'], says: antialiasWords },
  { fields: ['normalisation.kind', 'normalisation.groups'], says: normalisationWords },
  { fields: ['stem.kind', 'stem.width', 'stem.innerWidths', 'stem.stride'], says: stemWords },
  { fields: ['stem.pool'], says: stemPoolWords },
  {
    fields: ['stages.*.stride'],
    says: ({ stages }, other) =>
      when(
        stages.length === other.stages.length,
        `has stages with strides ${list(stages.map(({ stride }) => stride))}`,
      ),
  },
  {
    fields: ['outputStride'],
    says: (config) =>
      when(
        isDilated(config),
        `dilates its 3×3 instead of striding once the map is ${config.outputStride} times smaller than the picture`,
      ),
  },
  {
    fields: ['block.reduceFirst'],
    says: (config) => {
      const reduced = residual(config)?.reduceFirst ?? 1
      return when(reduced > 1, `makes the first convolution of a block 1/${reduced} as wide (SENet-154)`)
    },
  },
  {
    fields: ['shortcut.kernel'],
    says: (config) =>
      when(
        projection(config)?.kernel === 3,
        'projects by a 3×3 convolution where the stride is 2 (SENet-154)',
      ),
  },
  {
    fields: ['shortcut.dilatedPool'],
    says: (config) =>
      when(
        isDilated(config) && projection(config)?.dilatedPool === 'same',
        'keeps the average before a projection in dilated stages, with stride 1',
      ),
  },
  {
    fields: ['shortcut.normalised'],
    says: (config) => when(projection(config)?.normalised === false, 'does not normalise its projections'),
  },
  { fields: ['shortcut.combine'], says: combineWords },
  {
    fields: ['block.firstActivation'],
    says: (config) =>
      when(
        residual(config)?.firstActivation === 'stem',
        'does not normalise and activate at the start of its very first block, since the stem has done so',
      ),
  },
  {
    fields: ['block.shortcutReads'],
    says: (config) => {
      const reads = residual(config)?.shortcutReads
      if (reads === 'activated') return 'projects the activated map, not the raw one'
      return when(
        reads === 'activated-at-stage-start',
        "lets the shortcut of each stage's first block read the activated map",
      )
    },
  },
  {
    fields: ['stem.activated'],
    says: ({ stem }) => when(!stem.activated, 'does not normalise and activate after its stem'),
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
    says: ({ activation }) => `activates with ${{ relu: 'ReLU', relu6: 'ReLU6', silu: 'SiLU' }[activation]}`,
  },
  {
    fields: ['convolution.bias'],
    says: ({ convolution: { bias } }) =>
      when(
        bias.length > 0,
        bias.length === 5
          ? 'has biases in all its convolutions'
          : `has biases in some convolutions: ${list(bias)}`,
      ),
  },
  {
    fields: ['convolution.standardised'],
    says: ({ convolution: { standardised } }) =>
      standardised === null
        ? undefined
        : `standardises the weights of its convolutions (arXiv:1903.10520), epsilon ${small(standardised.epsilon)}`,
  },
  {
    fields: ['convolution.padding'],
    says: ({ convolution }) =>
      when(
        convolution.padding === 'same',
        'pads strided convolutions as TensorFlow does (SAME): more after the map than before',
      ),
  },
  { fields: ['head.finalActivation'], says: finalWords },
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
        `has ${count(hidden.length, 'linear layer')} before its classifier: ${list(hidden.map(({ width, activation }) => `${width} (${activation})`))}`,
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
    says: ({ normalisation }) => `adds ${small(normalisation.epsilon)} to each variance (epsilon)`,
  },
  { fields: ['normalisation.momentum'], says: momentumWords },
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
  {
    fields: ['input'],
    says: (config, other) =>
      when(isSameSize(config, other), `is made for pictures of ${config.input.join('×')}`),
  },
  { fields: ['inputChannels'], says: ({ inputChannels }) => `reads ${count(inputChannels, 'channel')}` },
  {
    fields: ['classes'],
    says: ({ classes }) => `tells ${count(classes, 'class', 'classes')} apart`,
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
    const [one, other] = [topic.says(a.config, b.config), topic.says(b.config, a.config)]
    if (one === other) return []
    if (one === undefined) return [`${b.name} ${other}.`]
    if (other === undefined) return [`${a.name} ${one}.`]
    return [contrast([a.name, one], [b.name, other])]
  })
}
