/** The shortcut around a residual branch, and how the two come together. */
import { ConfigError } from '../errors.ts'
import type { GraphValue } from '../graph/graph.ts'
import { add } from '../ops/add.ts'
import { multiply } from '../ops/multiply.ts'
import { scale } from '../ops/scale.ts'
import { imageShape } from '../ops/shape.ts'
import { sigmoid } from '../ops/sigmoid.ts'
import { padChannels } from '../ops/slice.ts'
import type { CombineConfig, ShortcutConfig } from './config.ts'
import type { Layers } from './layers.ts'
import { ceilPadding } from './padding.ts'

/** What a block does to the shape of its input. */
export interface BlockShape {
  /** Output channels. */
  readonly filters: number
  /** Stride of the block, 1 where a dilated stage keeps the resolution. */
  readonly stride: number
  /** Dilation of the stage, and of the first block's strided convolution. */
  readonly dilation: number
  readonly firstDilation: number
  /** The block's stage, from 0, and whether the block is its first. */
  readonly stage: number
  readonly first: boolean
}

type ZeroPadding = Extract<ShortcutConfig, { kind: 'zero-padding' }>
type Projection = Extract<ShortcutConfig, { kind: 'projection' }>

/** What a shortcut does: nothing, leave out rows and columns, or change the number of channels too. */
export type ShortcutForm = 'identity' | 'subsampling' | 'widening'

/** The form of the shortcut around a block that reads `x`. */
export function shortcutForm(layers: Layers, x: GraphValue, shape: BlockShape): ShortcutForm {
  const { channels } = imageShape(x.shape, 'shortcut')
  const { shortcut } = layers.config
  const changes = shape.stride !== 1 || channels !== shape.filters
  if (shortcut.kind === 'projection' && projects(shortcut, channels, shape)) return 'widening'
  if (shortcut.kind === 'zero-padding' && changes) return 'widening'
  return shape.stride === 1 ? 'identity' : 'subsampling'
}

function projects(shortcut: Projection, channels: number, shape: BlockShape): boolean {
  if (shortcut.where === 'every-block') return true
  if (shortcut.where === 'stage-start' && shape.first) return true
  if (channels !== shape.filters) return true
  // A strided block that keeps its channels and is no stage's first one subsamples its input (Keras v2, TF-slim).
  return shape.first && shape.stride !== 1
}

/** The shortcut's value for a block that reads `x`. */
export function buildShortcut(layers: Layers, block: string, x: GraphValue, shape: BlockShape): GraphValue {
  const { shortcut } = layers.config
  const form = shortcutForm(layers, x, shape)
  if (form === 'identity') return x
  if (form === 'widening' && shortcut.kind === 'zero-padding')
    return padWithZeros(layers, block, x, shape, shortcut)
  if (form === 'widening' && shortcut.kind === 'projection') return project(layers, block, x, shape, shortcut)
  return layers.averagePool(`${block}.subsample`, x, { kernel: 1, stride: shape.stride })
}

/** Option A (arXiv:1512.03385, section 3.3). */
function padWithZeros(
  layers: Layers,
  block: string,
  x: GraphValue,
  shape: BlockShape,
  shortcut: ZeroPadding,
): GraphValue {
  const kernel = shortcut.sampling === 'average' ? shape.stride : 1
  const sampled =
    shape.stride === 1 ? x : layers.averagePool(`${block}.subsample`, x, { kernel, stride: shape.stride })
  const { channels } = imageShape(x.shape, block)
  const missing = shape.filters - channels
  if (missing < 0) {
    throw new ConfigError(
      `stages.${shape.stage}.width`,
      `zero padding (shortcut.kind) can add channels but not take any away: ${block} has ${channels} channels in and ${shape.filters} out`,
    )
  }
  const before = shortcut.zeros === 'both' ? Math.floor(missing / 2) : 0
  return layers.graph.add(`${block}.zeros`, padChannels, { before, after: missing - before }, [sampled])
}

