/** How each convolution is computed, and what was asked to decide it, for people. */

import { formatShare } from '../analysis/format.ts'
import type { LayerAlgorithm } from '../engines/wasm/algorithms.ts'
import { winogradNeeds } from '../engines/wasm/winograd.ts'
import { paragraph, table } from './output.ts'
import { left, right, wrapping } from './table.ts'

export function algorithmLines(layers: readonly LayerAlgorithm[]): readonly string[] {
  const columns = [left('layer'), wrapping('convolution'), right('output'), left('by'), wrapping('because')]
  return [
    ...table(columns, layers.map(cellsOf)),
    '',
    ...paragraph(
      `Winograd's F(4×4, 3×3) runs where a layer has ${winogradNeeds.map(({ need }) => need).join(', ')}; the share is that of its 4×4 tiles which lies on the map. --precise leaves it out.`,
    ),
  ]
}

function cellsOf(layer: LayerAlgorithm): readonly string[] {
  const { name, algorithm, window, stride, groups, channels, filters, map } = layer
  const step = Math.max(...stride) === 1 ? '' : `/${stride[0]}`
  const apart = groups === 1 ? '' : `, ${groups} groups`
  return [
    name,
    `${window.join('×')}${step}, ${channels} → ${filters}${apart}`,
    map.join('×'),
    algorithm,
    because(layer),
  ]
}

function because({ algorithm, tileUse, lacks }: LayerAlgorithm): string {
  if (algorithm === 'depthwise') return 'a filter a channel'
  return lacks === undefined ? `${formatShare(tileUse)} on the map` : `lacks ${lacks}`
}
