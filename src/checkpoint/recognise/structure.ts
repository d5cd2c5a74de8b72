/**
 * The config that a file's names and shapes describe. What they are silent about has the value that most published
 * networks have; `recognise.ts` puts the source's own reading in its place.
 */
import type { ResNetConfig, StageConfig } from '../../architecture/config.ts'
import { type Names, namesOf } from '../../architecture/names.ts'
import { config } from '../../architecture/variants.ts'
import type { FoundHead } from '../naming/head.ts'
import { seeDense, seeInverted } from './relatives.ts'
import { type SeenStage, seeAttention, seeStage, sizeStages } from './residual.ts'
import type { Shapes } from './shapes.ts'
import { seeBiases, seeHead, seeNormalisation, seeShortcut, seeStem } from './surroundings.ts'

export interface Structure {
  readonly config: ResNetConfig
  /** Whether the file has a classifier; without one `classes` is 1. */
  readonly headless: boolean
}

/** Reads the structure; undefined where the names are of no network that the builder knows. */
export function seeStructure(shapes: Shapes, found: FoundHead | undefined): Structure | undefined {
  if (shapes.has('features.denseblock1.denselayer1.conv1.weight')) return seeDense(shapes, found)
  if (shapes.has('features.0.0.weight')) return seeInverted(shapes, found)
  return seeResidual(shapes, found)
}

/** Names are asked of a config with the few fields that decide them. */
function namesFor(shapes: Shapes): Names {
  const base = config('resnet50')
  const preactivated = shapes.has('stages.0.blocks.0.conv1.weight') || shapes.has('stem.conv.weight')
  const deep = shapes.has('conv1.6.weight') || shapes.has('stem.conv3.weight')
  let selective = false
  let averaged = false
  for (const [name] of shapes.entries()) {
    selective ||= name.endsWith('.attn.fc_select.weight')
    averaged ||= name.endsWith('.downsample.2.weight')
  }
  // A bare averaged projection has no normalisation to tell it by its index; its convolution is number 1, of rank 4.
  if (!averaged) averaged = hasBareAverage(shapes)
  return namesOf({
    ...base,
    stem: { ...base.stem, kind: deep ? 'deep' : '7x7' },
    block:
      base.block.kind === 'bottleneck' && preactivated
        ? { ...base.block, order: 'full-preactivation' }
        : base.block,
    shortcut:
      base.shortcut.kind === 'projection' && averaged ? { ...base.shortcut, pool: 'average' } : base.shortcut,
    attention: selective ? { kind: 'sk', reduction: 16, divisor: 8, split: true } : { kind: 'none' },
  })
}

function hasBareAverage(shapes: Shapes): boolean {
  for (const [name, shape] of shapes.entries()) {
    if (name.endsWith('.downsample.1.weight') && shape.length === 4) return true
  }
  return false
}

function seeResidual(shapes: Shapes, found: FoundHead | undefined): Structure | undefined {
  const names = namesFor(shapes)
  const stem = seeStem(shapes, names)
  const stages = seeStages(shapes, names, stem.width)
  const [first] = stages
  if (first === undefined) return undefined
  const base = config('resnet50')
  const sized = sizeStages(stages)
  const common = sized[0]
  if (common === undefined || base.block.kind !== 'bottleneck') return undefined
  const preactivated = names.classifier === 'head.fc'
  const own = preactivated && shapes.has(`${first.blocks[0]}.${names.normalisation(1)}.weight`)
  const blockOf = (block: typeof common.block): ResNetConfig['block'] => ({
    ...base.block,
    ...block,
    order: preactivated ? 'full-preactivation' : 'original',
    strideAt: block.kind === 'basic' ? 'conv1' : 'conv2',
    firstActivation: preactivated && !own ? 'stem' : 'own',
    shortcutReads: preactivated ? 'activated' : 'raw',
  })
  const small = stem.kind === '3x3'
  return {
    headless: found === undefined,
    config: {
      ...base,
      input: small ? [32, 32] : base.input,
      inputChannels: seeInputChannels(shapes, names),
      classes: found?.classes ?? 1,
      stem,
      stages: sized.map(({ width, block }, s): StageConfig => {
        const stage = { blocks: stages[s]?.blocks.length ?? 1, width, stride: s === 0 ? 1 : 2 } as const
        return block === common.block ? stage : { ...stage, block: blockOf(block) }
      }),
      block: blockOf(common.block),
      shortcut: seeShortcut(shapes, names, stages),
      normalisation: seeNormalisation(shapes),
      convolution: { ...base.convolution, bias: seeBiases(shapes, names, stages) },
      attention: seeAttention(shapes, stages),
      head: seeHead(shapes, names, found),
    },
  }
}

function seeStages(shapes: Shapes, names: Names, width: number): readonly SeenStage[] {
  const stages: SeenStage[] = []
  let input = width
  for (;;) {
    const stage = stages.length
    const count = countBlocks(shapes, names, stage)
    const blocks = Array.from({ length: count }, (_, block) => names.block(stage, block))
    const seen = count === 0 ? undefined : seeStage(shapes, blocks, input)
    if (seen === undefined) return stages
    stages.push(seen)
    input = seen.outer
  }
}

/** Blocks of a stage, counted by their first convolution, which may be selective. */
function countBlocks(shapes: Shapes, names: Names, stage: number): number {
  const first = (block: number) => `${names.block(stage, block)}.${names.convolution(1)}.weight`
  const paths = (block: number) => `${names.block(stage, block)}.conv1.paths.0.conv.weight`
  return Math.max(shapes.count(first), shapes.count(paths))
}

function seeInputChannels(shapes: Shapes, names: Names): number {
  return shapes.axis(`${names.stemConvolutions[0] ?? ''}.weight`, 1) ?? 3
}
