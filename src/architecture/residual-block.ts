/**
 * The residual block, basic (two 3×3) or bottleneck (1×1, 3×3, 1×1), in the five orders of arXiv:1603.05027, Figure 4:
 * (a) W N R W N | + R, (b) W N R W | + N R, (c) W N R W N R | +, (d) R W N R W N | +, (e) N R W N R W | +
 * (W convolution, N normalisation, R activation; what follows the bar acts on the sum).
 */
import { ConfigError } from '../errors.ts'
import type { GraphValue } from '../graph/graph.ts'
import { imageShape } from '../ops/shape.ts'
import { attend, selectiveKernels } from './attention.ts'
import { blockKey, type ResidualBlockConfig } from './config.ts'
import type { Layers } from './layers.ts'
import { dropBlock, stochasticDepth } from './regularisation.ts'
import { type BlockShape, buildShortcut, combine, shortcutForm } from './shortcut.ts'

/** Where a block stands and what it does to the map. */
export interface BlockPlace {
  readonly stage: number
  readonly block: number
  /** Number of the block in the network, and how many there are. */
  readonly index: number
  readonly count: number
  readonly width: number
  readonly stride: number
  readonly dilation: number
  readonly firstDilation: number
}

/** One convolution of a branch. */
interface BranchLayer {
  readonly filters: number
  readonly kernel: number
  readonly stride: number
  readonly dilation: number
  readonly groups: number
}

/** Channels inside a block, `int(planes × base width / 64) × groups` (torchvision). */
export function innerWidth(block: ResidualBlockConfig, width: number): number {
  return Math.floor((width * block.baseWidth) / 64) * block.groups
}

function branchLayers(config: ResidualBlockConfig, place: BlockPlace): readonly BranchLayer[] {
  const { width, stride, dilation, firstDilation } = place
  const inner = innerWidth(config, width)
  const outer = width * config.expansion
  const first = Math.floor(inner / config.reduceFirst)
  if (config.kind === 'basic') {
    const groups = config.groups
    return [
      { filters: first, kernel: 3, stride, dilation: firstDilation, groups },
      { filters: outer, kernel: 3, stride: 1, dilation, groups },
    ]
  }
  const early = config.strideAt === 'conv1'
  return [
    { filters: first, kernel: 1, stride: early ? stride : 1, dilation: 1, groups: 1 },
    { filters: inner, kernel: 3, stride: early ? 1 : stride, dilation: firstDilation, groups: config.groups },
    { filters: outer, kernel: 1, stride: 1, dilation: 1, groups: 1 },
  ]
}

/** Adds a block that reads `x`. */
export function buildResidualBlock(
  layers: Layers,
  config: ResidualBlockConfig,
  x: GraphValue,
  place: BlockPlace,
): GraphValue {
  const { graph, names } = layers
  const name = names.block(place.stage, place.block)
  const part = graph.part
  const { shortcut: shortcutConfig } = layers.config
  const shape: BlockShape = {
    filters: place.width * config.expansion,
    stride: place.stride,
    dilation: place.dilation,
    firstDilation: place.firstDilation,
    stage: place.stage,
    first: place.block === 0,
  }
  graph.part = { ...part, path: 'branch' }
  const activated = leadingActivation(layers, config, name, x, place)
  const branch = buildBranch(layers, config, name, activated, place)
  if (shortcutConfig.kind === 'none') {
    graph.part = part
    return trailingActivation(layers, config, name, branch)
  }
  graph.part = { ...part, path: 'shortcut' }
  const source = shortcutSource(layers, config, { x, activated }, shape)
  const shortcut = buildShortcut(layers, name, source, shape)
  graph.part = part
  const kept = stochasticDepth(layers, name, branch, place)
  const sum = combine(
    layers,
    name,
    { x: source, shortcut, branch: kept },
    shortcutConfig.combine,
    place.stride,
  )
  return trailingActivation(layers, config, name, sum)
}

/** The activation in front of a pre-activation branch. */
function leadingActivation(
  layers: Layers,
  config: ResidualBlockConfig,
  name: string,
  x: GraphValue,
  place: BlockPlace,
): GraphValue {
  const byStem = place.index === 0 && config.firstActivation === 'stem'
  if (byStem) return x
  switch (config.order) {
    case 'relu-only-preactivation':
      return layers.activate(`${name}.relu1`, x)
    case 'full-preactivation':
      return layers.activate(`${name}.relu1`, layers.normalise(`${name}.${layers.names.normalisation(1)}`, x))
    default:
      return x
  }
}

function shortcutSource(
  layers: Layers,
  config: ResidualBlockConfig,
  values: { x: GraphValue; activated: GraphValue },
  shape: BlockShape,
): GraphValue {
  switch (config.shortcutReads) {
    case 'raw':
      return values.x
    case 'activated':
      return shortcutForm(layers, values.x, shape) === 'widening' ? values.activated : values.x
    case 'activated-at-stage-start':
      return shape.first ? values.activated : values.x
  }
}

