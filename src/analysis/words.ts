/** What the parts of a config do, as what follows a network's name; nothing where they do what is usual. */
import type { BlockConfig, ResidualBlockConfig, ResNetConfig } from '../architecture/config.ts'

export const when = (condition: boolean, words: string) => (condition ? words : undefined)
export const list = (values: readonly (string | number)[]) =>
  values.length < 2 ? values.join('') : `${values.slice(0, -1).join(', ')} and ${values.at(-1)}`
export const count = (number: number, thing: string) => `${number} ${thing}${number === 1 ? '' : 's'}`

/** The network's own block where it is a residual one. */
export function residual({ block }: ResNetConfig): ResidualBlockConfig | undefined {
  return block.kind === 'basic' || block.kind === 'bottleneck' ? block : undefined
}

export function blockWords(block: BlockConfig): string {
  switch (block.kind) {
    case 'basic':
      return `basic blocks of two 3×3 convolutions${block.expansion === 1 ? '' : `, whose output is ${block.expansion} times the stage's width`}`
    case 'bottleneck':
      return `bottleneck blocks of 1×1, 3×3 and 1×1, whose output is ${block.expansion} times the stage's width`
    case 'dense':
      return `dense layers of a 1×1, ${block.bottleneck} times as wide as the growth, and a 3×3, and keeps ${block.compression} of the channels between stages`
    case 'inverted':
      return `inverted blocks, ${block.expansion === 1 ? 'as wide inside as outside' : `${block.expansion} times as wide inside`}, with a depthwise 3×3`
  }
}

export const orders: Readonly<Record<ResidualBlockConfig['order'], string | undefined>> = {
  original: 'activates after the addition, as the first paper does',
  'bn-after-addition': 'normalises after the addition (arXiv:1603.05027, figure 4b)',
  'relu-before-addition': 'activates the branch before the addition (arXiv:1603.05027, figure 4c)',
  'relu-only-preactivation': 'activates in front of each convolution (arXiv:1603.05027, figure 4d)',
  'full-preactivation':
    'normalises and activates in front of each convolution, and adds without activation: pre-activation (arXiv:1603.05027)',
}

export function groupWords(config: ResNetConfig): string | undefined {
  const block = residual(config)
  if (block === undefined) return undefined
  const { groups, baseWidth, kind } = block
  const where = kind === 'basic' ? '3×3 convolutions' : 'the 3×3 of each block'
  if (groups > 1) {
    const width = Math.floor(((config.stages[0]?.width ?? 64) * baseWidth) / 64)
    return `splits ${where} into ${groups} groups, of ${width} channels in stage 1 (ResNeXt, arXiv:1611.05431)`
  }
  return when(baseWidth !== 64, `is ${baseWidth / 64} times as wide inside its blocks (arXiv:1605.07146)`)
}

export function strideWords(config: ResNetConfig): string | undefined {
  const block = residual(config)
  // A basic block has one place for it.
  if (block === undefined || (block.kind === 'basic' && block.strideAt !== 'last-block')) return undefined
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
      return 'has no pool behind the stem'
    case 'max':
      return `halves the map behind the stem by a 3×3 maximum${
        {
          symmetric: '',
          ceil: ' that is padded after the map alone (ceil mode, Caffe)',
          same: " with TensorFlow's SAME padding",
          zeros: ' whose padding of zeros takes part',
        }[pool.padding]
      }`
    case 'max-blur':
      return 'halves the map behind the stem by a 3×3 maximum and a blur (arXiv:1904.11486)'
    case 'average':
      return 'halves the map behind the stem by a 2×2 average'
    case 'convolution':
      return 'halves the map behind the stem by a 3×3 convolution (ResNet-RS, arXiv:2103.07579)'
  }
}

