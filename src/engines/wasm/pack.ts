/** Weights in the order in which the kernels read them, with normalisations folded in. */
import type { Array64 } from '../../ops/operation.ts'
import type { FoldVectors } from './convolution-parameters.ts'

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

/** How a convolution's weights are laid out. */
export interface Packing {
  readonly groups: number
  readonly grouping: Grouping
  /** Floats from one tap to the next: the pitch, or a set's channels. */
  readonly inputs: number
  /** Filters of a panel. */
  readonly columns: number
}

/** Packs a depthwise [C, 1, R, S] as [tap][pitch], and behind it what is added to each channel's sums. */
export function packDepthwise(weight: Array64, { factor, bias }: FoldVectors, pitch: number): Float32Array {
  const [channels = 0, , rows = 0, columns = 0] = weight.shape
  const taps = rows * columns
  const packed = new Float32Array((taps + 1) * pitch)
  for (let c = 0; c < channels; c++) {
    for (let tap = 0; tap < taps; tap++)
      packed[tap * pitch + c] = (weight.data[c * taps + tap] ?? 0) * factor(c)
    packed[taps * pitch + c] = bias(c)
  }
  return packed
}
