/**
 * The gradient of a convolution's input. Pixels of dx that lie alike on the stride's lattice see the same taps of the window
 * and are one product over dy; a convolution of stride 1 has one such set, with all taps, one of stride 2 has four.
 */
import type { Node } from '../../graph/graph.ts'
import type { Padding } from '../../ops/window.ts'
import type { Chain } from './chains.ts'
import { convolutionAttributes, convolutionShapes } from './convolution-attributes.ts'
import { inputOf, sizesOf } from './convolution-parameters.ts'
import { originOf, pixelBytes, rowBytes } from './layout.ts'
import { lowerProduct, type Pixels, pixelTable, segmentsOf } from './lower-product.ts'
import { lowerWinogradInputGradient } from './lower-winograd.ts'
import type { Lowering } from './lowering.ts'
import { groupingOf } from './pack.ts'
import { backwardView, packPanels } from './trained-weights.ts'
import { suitsWinograd } from './winograd.ts'

/** Places first, first + stride, ... of dx along one axis, and the taps that reach them. */
export interface Residue {
  readonly first: number
  readonly count: number
  /** Taps by their place in dy: `shift` on from the place's number. */
  readonly taps: readonly { readonly index: number; readonly shift: number }[]
}

interface Axis {
  readonly inputs: number
  readonly window: number
  readonly stride: number
  readonly dilation: number
  readonly before: number
}

export function residuesOf({ inputs, window, stride, dilation, before }: Axis): readonly Residue[] {
  return Array.from({ length: Math.min(stride, inputs) }, (_, first) => ({
    first,
    count: Math.ceil((inputs - first) / stride),
    taps: Array.from({ length: window }, (_, index) => ({
      index,
      shift: (first + before - index * dilation) / stride,
    }))
      .filter(({ shift }) => Number.isInteger(shift))
      .reverse(),
  }))
}

export function axesOf(node: Node): readonly [Axis, Axis] {
  const { stride, dilation, padding } = convolutionAttributes(node)
  const { weight, x } = convolutionShapes(node)
  const [, , rows = 1, columns = 1] = weight
  return [
    { inputs: x.height, window: rows, stride: stride[0], dilation: dilation[0], before: padding.top },
    { inputs: x.width, window: columns, stride: stride[1], dilation: dilation[1], before: padding.left },
  ]
}

/** Zeros that dy needs around it for the gradient of the input. */
export function inputGradientHalo(node: Node): Padding {
  const { y } = convolutionShapes(node)
  const [down, across] = axesOf(node)
  const reach = (axis: Axis, outputs: number) => {
    const ends = residuesOf(axis).flatMap(({ count, taps }) =>
      taps.map(({ shift }) => ({ before: -shift, after: count + shift - outputs })),
    )
    return {
      before: Math.max(0, ...ends.map(({ before }) => before)),
      after: Math.max(0, ...ends.map(({ after }) => after)),
    }
  }
  const [rows, columns] = [reach(down, y.height), reach(across, y.width)]
  return { top: rows.before, bottom: rows.after, left: columns.before, right: columns.after }
}

export function lowerInputGradient(lowering: Lowering, chain: Chain): void {
  const { root } = chain
  if (!lowering.precise && suitsWinograd(root)) {
    lowerWinogradInputGradient(lowering, chain)
    return
  }
  const { stride } = convolutionAttributes(root)
  const [down, across] = axesOf(root)
  const dx = lowering.place(chain.result)
  const sum = chain.summand === undefined ? undefined : lowering.storage(chain.summand)
  for (const rows of residuesOf(down)) {
    for (const columns of residuesOf(across)) {
      const lattice = { batch: dx.batch, height: rows.count, width: columns.count, stride }
      const pixels = (storage: typeof dx): Pixels => ({
        base: originOf(storage) + rows.first * rowBytes(storage) + columns.first * pixelBytes(storage),
        table: pixelTable(lowering, storage, lattice),
        pixelBytes: pixelBytes(storage),
      })
      lowerResidue(lowering, chain, {
        rows,
        columns,
        y: pixels(dx),
        sum: sum === undefined ? undefined : pixels(sum),
      })
    }
  }
}

interface ResiduePair {
  readonly rows: Residue
  readonly columns: Residue
  readonly y: Pixels
  readonly sum: Pixels | undefined
}

function lowerResidue(lowering: Lowering, chain: Chain, { rows, columns, y, sum }: ResiduePair): void {
  const { root, nodes } = chain
  const { groups } = convolutionAttributes(root)
  const weight = inputOf(root, 1)
  const sizes = sizesOf(weight)
  const [, , , windowColumns = 1] = sizes
  const dy = lowering.storage(inputOf(root))
  const view = backwardView({ address: originOf(lowering.storage(weight)), sizes, groups })
  const grouping = groupingOf(
    { filters: view.filters, groupChannels: view.channels, groups },
    lowering.columns,
  )
  const packing = { groups, grouping, inputs: grouping.sets === 1 ? dy.pitch : grouping.channels }
  const taps = rows.taps.map((row) =>
    columns.taps.map((column) => ({
      index: row.index * windowColumns + column.index,
      offset: row.shift * rowBytes(dy) + column.shift * pixelBytes(dy),
    })),
  )
  const each = taps.flat().map(({ index }) => index)
  const lattice = { batch: dy.batch, height: rows.count, width: columns.count, stride: [1, 1] } as const
  const panelCount = grouping.sets * grouping.panels
  lowerProduct(lowering, {
    nodes,
    x: { base: originOf(dy), table: pixelTable(lowering, dy, lattice), pixelBytes: pixelBytes(dy) },
    y,
    pixels: dy.batch * rows.count * columns.count,
    segments: segmentsOf(taps, { inputs: packing.inputs, pixel: pixelBytes(dy) }),
    packing,
    weights: {
      panels: packPanels(lowering, nodes, view, each, packing),
      bias: lowering.zeros(panelCount * lowering.columns),
    },
    sum,
    activation: 0,
  })
}
