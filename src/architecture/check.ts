/** Rules that tie several fields of a config together. */
import { ConfigError } from '../errors.ts'
import { blockOf, parseConfig, type ResNetConfig, type StageConfig } from './config.ts'
import { innerWidth } from './residual-block.ts'

/** Throws `ConfigError` with the key of the first field that makes the network impossible. */
export function checkConfig(config: ResNetConfig): void {
  parseConfig(config)
  checkStem(config)
  config.stages.forEach((stage, index) => {
    checkStage(config, stage, index)
  })
  checkShortcut(config)
  const { attention, normalisation } = config
  if (attention.kind === 'eca' && attention.kernel !== 'from-width' && attention.kernel % 2 === 0) {
    throw new ConfigError('attention.kernel', `must be odd, not ${attention.kernel}`)
  }
  if (normalisation.kind === 'batch' && normalisation.epsilon === 0) {
    throw new ConfigError('normalisation.epsilon', 'must be above 0: a channel may have no variance')
  }
}

function checkStem({ stem, normalisation }: ResNetConfig): void {
  const inner = stem.innerWidths.length
  if (stem.kind === 'deep' ? inner !== 2 : inner !== 0) {
    throw new ConfigError(
      'stem.innerWidths',
      stem.kind === 'deep'
        ? `a deep stem needs the widths of its first two convolutions, not ${inner} of them`
        : `only a deep stem has inner widths; a ${stem.kind} stem needs an empty list`,
    )
  }
  if (normalisation.kind === 'group') {
    for (const width of [...stem.innerWidths, stem.width])
      checkGroups('stem.width', width, normalisation.groups, 'normalisation')
  }
}

function checkStage(config: ResNetConfig, stage: StageConfig, index: number): void {
  const block = blockOf(config, stage)
  const key = stage.block === undefined ? 'block' : `stages.${index}.block`
  if (block.kind === 'dense' || block.kind === 'inverted') return
  const inner = innerWidth(block, stage.width)
  if (inner === 0) {
    throw new ConfigError(
      `${key}.baseWidth`,
      `${block.baseWidth} leaves no channel of a stage of width ${stage.width}`,
    )
  }
  const grouped = block.kind === 'basic' ? [inner, stage.width * block.expansion] : [inner]
  for (const width of grouped) checkGroups(`${key}.groups`, width, block.groups, 'convolutions')
  const first = Math.floor(inner / block.reduceFirst)
  checkGroups(`${key}.reduceFirst`, inner, block.reduceFirst, 'the first convolution')
  checkGroups(`${key}.groups`, first, block.groups, 'convolutions')
  if (config.normalisation.kind === 'group') {
    for (const width of [inner, stage.width * block.expansion]) {
      checkGroups('normalisation.groups', width, config.normalisation.groups, 'normalisation')
    }
  }
  if (config.attention.kind === 'sk') checkSelective(config, stage, key)
  if (block.strideAt === 'last-block' && index === 0 && stage.stride !== 1) {
    throw new ConfigError(
      'stages.0.stride',
      'must be 1: no stage before it could carry its stride in a last block',
    )
  }
}

function checkSelective(config: ResNetConfig, stage: StageConfig, key: string): void {
  const block = blockOf(config, stage)
  if ('order' in block && block.order !== 'original') {
    throw new ConfigError(`${key}.order`, 'must be original where selective kernels replace a convolution')
  }
}

function checkGroups(key: string, width: number, groups: number, what: string): void {
  if (width % groups !== 0) {
    throw new ConfigError(
      key,
      `${groups} does not divide the ${width} channels of ${what}; change the groups or the widths`,
    )
  }
}

/** Option A can add channels of zeros, never take channels away. */
function checkShortcut(config: ResNetConfig): void {
  if (config.shortcut.kind !== 'zero-padding') return
  let channels = config.stem.width
  config.stages.forEach((stage, index) => {
    const block = blockOf(config, stage)
    if (block.kind === 'dense' || block.kind === 'inverted') return
    const filters = stage.width * block.expansion
    if (filters < channels) {
      throw new ConfigError(
        `stages.${index}.width`,
        `zero padding cannot shrink ${channels} channels to ${filters}`,
      )
    }
    channels = filters
  })
}
