/** What the parts of a config do, as what follows a network's name; nothing where they do what is usual. */
import type { BlockConfig, ResidualBlockConfig, ResNetConfig } from '../architecture/config.ts'

export const when = (condition: boolean, words: string) => (condition ? words : undefined)
export const list = (values: readonly (string | number)[]) =>
  values.length < 2 ? values.join('') : `${values.slice(0, -1).join(', ')} and ${values.at(-1)}`
export const count = (number: number, thing: string, things = `${thing}s`) =>
  `${number} ${number === 1 ? thing : things}`
/** `1e-5`, as people write what is added to a variance. */
export const small = (value: number) => (value > 0 && value < 0.01 ? value.toExponential() : `${value}`)

/** The network's own block where it is a residual one. */
export function residual({ block }: ResNetConfig): ResidualBlockConfig | undefined {
  return block.kind === 'basic' || block.kind === 'bottleneck' ? block : undefined
}

/** Blocks of different families have nothing in common that could be compared field by field. */
function familyOf({ kind }: BlockConfig): 'residual' | 'dense' | 'inverted' {
  return kind === 'dense' || kind === 'inverted' ? kind : 'residual'
}

export function familyWords({ block }: ResNetConfig, other: ResNetConfig): string | undefined {
  if (isSameFamily(block, other.block)) return undefined
  switch (familyOf(block)) {
    case 'residual':
      return 'is a residual network: each block adds what it computes to its input'
    case 'dense':
      return 'is a DenseNet (arXiv:1608.06993): each layer reads the outputs of all layers before it in its stage, side by side'
    case 'inverted':
      return 'is a MobileNetV2 (arXiv:1801.04381): each block widens, filters each channel by itself and narrows again, and shortcuts join the narrow maps'
  }
}

export function isSameFamily(a: BlockConfig, b: BlockConfig): boolean {
  return familyOf(a) === familyOf(b)
}

export function blockWords(block: BlockConfig): string {
  switch (block.kind) {
    case 'basic':
      return `basic blocks of two 3×3 convolutions${block.expansion === 1 ? '' : `, whose output is ${block.expansion} times the stage's width`}`
    case 'bottleneck':
      return `bottleneck blocks of 1×1, 3×3 and 1×1, whose output is ${block.expansion} times the stage's width`
    case 'dense':
      return `dense layers of a 1×1 (${block.bottleneck} times the growth) and a 3×3, and keeps ${block.compression} of the channels between stages`
    case 'inverted':
      return `inverted blocks, ${block.expansion === 1 ? 'as wide inside as outside' : `${block.expansion} times as wide inside`}, with a depthwise 3×3`
  }
}

/** Whether stages are as many and as wide. */
export function isSameSize(a: ResNetConfig, b: ResNetConfig): boolean {
  return String(widthsOf(a)) === String(widthsOf(b)) && isSameFamily(a.block, b.block)
}

const widthsOf = ({ stages }: ResNetConfig) => stages.map(({ width }) => width)
const areEqual = (values: readonly number[]) => new Set(values).size === 1

/** Pictures, stages, their widths and blocks; nothing where the stages are as many and as wide as the other's. */
export function sizeWords(config: ResNetConfig, other: ResNetConfig): string | undefined {
  if (isSameSize(config, other)) return undefined
  const { input, stages, block } = config
  const widths = widthsOf(config)
  const width = areEqual(widths) ? `${widths[0]}` : list(widths)
  const counts = stages.map(({ blocks }) => blocks)
  const blocks = areEqual(counts) ? `${blocksOf(config, counts.slice(0, 1))} each` : blocksOf(config, counts)
  return [
    ...(String(input) === String(other.input) ? [] : [`is made for pictures of ${input.join('×')} and`]),
    `has ${count(stages.length, 'stage')}`,
    ...(block.kind === 'dense'
      ? [`with ${blocks}, each of which adds ${width} channels (the growth)`]
      : [`of width ${width} with ${blocks}`]),
  ].join(' ')
}

export function blockCounts(config: ResNetConfig): string {
  const counts = config.stages.map(({ blocks }) => blocks)
  return areEqual(counts)
    ? `${blocksOf(config, counts.slice(0, 1))} in each stage`
    : `${blocksOf(config, counts)} in its ${count(counts.length, 'stage')}`
}

function blocksOf({ block }: ResNetConfig, counts: readonly number[]): string {
  const thing = block.kind === 'dense' ? 'layer' : 'block'
  return `${list(counts)} ${thing}${list(counts) === '1' ? '' : 's'}`
}

export function orderWords(config: ResNetConfig, other: ResNetConfig): string | undefined {
  const [own, others] = [residual(config), residual(other)]
  return own === undefined || others === undefined ? undefined : orders[own.order]
}

const orders: Readonly<Record<ResidualBlockConfig['order'], string>> = {
  original: 'activates after the addition, as the first paper does',
  'bn-after-addition': 'normalises after the addition (arXiv:1603.05027, figure 4b)',
  'relu-before-addition': 'activates the branch before the addition (arXiv:1603.05027, figure 4c)',
  'relu-only-preactivation': 'activates before each convolution (arXiv:1603.05027, figure 4d)',
  'full-preactivation':
    'normalises and activates before each convolution, and adds without activation: pre-activation (arXiv:1603.05027)',
}

