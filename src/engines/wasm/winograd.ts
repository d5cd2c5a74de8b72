/**
 * Which convolutions run by Winograd's F(4×4, 3×3), and how their filters are transformed. One table of needs decides;
 * measured on two cores with 128-bit vectors, F(4×4) takes a third of the direct time on maps of 28 and 56, half at 14,
 * two thirds at 7, where its larger weights (36 for 9) stream from memory.
 */
import type { Node } from '../../graph/graph.ts'
import type { Array64 } from '../../ops/operation.ts'
import { convolutionAttributes, convolutionShapes } from './convolution-attributes.ts'
import { winogradPlan } from './descriptors.ts'
import type { Folding } from './pack.ts'

const { tile: tileSize, places, blockFilters } = winogradPlan

/** A convolution, or a gradient of one, as the choice sees it. */
export interface WinogradSizes {
  /** Rows and columns of the filters. */
  readonly window: readonly [number, number]
  readonly stride: readonly [number, number]
  readonly dilation: readonly [number, number]
  readonly groups: number
  /** Channels of the map that is read, and of the one that is written. */
  readonly read: number
  readonly written: number
  /** Height and width of the map that is written. */
  readonly map: readonly [number, number]
  /** Share of the 4×4 tiles' outputs that lie on the map. */
  readonly tileUse: number
  /** Greatest padding where the filters are turned: that of dy makes up for it, from 2 downwards. */
  readonly turnedPadding: number
}

/** What Winograd needs to be right and to pay, in the order in which it is asked for. */
export const winogradNeeds: readonly {
  readonly need: string
  readonly isMet: (sizes: WinogradSizes) => boolean
}[] = [
  { need: 'a 3×3 window', isMet: ({ window }) => window.every((size) => size === 3) },
  { need: 'stride 1', isMet: ({ stride }) => Math.max(...stride) === 1 },
  { need: 'dilation 1', isMet: ({ dilation }) => Math.max(...dilation) === 1 },
  { need: 'one group', isMet: ({ groups }) => groups === 1 },
  { need: 'padding of 2 at most for its gradient', isMet: ({ turnedPadding }) => turnedPadding <= 2 },
  // Fewer do not pay for the transforms.
  { need: '16 channels or more, by 8', isMet: ({ read }) => read >= 16 && read % 8 === 0 },
  { need: '16 filters or more, by 4', isMet: ({ written }) => written >= 16 && written % 4 === 0 },
  { need: 'half of its 4×4 tiles on the map', isMet: ({ tileUse }) => tileUse >= 0.5 },
]

export function tilesAlong(size: number): number {
  return Math.ceil(size / tileSize)
}

/** Whether a convolution, or a gradient of one, runs by Winograd. */
export function suitsWinograd(node: Node): boolean {
  return lackOf(winogradSizes(node)) === undefined
}

/** The first of Winograd's needs that is not met. */
export function lackOf(sizes: WinogradSizes): string | undefined {
  return winogradNeeds.find(({ isMet }) => !isMet(sizes))?.need
}

export function winogradSizes(node: Node): WinogradSizes {
  const { stride, dilation, groups, padding } = convolutionAttributes(node)
  const { weight, x, y } = convolutionShapes(node)
  const [filters = 0, groupChannels = 0, rows = 0, columns = 0] = weight
  const channels = groupChannels * groups
  // The gradient of the input is a convolution of dy with the filters turned.
  const turned = node.operation.name === 'conv2dInputGradient'
  const { height, width } = turned ? x : y
  return {
    window: [rows, columns],
    stride,
    dilation,
    groups,
    read: turned ? filters : channels,
    written: turned ? channels : filters,
    map: [height, width],
    tileUse: (height * width) / (tilesAlong(height) * tilesAlong(width) * tileSize ** 2),
    turnedPadding: turned ? Math.max(...Object.values(padding)) : 0,
  }
}

/**
 * Six values G·(a, b, c) of three (arXiv:1509.09308, section 4.2), from `from` on `step` apart, written `spread` apart.
 */
function transformThree(
  x: Float64Array,
  from: number,
  step: number,
  y: Float64Array,
  to: number,
  spread: number,
): void {
  const [a, b, c] = [x[from] ?? 0, x[from + step] ?? 0, x[from + 2 * step] ?? 0]
  const outer = (a + c) / 6
  const weighted = a / 24 + c / 6
  y[to] = a / 4
  y[to + spread] = -outer - b / 6
  y[to + 2 * spread] = -outer + b / 6
  y[to + 3 * spread] = weighted + b / 12
  y[to + 4 * spread] = weighted - b / 12
  y[to + 5 * spread] = c
}

/** G w Gᵀ of the 3×3 filter at `start`, into `result` [6, 6]; `half` [6, 3] is scratch. */
function transformFilter(
  weight: Float64Array,
  start: number,
  half: Float64Array,
  result: Float64Array,
): void {
  for (let column = 0; column < 3; column++) transformThree(weight, start + column, 3, half, column, 3)
  for (let row = 0; row < 6; row++) transformThree(half, row * 3, 1, result, row * 6, 1)
}

/** Transformed filters as [block of 32][place][panel][channel][column], so that a thread reads its blocks in a row. */
export function packWinograd(
  weight: Array64,
  bias: Array64 | undefined,
  folding: Folding | undefined,
  columns: number,
): { readonly weights: Float32Array; readonly bias: Float32Array } {
  const [filters = 0, channels = 0] = weight.shape
  const panelCount = Math.ceil(filters / columns)
  const blockPanels = blockFilters / columns
  const weights = new Float32Array(panelCount * places * channels * columns)
  const sums = new Float32Array(panelCount * columns)
  const [half, transformed] = [new Float64Array(18), new Float64Array(places)]
  for (let k = 0; k < filters; k++) {
    const factor = folding?.factor[k] ?? 1
    sums[k] = (bias?.data[k] ?? 0) * factor + (folding?.offset[k] ?? 0)
    const panel = Math.floor(k / columns)
    const block = Math.floor(panel / blockPanels)
    const panels = Math.min(blockPanels, panelCount - block * blockPanels)
    const first = block * blockPanels * places + (panel % blockPanels)
    for (let c = 0; c < channels; c++) {
      transformFilter(weight.data, (k * channels + c) * 9, half, transformed)
      for (let place = 0; place < places; place++) {
        const row = (first + place * panels) * channels + c
        weights[row * columns + (k % columns)] = (transformed[place] ?? 0) * factor
      }
    }
  }
  return { weights, bias: sums }
}
