/** What a profile says of a network's layers: rates, shares of the machine's peak, and sums by kind of layer. */
import type { Graph, Node } from '../graph/graph.ts'
import type { KernelTiming } from './engine.ts'
import type { Peaks } from './peaks.ts'

export const layerKinds = ['1x1', '3x3', '3x3-winograd', '7x7', 'depthwise', 'other', 'none'] as const

/**
 * A kind of layer: a convolution by its window, another product, or what has no multiply-adds.
 *
 * @useDeclaredType
 */
export type LayerKind = (typeof layerKinds)[number]

/** A kernel's time as the roofline model sees it. Rates count two operations for a multiply-add. */
export interface LayerTiming extends KernelTiming {
  readonly kind: LayerKind
  /** Billions of operations a second. By Winograd too, those of the definition are counted. */
  readonly gflops: number
  /** Of the machine's measured peak. Above 1 where Winograd saves more than is lost. */
  readonly shareOfPeak: number
  /** Arithmetic intensity. */
  readonly flopsPerByte: number
}

/** All layers of a kind. */
export interface KindTiming {
  readonly kind: LayerKind
  readonly layers: number
  readonly milliseconds: number
  readonly macs: number
  readonly gflops: number
  readonly shareOfPeak: number
  readonly shareOfTime: number
  readonly shareOfMacs: number
}

/** Each kernel of several profiles of one graph, at its median time. */
export function layersOf(
  graph: Graph,
  profiles: readonly (readonly KernelTiming[])[],
  peaks: Peaks,
): readonly LayerTiming[] {
  const byName = new Map(graph.nodes.map((node) => [node.name, node]))
  return (profiles[0] ?? []).map((timing, index) => {
    const milliseconds = median(profiles.map((profile) => profile[index]?.milliseconds ?? Number.NaN))
    const gflops = rate(timing.macs, milliseconds)
    return {
      ...timing,
      milliseconds,
      kind: kindOf(
        timing,
        timing.nodes.flatMap((name) => byName.get(name) ?? []),
      ),
      gflops,
      shareOfPeak: gflops / peaks.gflops,
      flopsPerByte: timing.bytes === 0 ? 0 : (2 * timing.macs) / timing.bytes,
    }
  })
}

/** Sums by kind, in the order of `layerKinds`: equal multiply-adds are not equal time. */
export function byKind(layers: readonly LayerTiming[], peaks: Peaks): readonly KindTiming[] {
  const total = sums(layers)
  return layerKinds.flatMap((kind) => {
    const own = layers.filter((layer) => layer.kind === kind)
    if (own.length === 0) return []
    const { milliseconds, macs } = sums(own)
    const gflops = rate(macs, milliseconds)
    return {
      kind,
      layers: own.length,
      milliseconds,
      macs,
      gflops,
      shareOfPeak: gflops / peaks.gflops,
      shareOfTime: milliseconds / total.milliseconds,
      shareOfMacs: macs / total.macs,
    }
  })
}

/** The middle of several values. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

function rate(macs: number, milliseconds: number): number {
  return (2 * macs) / milliseconds / 1e6
}

function sums(layers: readonly KernelTiming[]): { readonly milliseconds: number; readonly macs: number } {
  return layers.reduce(
    (sum, { milliseconds, macs }) => ({
      milliseconds: sum.milliseconds + milliseconds,
      macs: sum.macs + macs,
    }),
    { milliseconds: 0, macs: 0 },
  )
}

function kindOf({ kernel, macs }: KernelTiming, nodes: readonly Node[]): LayerKind {
  if (macs === 0) return 'none'
  const products = nodes.filter(({ operation }) => operation.macs !== undefined)
  const [product] = products
  if (products.length !== 1 || product === undefined || !product.operation.name.startsWith('conv2d'))
    return 'other'
  // The weight, or what is computed of it.
  const weight = product.operation.name === 'conv2dWeightGradient' ? product.outputs[0] : product.inputs[1]
  const [filters, groupChannels, ...window] = (weight?.shape ?? []).map(Number)
  const { groups = 1 }: { readonly groups?: number } = product.attributes
  if (groups > 1 && groupChannels === 1 && groups === filters) return 'depthwise'
  if (kernel.startsWith('winograd')) return '3x3-winograd'
  return layerKinds.find((kind) => kind === window.join('x')) ?? 'other'
}