/** Options B, C and D. */
function project(
  layers: Layers,
  block: string,
  x: GraphValue,
  shape: BlockShape,
  shortcut: Projection,
): GraphValue {
  const { names } = layers
  const pooled = shortcut.pool === 'average' ? averageBefore(layers, block, x, shape, shortcut) : x
  const stride = shortcut.pool === 'average' ? 1 : shape.stride
  const kernel = shape.stride === 1 && shape.dilation === 1 ? 1 : shortcut.kernel
  const name = `${block}.${names.projection}`
  const y = layers.convolution(name, pooled, {
    filters: shape.filters,
    kernel,
    stride,
    dilation: kernel === 1 ? 1 : shape.firstDilation,
    role: 'shortcut',
  })
  return shortcut.normalised ? layers.normalise(`${block}.${names.projectionNormalisation}`, y) : y
}

/** ResNet-D's 2×2 average; a partial window at the end of an odd map counts its real cells only. */
function averageBefore(
  layers: Layers,
  block: string,
  x: GraphValue,
  shape: BlockShape,
  shortcut: Projection,
): GraphValue {
  const name = `${block}.downsample.pool`
  const { height, width } = imageShape(x.shape, name)
  if (shape.stride === 2) {
    const padding = ceilPadding([height, width], 2, 2)
    return layers.averagePool(name, x, { kernel: 2, stride: 2, padding, follows: 'ceil' })
  }
  if (shape.dilation === 1 || shortcut.dilatedPool === 'none') return x
  const padding = { top: 0, left: 0, bottom: 1, right: 1 }
  return layers.averagePool(name, x, { kernel: 2, stride: 1, padding, countPadding: true })
}

/** A filter or an average leaves out the last row of an odd map, a strided convolution does not. */
function checkMaps(
  layers: Layers,
  block: string,
  { shortcut, branch }: { readonly shortcut: GraphValue; readonly branch: GraphValue },
): void {
  const [a, b] = [imageShape(shortcut.shape, block), imageShape(branch.shape, block)]
  if (a.height === b.height && a.width === b.width) return
  const { antialias, shortcut: config } = layers.config
  const key =
    antialias.kind !== 'none'
      ? 'antialias.kind'
      : config.kind === 'zero-padding'
        ? 'shortcut.sampling'
        : 'input'
  throw new ConfigError(
    key,
    `the maps of ${block} do not meet: ${a.height}×${a.width} on the shortcut and ${b.height}×${b.width} on the branch, since an average leaves out the last row of an odd map; take an input of which every stride leaves an even map`,
  )
}

/** Joins shortcut and branch (arXiv:1603.05027, Figure 2); `x` is the block's input, which the gates read. */
export function combine(
  layers: Layers,
  block: string,
  values: { x: GraphValue; shortcut: GraphValue; branch: GraphValue },
  config: CombineConfig,
  stride: number,
): GraphValue {
  const { graph } = layers
  const { x, branch } = values
  checkMaps(layers, block, values)
  const sum = (a: GraphValue, b: GraphValue) => graph.add(`${block}.add`, add, {}, [a, b])
  switch (config.kind) {
    case 'add':
      return sum(values.shortcut, branch)
    case 'scale': {
      const scaled = (name: string, value: GraphValue, factor: number) =>
        factor === 1 ? value : graph.add(`${block}.${name}`, scale, { factor, offset: 0 }, [value])
      return sum(
        scaled('scaleShortcut', values.shortcut, config.shortcut),
        scaled('scaleBranch', branch, config.branch),
      )
    }
    case 'dropout':
      return sum(layers.dropout(`${block}.dropShortcut`, values.shortcut, config.rate), branch)
    case 'gate': {
      const filters = imageShape(branch.shape, block).channels
      const logits = layers.convolution(`${block}.gate`, x, { filters, kernel: 1, stride, bias: config.bias })
      const gate = graph.add(`${block}.gate.sigmoid`, sigmoid, {}, [logits])
      const inverse = graph.add(`${block}.gate.inverse`, scale, { factor: -1, offset: 1 }, [gate])
      const kept = graph.add(`${block}.gate.shortcut`, multiply, {}, [values.shortcut, inverse])
      const gated =
        config.form === 'exclusive' ? graph.add(`${block}.gate.branch`, multiply, {}, [branch, gate]) : branch
      return sum(kept, gated)
    }
  }
}