/** The branch from its first convolution on. */
function buildBranch(
  layers: Layers,
  config: ResidualBlockConfig,
  name: string,
  input: GraphValue,
  place: BlockPlace,
): GraphValue {
  const plan = branchLayers(config, place)
  let x = input
  plan.forEach((layer, index) => {
    const last = index === plan.length - 1
    if (index > 0) x = between(layers, config, name, x, { place, index, last })
    x = convolve(layers, config, name, x, { layer, place, index, last })
  })
  if (config.order === 'bn-after-addition') return x
  const { attention } = layers.config
  if (attention.kind === 'se' && attention.activated && attention.position === 'branch-end')
    x = layers.activate(`${name}.se.input`, x)
  return attend(layers, name, x, 'branch-end')
}

interface BranchStep {
  readonly place: BlockPlace
  /** Of the convolution that comes next, from 0. */
  readonly index: number
  readonly last: boolean
}

/** What stands in front of the second and third convolution: in pre-activation orders their activation, then filters. */
function between(
  layers: Layers,
  config: ResidualBlockConfig,
  name: string,
  x: GraphValue,
  step: BranchStep,
): GraphValue {
  const n = step.index + 1
  const { branchDropout } = layers.config.regularisation
  let y = x
  if (config.order === 'full-preactivation')
    y = layers.normalise(`${name}.${layers.names.normalisation(n)}`, y, scaleOf(layers, step.last))
  if (config.order === 'full-preactivation' || config.order === 'relu-only-preactivation')
    y = layers.activate(`${name}.relu${n}`, y)
  if (isStrided(config, step.index - 1)) y = antialias(layers, name, y, step.place)
  if (step.last) y = attend(layers, name, y, 'before-last-convolution')
  return step.last && branchDropout > 0 ? layers.dropout(`${name}.dropout`, y, branchDropout) : y
}

/** A convolution with what follows it in the block's order. */
function convolve(
  layers: Layers,
  config: ResidualBlockConfig,
  name: string,
  x: GraphValue,
  step: BranchStep & { readonly layer: BranchLayer },
): GraphValue {
  const { layer, index, last, place } = step
  const n = index + 1
  const { attention, antialias: filter } = layers.config
  const strided = isStrided(config, index)
  const stride = strided && filter.kind !== 'none' ? 1 : layer.stride
  const selective = config.kind === 'basic' ? index === 0 : index === 1
  if (attention.kind === 'sk' && selective) {
    return selectiveKernels(layers, `${name}.conv${n}`, x, { ...layer, stride, config: attention })
  }
  const { channels } = imageShape(x.shape, name)
  if (channels % layer.groups !== 0) {
    throw new ConfigError(
      `${blockKey(layers.config, place.stage)}.groups`,
      `${layer.groups} does not divide the ${channels} channels that ${name} reads; change it or the widths`,
    )
  }
  const role = n === 1 ? 'conv1' : n === 2 ? 'conv2' : 'conv3'
  const convolution = `${name}.${layers.names.convolution(n)}`
  const y = layers.convolution(convolution, x, { ...layer, stride, role })
  const normalisation = `${name}.${layers.names.normalisation(n)}`
  switch (config.order) {
    case 'full-preactivation':
      return y
    case 'relu-only-preactivation':
      return layers.normalise(normalisation, y, scaleOf(layers, last))
    case 'bn-after-addition':
      return last ? y : layers.activate(`${name}.relu${n}`, layers.normalise(normalisation, y))
    case 'relu-before-addition':
      return layers.activate(`${name}.relu${n}`, layers.normalise(normalisation, y, scaleOf(layers, last)))
    case 'original': {
      const normalised = layers.normalise(normalisation, y, scaleOf(layers, last))
      if (last) return normalised
      const dropped = strided ? dropBlock(layers, name, normalised, place) : normalised
      return layers.activate(`${name}.relu${n}`, dropped)
    }
  }
}

function scaleOf(layers: Layers, last: boolean) {
  return last ? { scale: layers.lastScale } : {}
}

/** Whether the convolution of this index (from 0) is the 3×3 that carries a stride. */
function isStrided(config: ResidualBlockConfig, index: number): boolean {
  return index === (config.kind === 'basic' ? 0 : 1)
}

/** The filter behind a convolution that gave up its stride (arXiv:1904.11486). */
function antialias(layers: Layers, name: string, x: GraphValue, place: BlockPlace): GraphValue {
  const { antialias: filter } = layers.config
  const acts = place.stride === 2 || place.firstDilation !== place.dilation
  if (filter.kind === 'none' || !acts) return x
  if (filter.kind === 'average') {
    return layers.averagePool(`${name}.aa`, x, { kernel: place.stride, stride: place.stride })
  }
  return layers.blurPool(`${name}.aa`, x, filter.taps, place.stride)
}

/** What acts on the sum. */
function trailingActivation(
  layers: Layers,
  config: ResidualBlockConfig,
  name: string,
  sum: GraphValue,
): GraphValue {
  const n = config.kind === 'basic' ? 2 : 3
  switch (config.order) {
    case 'original':
      return layers.activate(`${name}.relu${n}`, sum)
    case 'bn-after-addition': {
      const normalised = layers.normalise(`${name}.${layers.names.normalisation(n)}`, sum)
      return layers.activate(`${name}.relu${n}`, normalised)
    }
    default:
      return sum
  }
}