export function groupWords(config: ResNetConfig, other: ResNetConfig): string | undefined {
  const [block, others] = [residual(config), residual(other)]
  if (block === undefined || others === undefined) return undefined
  const stage = config.stages[0]?.width ?? 64
  const width = Math.floor((stage * block.baseWidth) / 64)
  const inside = block.groups * width
  const wider = inside === stage ? '' : `${times(inside / stage)} as wide`
  if (block.groups === 1) return when(wider !== '', `is ${wider} inside its blocks (arXiv:1605.07146)`)
  const where = block.kind === 'basic' ? '3×3 convolutions' : 'the 3×3 of each block'
  const more = wider === '' ? '' : `, and is ${wider} inside its blocks`
  return `splits ${where} into ${block.groups} groups (of ${count(width, 'channel')} in stage 1)${more} (ResNeXt, arXiv:1611.05431)`
}

/** `twice` or `4 times` */
export const times = (ratio: number) => (ratio === 2 ? 'twice' : `${Number(ratio.toFixed(2))} times`)

export function strideWords(config: ResNetConfig, other: ResNetConfig): string | undefined {
  const [block, others] = [residual(config), residual(other)]
  // The stride of a basic block has one place, so it says nothing beside a bottleneck's.
  if (block === undefined || others?.kind !== block.kind) return undefined
  if (block.kind === 'basic' && block.strideAt !== 'last-block') return undefined
  switch (block.strideAt) {
    case 'conv1':
      return "puts the stride of a stage in the block's first 1×1 (v1, arXiv:1512.03385)"
    case 'conv2':
      return "puts the stride of a stage in the block's 3×3 (v1.5, as Torch does)"
    case 'last-block':
      return 'puts the stride of a stage in the last block of the stage before (Keras v2, TF-slim)'
  }
}

export function stemWords({ stem }: ResNetConfig): string {
  const stride = stem.stride === 1 ? 'without stride' : `with stride ${stem.stride}`
  switch (stem.kind) {
    case '7x7':
    case '3x3':
      return `begins with a ${stem.kind.replace('x', '×')} convolution to ${stem.width} channels, ${stride}`
    case 'deep':
      return `begins with three 3×3 convolutions to ${list([...stem.innerWidths, stem.width])} channels, the first ${stride} (a deep stem, arXiv:1812.01187)`
  }
}

export function stemPoolWords({ stem: { pool } }: ResNetConfig): string {
  switch (pool.kind) {
    case 'none':
      return 'has no pool after the stem'
    case 'max':
      return `halves the map after the stem by a 3×3 maximum, ${
        {
          symmetric: 'padded on all sides',
          ceil: 'padded after the map alone (ceil mode, Caffe)',
          same: 'padded as TensorFlow does (SAME)',
          zeros: 'padded by zeros that take part (Keras, BiT)',
        }[pool.padding]
      }`
    case 'max-blur':
      return 'halves the map after the stem by a 3×3 maximum and a blur (arXiv:1904.11486)'
    case 'average':
      return 'halves the map after the stem by a 2×2 average'
    case 'convolution':
      return 'halves the map after the stem by a 3×3 convolution (ResNet-RS, arXiv:2103.07579)'
  }
}

export function shortcutWords(config: ResNetConfig, other: ResNetConfig): string | undefined {
  if (residual(config) === undefined || residual(other) === undefined) return undefined
  const { shortcut } = config
  switch (shortcut.kind) {
    case 'none':
      return 'has no shortcuts: it is a plain network'
    case 'zero-padding':
      return `has shortcuts without parameters: where the shape changes they ${
        shortcut.sampling === 'average' ? 'average 2×2 cells' : 'leave out every second row and column'
      } and add channels of zeros ${shortcut.zeros === 'end' ? 'at the end' : 'on both sides'} (option A)`
    case 'projection':
      return `has shortcuts with a projection (a ${shortcut.kernel}×${shortcut.kernel} convolution) ${places[placesOf(config, shortcut.where)]}`
  }
}

const places = {
  'shape-change': 'where the shape changes (option B)',
  'stage-start': 'at the start of every stage, even where the shape stays',
  'every-block': 'in every block (option C)',
} as const

type Places = keyof typeof places

/** Bottlenecks change the shape at the start of every stage, so that two of the three places are one. */
function placesOf({ stages, stem, block }: ResNetConfig, where: Places): Places {
  const expansion = 'expansion' in block ? block.expansion : 1
  const isKept = stages.some(({ width, stride }, i) => {
    const before = stages[i - 1]
    return (
      stride === 1 && width * expansion === (before === undefined ? stem.width : before.width * expansion)
    )
  })
  return where === 'stage-start' && !isKept ? 'shape-change' : where
}

export const projection = (config: ResNetConfig) =>
  config.shortcut.kind === 'projection' ? config.shortcut : undefined

