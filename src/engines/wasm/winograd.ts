/**
 * Which convolutions run by Winograd's F(4×4, 3×3). One table of needs decides;
 * measured on two cores with 128-bit vectors, F(4×4) takes a third of the direct time on maps of 28 and 56, half at 14,
 * two thirds at 7, where its larger weights (36 for 9) stream from memory.
 */
import type { Node } from '../../graph/graph.ts'
import { convolutionAttributes, convolutionShapes } from './convolution-attributes.ts'
import { winogradPlan } from './descriptors.ts'

const { tile: tileSize } = winogradPlan

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
