/** Which algorithm computes each convolution of a network, and why. */
import type { Graph, Node } from '../../graph/graph.ts'
import { lackOf, type WinogradSizes, winogradSizes } from './winograd.ts'

/** By its definition, channel by channel, or by Winograd's shorter way (arXiv:1509.09308). */
export type Algorithm = 'direct' | 'depthwise' | 'winograd'

/** How a convolution runs on the wasm engine. */
export interface LayerAlgorithm {
  readonly name: string
  readonly algorithm: Algorithm
  /** Rows and columns of the filters. */
  readonly window: readonly [number, number]
  readonly stride: readonly [number, number]
  readonly groups: number
  readonly channels: number
  readonly filters: number
  /** Height and width of the output. */
  readonly map: readonly [number, number]
  /** Share of the outputs of 4×4 tiles that lie on the map. */
  readonly tileUse: number
  /** What Winograd needs and this layer has not; absent where it has all. */
  readonly lacks?: string
}

/** The algorithm of a convolution node; `precise` sums every product by its definition. */
export function algorithmOf(node: Node, { precise }: { readonly precise: boolean }): Algorithm {
  const sizes = winogradSizes(node)
  if (filtersChannels(sizes)) return 'depthwise'
  return precise || lackOf(sizes) !== undefined ? 'direct' : 'winograd'
}

/** The algorithm of each convolution of a network on the wasm engine, without running it. */
export function algorithmsOf(
  graph: Graph,
  { precise = false }: { readonly precise?: boolean } = {},
): readonly LayerAlgorithm[] {
  return graph.nodes
    .filter(({ operation }) => operation.name === 'conv2d')
    .map((node) => {
      const sizes = winogradSizes(node)
      const { window, stride, groups, read: channels, written: filters, map, tileUse } = sizes
      const lacks = lackOf(sizes)
      return {
        name: node.name,
        algorithm: algorithmOf(node, { precise }),
        window,
        stride,
        groups,
        channels,
        filters,
        map,
        tileUse,
        ...(lacks === undefined ? {} : { lacks }),
      }
    })
}

/** Whether a convolution, or a gradient of one, has a filter for each channel. */
export function isDepthwise(node: Node): boolean {
  return filtersChannels(winogradSizes(node))
}

function filtersChannels({ groups, read, written }: WinogradSizes): boolean {
  return groups > 1 && groups === read && groups === written
}
