/**
 * What shapes say about the stages of a residual network: blocks, widths, groups, base width, attention. Names are ours:
 * `layer1.0.conv1` or `stages.0.blocks.0.conv1`.
 */
import { efficientKernel, roundedTo } from '../../architecture/attention.ts'
import type { AttentionConfig, ResidualBlockConfig } from '../../architecture/config.ts'
import { type ConvolutionShape, convolutionAt, type Shapes } from './shapes.ts'

/** One stage as its tensors show it. */
export interface SeenStage {
  /** Names of its blocks in order. */
  readonly blocks: readonly string[]
  readonly kind: 'basic' | 'bottleneck'
  /** Channels that enter it. */
  readonly input: number
  /** Width of the first convolution, between the convolutions, and of the block's output. */
  readonly first: number
  readonly inner: number
  readonly outer: number
  readonly groups: number
  readonly selective: boolean
}

/** The n-th convolution of a block: plain, wrapped (`conv1.conv`), or the first path of selective kernels. */
export function blockConvolution(shapes: Shapes, block: string, n: number): ConvolutionShape | undefined {
  const layer = `${block}.conv${n}`
  return (
    convolutionAt(shapes, layer) ??
    convolutionAt(shapes, `${layer}.conv`) ??
    convolutionAt(shapes, `${layer}.paths.0.conv`)
  )
}

/** Reads a stage from its first block; undefined where that is no residual block. */
export function seeStage(shapes: Shapes, blocks: readonly string[], input: number): SeenStage | undefined {
  const [block = ''] = blocks
  const [first, second, third] = [1, 2, 3].map((n) => blockConvolution(shapes, block, n))
  if (first === undefined || second === undefined) return undefined
  const selective = shapes.has(`${block}.conv${third === undefined ? 1 : 2}.paths.0.conv.weight`)
  if (third === undefined) {
    const width = second.out
    return {
      blocks,
      kind: 'basic',
      input,
      first: first.out,
      inner: first.out,
      outer: width,
      groups: share(first.out, second.inGroup),
      selective,
    }
  }
  // With split selective kernels each path reads half of the channels.
  const read = selective && shapes.has(`${block}.conv2.paths.1.conv.weight`) ? splitOf(first, second) : 1
  return {
    blocks,
    kind: 'bottleneck',
    input,
    first: first.out,
    inner: second.out,
    outer: third.out,
    groups: share(first.out, second.inGroup * read),
    selective,
  }
}

function share(channels: number, inGroup: number): number {
  return inGroup > 0 && channels % inGroup === 0 ? channels / inGroup : 1
}

function splitOf(first: ConvolutionShape, path: ConvolutionShape): number {
  return path.inGroup * 2 === first.out ? 2 : 1
}

export type Block = Pick<ResidualBlockConfig, 'kind' | 'expansion' | 'groups' | 'baseWidth' | 'reduceFirst'>

export interface SizedStage {
  readonly width: number
  readonly block: Block
}

/**
 * Width and block of each stage. One expansion and base width that fit all stages is looked for first (4 and 1 are the
 * field's); else each stage gets its own.
 */
export function sizeStages(stages: readonly SeenStage[]): readonly SizedStage[] {
  return sizeAlike(stages) ?? stages.map((stage) => sizeAlike([stage])?.[0] ?? sizeAlone(stage))
}

const expansions = [4, 1, ...Array.from({ length: 63 }, (_, i) => i + 2)]

function sizeAlike(stages: readonly SeenStage[]): readonly SizedStage[] | undefined {
  const [first] = stages
  if (first === undefined) return []
  const { kind, groups } = first
  const reduceFirst = reductionOf(first)
  const alike = stages.every(
    (stage) => stage.kind === kind && stage.groups === groups && reductionOf(stage) === reduceFirst,
  )
  if (!alike) return undefined
  const order = kind === 'basic' ? expansions.toSorted((a, b) => a - b) : expansions
  for (const expansion of order) {
    const widths = stages.map(({ outer }) => outer / expansion)
    if (!widths.every(Number.isInteger)) continue
    const baseWidth = baseWidthOf(
      stages.map((stage, i) => ({ width: widths[i] ?? 1, inner: stage.inner })),
      groups,
    )
    if (baseWidth === undefined) continue
    const block = { kind, expansion, groups, baseWidth, reduceFirst }
    return widths.map((width) => ({ width, block }))
  }
  return undefined
}

/** A basic block's tensors cannot tell a reduced first convolution from a smaller base width. */
function reductionOf({ kind, first, inner }: SeenStage): 1 | 2 | 4 {
  if (kind === 'basic') return 1
  if (inner === 2 * first) return 2
  return inner === 4 * first ? 4 : 1
}

