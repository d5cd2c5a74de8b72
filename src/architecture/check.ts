/** Rules that tie several fields of a config together; what depends on the size of a map is checked where it is built. */
import { ConfigError } from '../errors.ts'
import {
  type BlockConfig,
  blockKey,
  blockOf,
  parseConfig,
  type ResidualBlockConfig,
  type ResNetConfig,
} from './config.ts'
import { innerWidth } from './residual-block.ts'

/** Throws `ConfigError` with the key of the first field that makes the network impossible, or that it would not follow. */
export function checkConfig(config: ResNetConfig): void {
  parseConfig(config)
  checkStem(config)
  config.stages.forEach((_, index) => {
    checkStage(config, index)
  })
  checkAttention(config)
  if (config.normalisation.epsilon === 0) {
    throw new ConfigError('normalisation.epsilon', 'must be above 0: a channel may have no variance')
  }
}

function checkStem({ stem }: ResNetConfig): void {
  const inner = stem.innerWidths.length
  if (stem.kind === 'deep' ? inner !== 2 : inner !== 0) {
    throw new ConfigError(
      'stem.innerWidths',
      stem.kind === 'deep'
        ? `a deep stem needs the widths of its first two convolutions, not ${inner} of them`
        : `only a deep stem has inner widths; a ${stem.kind} stem needs an empty list`,
    )
  }
}

function checkStage(config: ResNetConfig, index: number): void {
  const stage = config.stages[index]
  if (stage === undefined) return
  const block = blockOf(config, stage)
  const key = blockKey(config, index)
  switch (block.kind) {
    case 'dense':
      if (index === 0 && stage.stride !== 1) {
        throw new ConfigError(
          'stages.0.stride',
          'must be 1: a dense stage is made smaller by the transition in front of it, which the first one does not have',
        )
      }
      return
    case 'inverted':
      return
    case 'basic':
    case 'bottleneck':
      checkWidths(block, stage.width, key)
      checkPlaceOfStride(config, block, index, key)
      if (config.attention.kind === 'sk') checkSelective(block, key)
  }
}

function checkWidths(block: ResidualBlockConfig, width: number, key: string): void {
  const inner = innerWidth(block, width)
  if (inner === 0) {
    throw new ConfigError(
      `${key}.baseWidth`,
      `${block.baseWidth} leaves no channel of a stage of width ${width}`,
    )
  }
  const grouped = block.kind === 'basic' ? [inner, width * block.expansion] : [inner]
  for (const channels of grouped) checkDivides(`${key}.groups`, channels, block.groups, 'convolutions')
  checkDivides(`${key}.reduceFirst`, inner, block.reduceFirst, 'the first convolution')
  checkDivides(`${key}.groups`, Math.floor(inner / block.reduceFirst), block.groups, 'convolutions')
}

function checkPlaceOfStride(
  config: ResNetConfig,
  block: ResidualBlockConfig,
  index: number,
  key: string,
): void {
  if (block.strideAt === 'conv1' && block.kind === 'bottleneck' && config.antialias.kind !== 'none') {
    throw new ConfigError(
      `${key}.strideAt`,
      `must be conv2 or last-block where a filter (antialias.kind ${config.antialias.kind}) takes the stride of the 3×3`,
    )
  }
  if (block.strideAt !== 'last-block') return
  const [before, stage] = [config.stages[index - 1], config.stages[index]]
  if (before === undefined && stage?.stride !== 1) {
    throw new ConfigError(
      'stages.0.stride',
      'must be 1: no stage before it could carry its stride in a last block',
    )
  }
  if (before !== undefined && stage?.stride !== 1 && blockOf(config, before).kind === 'dense') {
    throw new ConfigError(
      `${key}.strideAt`,
      'must be conv1 or conv2: the dense layers before it take no stride',
    )
  }
}

function checkSelective(block: ResidualBlockConfig, key: string): void {
  if (block.order !== 'original') {
    throw new ConfigError(`${key}.order`, 'must be original where selective kernels replace a convolution')
  }
}

/** Attention that no block would have is refused, not left out. */
function checkAttention(config: ResNetConfig): void {
  const { attention } = config
  if (attention.kind === 'none') return
  if (attention.kind === 'eca' && attention.kernel !== 'from-width' && attention.kernel % 2 === 0) {
    throw new ConfigError('attention.kernel', `must be odd, not ${attention.kernel}`)
  }
  const residual = config.stages.map((stage) => blockOf(config, stage)).filter(isResidual)
  if (residual.length === 0) {
    throw new ConfigError(
      'attention.kind',
      'must be none: dense layers and inverted blocks have no attention',
    )
  }
  const atEnd = attention.kind === 'eca' || (attention.kind === 'se' && attention.position === 'branch-end')
  if (atEnd && residual.some(({ order }) => order === 'bn-after-addition')) {
    throw new ConfigError(
      'attention.kind',
      'must be none where block.order is bn-after-addition: the branch has no normalised end to weigh',
    )
  }
}

function checkDivides(key: string, width: number, divisor: number, what: string): void {
  if (width % divisor !== 0) {
    throw new ConfigError(
      key,
      `${divisor} does not divide the ${width} channels of ${what}; change it or the widths`,
    )
  }
}

function isResidual(block: BlockConfig): block is ResidualBlockConfig {
  return block.kind === 'basic' || block.kind === 'bottleneck'
}