export function shortcutWords({ shortcut, ...config }: ResNetConfig): string | undefined {
  if (config.block.kind === 'dense')
    return 'adds no shortcuts: each layer reads the outputs of all layers before it in its stage, side by side (DenseNet, arXiv:1608.06993)'
  if (config.block.kind === 'inverted')
    return 'has shortcuts between narrow maps, and only where the shape stays (MobileNetV2, arXiv:1801.04381)'
  switch (shortcut.kind) {
    case 'none':
      return 'has no shortcuts: it is a plain network'
    case 'zero-padding':
      return `has shortcuts without parameters (option A): where the shape changes they ${
        shortcut.sampling === 'average' ? 'average 2×2 cells' : 'leave out every second row and column'
      } and add channels of zeros ${shortcut.zeros === 'end' ? 'at the end' : 'on both sides'}`
    case 'projection':
      return 'has shortcuts with a projection (a convolution) where the shape changes (option B)'
  }
}

export const projection = (config: ResNetConfig) =>
  config.shortcut.kind === 'projection' ? config.shortcut : undefined

export function projectionPlaces(config: ResNetConfig): string | undefined {
  switch (projection(config)?.where) {
    case 'stage-start':
      return 'has a projection at the start of every stage, even where the shape stays'
    case 'every-block':
      return 'has a projection in every block (option C)'
    case 'shape-change':
    case undefined:
      return undefined
  }
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
      return `weighs the channels of each block by squeeze and excitation ${
        attention.position === 'branch-end' ? 'at the end of the branch' : 'before its last convolution'
      }, with ${attention.reduction} times fewer channels inside (in multiples of ${attention.divisor}), ${
        attention.bias ? 'with' : 'without'
      } biases${attention.activated ? ', behind one more activation' : ''} (SE, arXiv:1709.01507)`
    case 'eca':
      return `weighs the channels of each block by a convolution over ${
        attention.kernel === 'from-width'
          ? 'neighbouring channels'
          : `${attention.kernel} neighbouring channels`
      } (ECA, arXiv:1910.03151)`
    case 'sk':
      return `selects between two 3×3 kernels, one of them dilated, in each block, ${
        attention.split ? 'each on half of the channels' : 'both on all channels'
      }, with ${attention.reduction} times fewer channels in the selection (in multiples of ${attention.divisor}) (SK, arXiv:1903.06586)`
  }
}

export function antialiasWords({ antialias }: ResNetConfig): string | undefined {
  switch (antialias.kind) {
    case 'none':
      return undefined
    case 'blur':
      return `blurs by ${antialias.taps.join(' ')} and then leaves out cells, in place of a strided 3×3 (arXiv:1904.11486)`
    case 'average':
      return 'averages 2×2 cells in place of a strided 3×3'
  }
}

export function normalisationWords({ normalisation }: ResNetConfig): string {
  return normalisation.kind === 'batch'
    ? 'normalises by the statistics of the batch (batch normalisation)'
    : `normalises by the statistics of ${count(normalisation.groups, 'group')} of channels of each picture (group normalisation, arXiv:1803.08494)`
}

export function headPoolWords({ head: { pool } }: ResNetConfig): string {
  switch (pool.kind) {
    case 'global':
      return 'averages the whole last map'
    case 'fixed':
      return `averages a fixed window of ${pool.size}×${pool.size}, which takes one input size alone`
    case 'average-and-maximum':
      return `puts averages and maxima of the last map side by side (${pool.order})`
  }
}

export const finalWords: Readonly<Record<ResNetConfig['head']['finalActivation'], string>> = {
  none: 'hands the last map to the head as it is',
  activation: 'activates the last map once more',
  'normalisation-and-activation': 'normalises and activates the last map, as pre-activation needs it',
}

export function stochasticDepthWords({
  regularisation: { stochasticDepth: depth },
}: ResNetConfig): string | undefined {
  if (depth === null) return undefined
  const rescaled = depth.rescale === 'training' ? 'made up for in training' : 'made up for in inference'
  const start = depth.schedule === 'paper' ? 'from the first block on' : 'from the second block on'
  return `drops whole branches in training, the last with probability ${depth.rate}, ${start}, for each ${depth.draw}, ${rescaled} (stochastic depth, arXiv:1603.09382)`
}