/** The base width with `floor(width × baseWidth / 64) × groups = inner` in every stage. */
function baseWidthOf(
  stages: readonly { readonly width: number; readonly inner: number }[],
  groups: number,
): number | undefined {
  const [first] = stages
  if (first === undefined) return 64
  const least = Math.ceil((64 * first.inner) / groups / first.width)
  for (const candidate of [64, least]) {
    const fits = stages.every(({ width, inner }) => Math.floor((width * candidate) / 64) * groups === inner)
    if (fits && candidate >= 1 && candidate <= 4096) return candidate
  }
  return undefined
}

/** Widths that no rule explains: as near as a config can say, so that what differs is listed tensor by tensor. */
function sizeAlone(stage: SeenStage): SizedStage {
  const { kind, groups, outer } = stage
  const expansion = kind === 'bottleneck' && outer % 4 === 0 ? 4 : 1
  const width = outer / expansion
  const baseWidth = Math.max(1, Math.min(4096, Math.ceil((64 * stage.inner) / groups / width)))
  return { width, block: { kind, expansion, groups, baseWidth, reduceFirst: reductionOf(stage) } }
}

/** The attention of the blocks. */
export function seeAttention(shapes: Shapes, stages: readonly SeenStage[]): AttentionConfig {
  const block = stages[0]?.blocks[0] ?? ''
  if (stages.some(({ selective }) => selective)) return seeSelective(shapes, stages)
  if (shapes.has(`${block}.se.fc1.weight`)) return seeSqueeze(shapes, stages)
  if (shapes.has(`${block}.se.conv.weight`)) return seeEfficient(shapes, stages)
  return { kind: 'none' }
}

function seeSqueeze(shapes: Shapes, stages: readonly SeenStage[]): AttentionConfig {
  const gates = stages.map(({ blocks: [block = ''] }) => ({
    inner: shapes.axis(`${block}.se.fc1.weight`, 0) ?? 1,
    channels: shapes.axis(`${block}.se.fc1.weight`, 1) ?? 1,
  }))
  const { reduction, divisor } = roundingOf(gates, 0)
  const atEnd = gates.every(({ channels }, i) => channels === stages[i]?.outer)
  return {
    kind: 'se',
    reduction,
    divisor,
    bias: shapes.has(`${stages[0]?.blocks[0] ?? ''}.se.fc1.bias`),
    position: atEnd ? 'branch-end' : 'before-last-convolution',
    activated: false,
  }
}

function seeEfficient(shapes: Shapes, stages: readonly SeenStage[]): AttentionConfig {
  const sizes = stages.map(({ blocks: [block = ''] }) => shapes.axis(`${block}.se.conv.weight`, 2) ?? 3)
  const [first = 3] = sizes
  const fixed = sizes.every((size) => size === first)
  const fromWidth = stages.every(({ outer }, i) => efficientKernel(outer) === sizes[i])
  return { kind: 'eca', kernel: fixed && !fromWidth ? first : 'from-width' }
}

function seeSelective(shapes: Shapes, stages: readonly SeenStage[]): AttentionConfig {
  const gates = stages.map(({ blocks: [block = ''], kind }) => {
    const reduce = `${block}.conv${kind === 'basic' ? 1 : 2}.attn.fc_reduce.weight`
    return { inner: shapes.axis(reduce, 0) ?? 1, channels: shapes.axis(reduce, 1) ?? 1 }
  })
  const [stage] = stages
  return { kind: 'sk', ...roundingOf(gates, 0.9), split: stage !== undefined && isSplit(shapes, stage) }
}

function isSplit(shapes: Shapes, stage: SeenStage): boolean {
  const [block = ''] = stage.blocks
  const n = stage.kind === 'basic' ? 1 : 2
  const path = blockConvolution(shapes, block, n)
  const read = n === 1 ? stage.input : stage.first
  return path !== undefined && path.inGroup * Math.min(path.out, stage.groups) * 2 === read
}

/** The reduction and divisor that give every gate's inner width; those of the published networks come first. */
function roundingOf(gates: readonly { readonly inner: number; readonly channels: number }[], least: number) {
  const published = [
    { reduction: 16, divisor: 8 },
    { reduction: 4, divisor: 8 },
    { reduction: 8, divisor: 16 },
    { reduction: 16, divisor: 32 },
  ]
  const [first = { inner: 1, channels: 1 }] = gates
  const plain = [16, Math.max(1, Math.round(first.channels / first.inner))]
  const others = plain.map((reduction) => ({ reduction, divisor: 1 }))
  const all = [...published, ...others]
  const fits = ({ reduction, divisor }: (typeof published)[number]) =>
    gates.every(({ inner, channels }) => roundedTo(channels / reduction, divisor, least) === inner)
  return all.find(fits) ?? { reduction: Math.min(1024, plain[1] ?? 16), divisor: 1 }
}
