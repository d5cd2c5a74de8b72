/** Weights in the order in which the kernels read them, with normalisations folded in. */
import type { Array64 } from '../../ops/operation.ts'

/** What a batch normalisation with fixed statistics does to each filter: y = x · factor + offset. */
export interface Folding {
  readonly factor: Float64Array
  readonly offset: Float64Array
}

export function foldingOf(
  [scale, shift, mean, variance]: readonly (Array64 | undefined)[],
  epsilon: number,
): Folding {
  const factor = (variance?.data ?? new Float64Array()).map(
    (value, i) => (scale?.data[i] ?? 1) / Math.sqrt(value + epsilon),
  )
  const offset = factor.map((value, i) => (shift?.data[i] ?? 0) - (mean?.data[i] ?? 0) * value)
  return { factor, offset }
}

interface GroupedFilters {
  readonly filters: number
  /** Input channels of a group. */
  readonly groupChannels: number
  readonly groups: number
}

/** How the filters of a grouped convolution are put together so that those of a panel read the same inputs. */
export interface Grouping {
  /** Groups that are computed as one, with zeros between them. */
  readonly merged: number
  /** Sets of merged groups. */
  readonly sets: number
  /** Input channels of a set. */
  readonly channels: number
  /** Panels of a set. */
  readonly panels: number
}

export function groupingOf({ filters, groupChannels, groups }: GroupedFilters, columns: number): Grouping {
  const groupFilters = filters / groups
  let merged = 1
  while (merged < groups && ((groupFilters * merged) % columns !== 0 || groups % merged !== 0)) merged++
  return {
    merged,
    sets: groups / merged,
    channels: groupChannels * merged,
    panels: Math.ceil((groupFilters * merged) / columns),
  }
}

interface ConvolutionWeights {
  /** [panel][tap][input channel][column] */
  readonly panels: Float32Array
  readonly bias: Float32Array
}

/** How a convolution's weights are laid out. */
export interface Packing {
  readonly groups: number
  readonly grouping: Grouping
  /** Floats from one tap to the next: the pitch, or a set's channels. */
  readonly inputs: number
  /** Filters of a panel. */
  readonly columns: number
}

/** Packs [K, C / groups, R, S]. */
export function packConvolution(
  weight: Array64,
  bias: Array64 | undefined,
  folding: Folding | undefined,
  { groups, grouping, inputs, columns }: Packing,
): ConvolutionWeights {
  const [filters = 0, groupChannels = 0, ...window] = weight.shape
  const taps = window.reduce((product, size) => product * size, 1)
  const panelCount = grouping.sets * grouping.panels
  const panels = new Float32Array(panelCount * taps * inputs * columns)
  const sums = new Float32Array(panelCount * columns)
  const groupFilters = filters / groups
  for (let k = 0; k < filters; k++) {
    const factor = folding?.factor[k] ?? 1
    sums[k] = (bias?.data[k] ?? 0) * factor + (folding?.offset[k] ?? 0)
    const firstInput = (Math.floor(k / groupFilters) % grouping.merged) * groupChannels
    for (let c = 0; c < groupChannels; c++) {
      for (let tap = 0; tap < taps; tap++) {
        const value = weight.data[(k * groupChannels + c) * taps + tap] ?? 0
        const row = (Math.floor(k / columns) * taps + tap) * inputs + firstInput + c
        panels[row * columns + (k % columns)] = value * factor
      }
    }
  }
  return { panels, bias: sums }
}

/** Packs a depthwise [C, 1, R, S] as [tap][pitch]. */
export function packDepthwise(
  weight: Array64,
  bias: Array64 | undefined,
  folding: Folding | undefined,
  pitch: number,
): { readonly weights: Float32Array; readonly bias: Float32Array } {
  const [channels = 0, , rows = 0, columns = 0] = weight.shape
  const taps = rows * columns
  const weights = new Float32Array(taps * pitch)
  const sums = new Float32Array(pitch)
  for (let c = 0; c < channels; c++) {
    const factor = folding?.factor[c] ?? 1
    sums[c] = (bias?.data[c] ?? 0) * factor + (folding?.offset[c] ?? 0)
    for (let tap = 0; tap < taps; tap++)
      weights[tap * pitch + c] = (weight.data[c * taps + tap] ?? 0) * factor
  }
  return { weights, bias: sums }
}
