/** Networks made small enough for the reference arithmetic, with all that their configs say but for widths, depths and input. */
import type { BlockConfig, ResNetConfig } from '../src/architecture/config.ts'

/** Blocks of a stage: one with its stride and projection, one without. */
const blocks = 2

/** Channels of the widest stage, and new channels of each dense layer. */
const limits = { residual: 64, dense: 16 }

export function narrowed(config: ResNetConfig): ResNetConfig {
  const widest = Math.max(...config.stages.map(({ width }) => width))
  const share = Math.min(1, (config.block.kind === 'dense' ? limits.dense : limits.residual) / widest)
  const narrow = (width: number) => Math.max(8, 8 * Math.round((width * share) / 8))
  const { stem, head, normalisation } = config
  const fixed = head.pool.kind === 'fixed' ? { ...head.pool, size: 2 } : head.pool
  // Strides of 32 leave 2×2 of 64×64, those of CIFAR's networks 4×4 of 16×16.
  const size = stem.stride === 1 ? 16 : 64
  return {
    ...config,
    input: [size, size],
    classes: 10,
    stem: { ...stem, width: narrow(stem.width), innerWidths: stem.innerWidths.map(narrow) },
    stages: config.stages.map((stage) => ({
      ...stage,
      blocks: Math.min(stage.blocks, blocks),
      width: narrow(stage.width),
      ...(stage.block === undefined ? {} : { block: regrouped(stage.block) }),
    })),
    block: regrouped(config.block),
    normalisation: normalisation.kind === 'group' ? { ...normalisation, groups: 4 } : normalisation,
    head: { ...head, pool: fixed, convolutionWidth: head.convolutionWidth === 0 ? 0 : 64 },
  }
}

/** Four groups for 32 and more, of at least four channels. */
function regrouped<B extends BlockConfig>(block: B): B {
  return 'groups' in block && block.groups > 1 ? { ...block, groups: 4, baseWidth: 32 } : block
}
