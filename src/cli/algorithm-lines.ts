/** How each convolution is computed, and what was asked to decide it, for people. */

import { formatShare } from '../analysis/format.ts'
import type { LayerAlgorithm } from '../engines/wasm/algorithms.ts'
import { winogradNeeds } from '../engines/wasm/winograd.ts'
import { heading } from './output.ts'
import { formatTable } from './table.ts'

export function algorithmLines(layers: readonly LayerAlgorithm[]): readonly string[] {
  const columns = ['layer', 'filters', 'channels', 'output', 'algorithm', 'because'].map((title) => ({
    title,
    align:
      title === 'layer' || title === 'algorithm' || title === 'because'
        ? ('left' as const)
        : ('right' as const),
  }))
  return [
    ...formatTable(columns, layers.map(cellsOf), heading),
    '',
    `Winograd's F(4×4, 3×3) runs where a layer has ${winogradNeeds.map(({ need }) => need).join(', ')}; --precise leaves it out.`,
  ]
}

function cellsOf(layer: LayerAlgorithm): readonly string[] {
  const { name, algorithm, window, stride, groups, channels, filters, map } = layer
  const step = Math.max(...stride) === 1 ? '' : ` / ${stride[0]}`
  return [
    name,
    `${filters} of ${window.join('×')}${step}`,
    groups === 1 ? String(channels) : `${channels} in ${groups} groups`,
    map.join('×'),
    algorithm,
    because(layer),
  ]
}

function because({ algorithm, tileUse, lacks }: LayerAlgorithm): string {
  if (algorithm === 'depthwise') return 'each channel has a filter of its own'
  return lacks === undefined
    ? `${formatShare(tileUse)} of its 4×4 tiles lie on the map`
    : `Winograd needs ${lacks}`
}
