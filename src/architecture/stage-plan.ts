/** Strides and dilations of every block: where the config lets a stride sit, and where dilation takes its place. */
import { blockOf, type ResNetConfig } from './config.ts'
import type { BlockPlace } from './residual-block.ts'

export interface StagePlan {
  readonly stage: number
  readonly blocks: readonly BlockPlace[]
}

export function stagePlans(config: ResNetConfig): readonly StagePlan[] {
  const count = config.stages.reduce((sum, stage) => sum + stage.blocks, 0)
  const strides = stageStrides(config)
  let index = 0
  return config.stages.map((stage, s) => {
    const { stride = 1, dilation = 1, firstDilation = 1 } = strides[s] ?? {}
    const blocks = Array.from({ length: stage.blocks }, (_, block): BlockPlace => {
      const first = block === 0
      return {
        stage: s,
        block,
        index: index++,
        count,
        width: stage.width,
        stride: stridedBlock(config, s, block) ? stride : laterStride(config, strides, s, block),
        dilation,
        firstDilation: first ? firstDilation : dilation,
      }
    })
    return { stage: s, blocks }
  })
}

interface StageStride {
  readonly stride: number
  readonly dilation: number
  /** Dilation of the first block, which keeps that of the stage before. */
  readonly firstDilation: number
}

/** Once the map is `outputStride` times smaller than the input, further strides become dilation. */
function stageStrides(config: ResNetConfig): readonly StageStride[] {
  let reduction = config.stem.stride * (config.stem.pool.kind === 'none' ? 1 : 2)
  let dilation = 1
  return config.stages.map(({ stride }) => {
    const firstDilation = dilation
    const dilated = reduction >= config.outputStride
    if (dilated) dilation *= stride
    else reduction *= stride
    return { stride: dilated ? 1 : stride, dilation, firstDilation }
  })
}

function stridesInLastBlock(config: ResNetConfig, stage: number): boolean {
  const entry = config.stages[stage]
  const block = entry === undefined ? config.block : blockOf(config, entry)
  return 'strideAt' in block && block.strideAt === 'last-block'
}

/** Whether a block carries its own stage's stride. */
function stridedBlock(config: ResNetConfig, stage: number, block: number): boolean {
  return block === 0 && !(stage > 0 && stridesInLastBlock(config, stage))
}

/** The stride of the following stage, in the last block of a stage that is built so. */
function laterStride(
  config: ResNetConfig,
  strides: readonly StageStride[],
  stage: number,
  block: number,
): number {
  const last = block === (config.stages[stage]?.blocks ?? 0) - 1
  return last && stridesInLastBlock(config, stage + 1) ? (strides[stage + 1]?.stride ?? 1) : 1
}