/** Where projections stand, beside another network that has some. */
export function projectionPlaces(config: ResNetConfig, other: ResNetConfig): string | undefined {
  const [own, others] = [projection(config), projection(other)]
  return own === undefined || others === undefined
    ? undefined
    : `projects its shortcuts ${places[placesOf(config, own.where)]}`
}

export function poolWords(config: ResNetConfig): string | undefined {
  return when(
    projection(config)?.pool === 'average',
    'puts a 2×2 average before each strided projection, which then has no stride (ResNet-D, arXiv:1812.01187)',
  )
}

/** Whether later stages are dilated, since the map would get smaller than asked. */
export function isDilated({ stem, stages, outputStride }: ResNetConfig): boolean {
  const strides = stages.reduce((product, { stride }) => product * stride, Number(stem.stride))
  return outputStride < strides * (stem.pool.kind === 'none' ? 1 : 2)
}

export function combineWords({ shortcut }: ResNetConfig): string | undefined {
  if (shortcut.kind === 'none') return undefined
  const { combine } = shortcut
  switch (combine.kind) {
    case 'add':
      return undefined
    case 'scale':
      return `adds ${combine.shortcut} of the shortcut and ${combine.branch} of the branch (arXiv:1603.05027, figure 2)`
    case 'gate':
      return `weighs ${combine.form === 'exclusive' ? 'shortcut and branch' : 'the shortcut'} by a learned gate whose bias starts at ${combine.bias} (arXiv:1603.05027, figure 2)`
    case 'dropout':
      return `drops ${combine.rate} of the shortcut in training (arXiv:1603.05027, figure 2)`
  }
}

export function attentionWords({ attention }: ResNetConfig): string | undefined {
  switch (attention.kind) {
    case 'none':
      return undefined
    case 'se':
      return `weighs the channels of each block by squeeze and excitation (SE, arXiv:1709.01507): ${
        attention.position === 'branch-end' ? 'at the end of the branch' : 'before its last convolution'
      }${attention.activated ? ', after one more activation' : ''}, with ${attention.reduction} times fewer channels inside (rounded to multiples of ${attention.divisor}), ${
        attention.bias ? 'with' : 'without'
      } biases`
    case 'eca':
      return `weighs the channels of each block by a convolution over ${
        attention.kernel === 'from-width'
          ? 'neighbouring channels'
          : `${attention.kernel} neighbouring channels`
      } (ECA, arXiv:1910.03151)`
    case 'sk':
      return `selects between two 3×3 kernels in each block, one of them dilated (SK, arXiv:1903.06586): ${
        attention.split ? 'each on half of the channels' : 'both on all channels'
      }, with ${attention.reduction} times fewer channels in the selection (rounded to multiples of ${attention.divisor})`
  }
}

export function antialiasWords({ antialias }: ResNetConfig): string | undefined {
  switch (antialias.kind) {
    case 'none':
      return undefined
    case 'blur':
      return `replaces the stride of a 3×3 convolution by a blur after it (${antialias.taps.join(' ')}) that leaves out cells (arXiv:1904.11486)`
    case 'average':
      return 'replaces the stride of a 3×3 convolution by a 2×2 average after it'
  }
}

export function normalisationWords({ normalisation }: ResNetConfig): string {
  return normalisation.kind === 'batch'
    ? 'normalises by the statistics of the batch (batch normalisation)'
    : `normalises each picture by itself, in ${count(normalisation.groups, 'group')} of channels (group normalisation, arXiv:1803.08494)`
}

export function momentumWords({ normalisation }: ResNetConfig, other: ResNetConfig): string | undefined {
  if (normalisation.kind !== 'batch' || other.normalisation.kind !== 'batch') return undefined
  return `moves its running statistics by ${normalisation.momentum} in each step of training`
}

export function headPoolWords({ head: { pool } }: ResNetConfig): string {
  switch (pool.kind) {
    case 'global':
      return 'averages the whole last map'
    case 'fixed':
      return `averages a fixed window of ${pool.size}×${pool.size}, which fits only one input size`
    case 'average-and-maximum':
      return `puts averages and maxima of the last map side by side (${pool.order})`
  }
}

/** What happens to the last map; nothing where that follows from the block. */
export function finalWords({ head, block }: ResNetConfig): string | undefined {
  const usual = {
    basic: 'none',
    bottleneck: 'none',
    dense: 'normalisation-and-activation',
    inverted: 'none',
  }[block.kind]
  const isPreactivated = 'order' in block && block.order === 'full-preactivation'
  if (head.finalActivation === (isPreactivated ? 'normalisation-and-activation' : usual)) return undefined
  return {
    none: 'hands the last map to the head as it is',
    activation: 'activates the last map once more',
    'normalisation-and-activation': 'normalises and activates the last map',
  }[head.finalActivation]
}

export function stochasticDepthWords({
  regularisation: { stochasticDepth: depth },
}: ResNetConfig): string | undefined {
  if (depth === null) return undefined
  const first = depth.schedule === 'paper' ? 'less often towards the first' : 'the first never'
  return `drops whole branches in training (stochastic depth, arXiv:1603.09382): the last with probability ${depth.rate}, ${first}, drawn for each ${depth.draw}, and rescaled in ${depth.rescale}`
}
