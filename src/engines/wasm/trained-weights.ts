/** Weights that a training changes: packed by phases of each run, from where the state keeps them. */
import type { Node } from '../../graph/graph.ts'
import { panelBytesOf } from './lower-product.ts'
import type { Lowering } from './lowering.ts'
import type { Packing } from './pack.ts'
import { writeDescriptor } from './program.ts'

/** How a product sees weights [K, C / groups, R, S]: steps in floats from group to group, filter to filter, and so on. */
export interface WeightView {
  /** Byte address of the first element. */
  readonly address: number
  readonly filters: number
  readonly groupFilters: number
  /** Inputs of each filter. */
  readonly channels: number
  readonly groupStep: number
  readonly filterStep: number
  readonly channelStep: number
}

interface WeightShape {
  readonly address: number
  readonly sizes: readonly number[]
  readonly groups: number
}

/** As the convolution itself sees them. */
export function forwardView({ address, sizes, groups }: WeightShape): WeightView {
  const [filters = 1, channels = 1, ...window] = sizes
  const channelStep = window.reduce((product, size) => product * size, 1)
  const filterStep = channels * channelStep
  const groupFilters = filters / groups
  return {
    address,
    filters,
    groupFilters,
    channels,
    groupStep: groupFilters * filterStep,
    filterStep,
    channelStep,
  }
}

/** As the gradient of its input sees them: filters and channels exchanged. */
export function backwardView(shape: WeightShape): WeightView {
  const { address, filters, groupFilters, channels, groupStep, filterStep, channelStep } = forwardView(shape)
  return {
    address,
    filters: (filters / groupFilters) * channels,
    groupFilters: channels,
    channels: groupFilters,
    groupStep,
    filterStep: channelStep,
    channelStep: filterStep,
  }
}

/** The fields that walk through a view. */
export function viewFields(
  { heap }: Lowering,
  view: WeightView,
  taps: readonly number[],
  { grouping, inputs }: Omit<Packing, 'columns'>,
) {
  return {
    source: view.address,
    groupFilters: view.groupFilters,
    groupStep: view.groupStep * 4,
    filterStep: view.filterStep * 4,
    channelStep: view.channelStep * 4,
    tapTable: heap.writeIntegers(taps.map((tap) => tap * 4)),
    taps: taps.length,
    filters: view.filters,
    channels: view.channels,
    inputs,
    merged: grouping.merged,
  }
}

/** Adds the phase that packs the taps of a view; answers where the panels lie until the next node. */
export function packPanels(
  lowering: Lowering,
  nodes: readonly Node[],
  view: WeightView,
  taps: readonly number[],
  packing: Omit<Packing, 'columns'>,
): number {
  const { grouping, inputs } = packing
  const panelCount = grouping.sets * grouping.panels
  const panelBytes = panelBytesOf(lowering, taps.length, inputs)
  const panels = lowering.scratchBytes('weights', panelCount * panelBytes)
  if (taps.length === 0) return panels
  const factor = lowering.ones(panelCount * lowering.columns)
  const descriptor = panelsDescriptor(lowering, view, taps, packing, { panels, factor })
  lowering.phase({ nodes }, 'packPanels', descriptor, panelCount)
  return panels
}

/** Tells `packPanels` where from and where to; `factor` holds a number for each filter. */
export function panelsDescriptor(
  lowering: Lowering,
  view: WeightView,
  taps: readonly number[],
  packing: Omit<Packing, 'columns'>,
  { panels, factor }: { readonly panels: number; readonly factor: number },
): number {
  return writeDescriptor(lowering.heap, 'weights', {
    ...viewFields(lowering, view, taps, packing),
    factor,
    panels,
    panelBytes: panelBytesOf(lowering, taps.length, packing.inputs),
  })
}

/** Tells `winogradFilters` the same; `turned` reads each filter from its last element to its first. */
export function filtersDescriptor(
  lowering: Lowering,
  { address, filters, channels, filterStep, channelStep }: WeightView,
  {
    weights,
    factor,
    turned,
  }: { readonly weights: number; readonly factor: number; readonly turned: boolean },
): number {
  return writeDescriptor(lowering.heap, 'winogradFilters', {
    source: turned ? address + 8 * 4 : address,
    factor,
    filterStep: filterStep * 4,
    channelStep: channelStep * 4,
    tapStep: turned ? -4 : 4,
    filters,
    channels,
    panelCount: Math.ceil(filters / lowering.columns),
    weights,
  })
}
