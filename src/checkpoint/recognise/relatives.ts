/** What shapes say about DenseNet and MobileNetV2, under torchvision's names. */
import type { ResNetConfig, StageConfig } from '../../architecture/config.ts'
import { namesOf } from '../../architecture/names.ts'
import { config } from '../../architecture/variants.ts'
import type { FoundHead } from '../naming/head.ts'
import { convolutionAt, type Shapes } from './shapes.ts'
import type { Structure } from './structure.ts'
import { seeHead, seeStem } from './surroundings.ts'

export function seeDense(shapes: Shapes, found: FoundHead | undefined): Structure {
  const base = config('densenet121')
  const names = namesOf(base)
  const stages: StageConfig[] = []
  const convolution = (stage: number, layer: number, n: number) =>
    convolutionAt(shapes, `${names.block(stage, layer)}.conv${n}`)
  for (;;) {
    const stage = stages.length
    const blocks = shapes.count((layer) => `${names.block(stage, layer)}.conv1.weight`)
    const growth = convolution(stage, 0, 2)?.out
    if (blocks === 0 || growth === undefined) break
    stages.push({ blocks, width: growth, stride: stage === 0 ? 1 : 2 })
  }
  const growth = stages[0]?.width ?? 32
  const inner = convolution(0, 0, 1)?.out ?? 4 * growth
  const transition =
    convolutionAt(shapes, names.transition(1)) ?? convolutionAt(shapes, `${names.transition(1)}.conv`)
  return {
    headless: found === undefined,
    config: {
      ...base,
      inputChannels: shapes.axis(`${names.stemConvolutions[0] ?? ''}.weight`, 1) ?? 3,
      classes: found?.classes ?? 1,
      stem: seeStem(shapes, names),
      stages,
      block: {
        kind: 'dense',
        bottleneck: Math.max(1, Math.min(64, Math.round(inner / growth))),
        compression: transition === undefined ? 0.5 : compressionOf(transition.inGroup, transition.out),
      },
      head: seeHead(shapes, names, found),
    },
  }
}

/** The share of `input` that leaves `out` channels; a half wherever a half does. */
function compressionOf(input: number, out: number): number {
  if (Math.floor(input / 2) === out) return 0.5
  const exact = out / input
  return Math.floor(input * exact) === out ? exact : (out + 0.5) / input
}

interface SeenInverted {
  readonly expansion: number
  readonly width: number
}

export function seeInverted(shapes: Shapes, found: FoundHead | undefined): Structure {
  const base = config('mobilenetv2_100')
  const blocks = seeInvertedBlocks(shapes)
  const last = blocks.length + 1
  const stem = convolutionAt(shapes, 'features.0.0')
  return {
    headless: found === undefined,
    config: {
      ...base,
      inputChannels: stem?.inGroup ?? 3,
      classes: found?.classes ?? 1,
      stem: { ...base.stem, width: stem?.out ?? 32 },
      stages: stagesOf(blocks, base),
      head: {
        ...base.head,
        ...(found === undefined ? {} : { pool: found.pool, hidden: found.hidden }),
        convolutionWidth: shapes.axis(`features.${last}.0.weight`, 0) ?? 0,
      },
    },
  }
}

function seeInvertedBlocks(shapes: Shapes): readonly SeenInverted[] {
  const blocks: SeenInverted[] = []
  for (;;) {
    const name = `features.${blocks.length + 1}.conv`
    const expanded = shapes.has(`${name}.2.weight`) && shapes.rank(`${name}.2.weight`) === 4
    const expand = expanded ? convolutionAt(shapes, `${name}.0.0`) : undefined
    const project = convolutionAt(shapes, `${name}.${expanded ? 2 : 1}`)
    if (project === undefined) return blocks
    const expansion = expand === undefined ? 1 : Math.round(expand.out / expand.inGroup)
    blocks.push({ expansion: Math.max(1, Math.min(64, expansion)), width: project.out })
  }
}

/**
 * Names do not tell where a stage begins: where MobileNetV2's own blocks have these widths its stages are taken, else a
 * stage is a run of blocks of one width and expansion.
 */
function stagesOf(blocks: readonly SeenInverted[], base: ResNetConfig): readonly StageConfig[] {
  const total = base.stages.reduce((sum, stage) => sum + stage.blocks, 0)
  const runs: StageConfig[] = []
  let next = 0
  if (blocks.length === total) {
    for (const stage of base.stages) {
      const [first = { expansion: 6, width: stage.width }] = blocks.slice(next, next + stage.blocks)
      runs.push({ ...stage, width: first.width, block: { kind: 'inverted', expansion: first.expansion } })
      next += stage.blocks
    }
    return runs
  }
  const strides = base.stages.map(({ stride }) => stride)
  for (const { expansion, width } of blocks) {
    const run = runs.at(-1)
    const block = { kind: 'inverted', expansion } as const
    const joins = run?.width === width && run.block?.kind === 'inverted' && run.block.expansion === expansion
    if (joins) runs[runs.length - 1] = { ...run, blocks: run.blocks + 1 }
    else runs.push({ blocks: 1, width, stride: runs.length === 0 ? 1 : 2, block })
  }
  // As many runs as MobileNetV2 has stages are its stages, at another depth.
  return runs.length === strides.length ? runs.map((run, i) => ({ ...run, stride: strides[i] ?? 1 })) : runs
}
