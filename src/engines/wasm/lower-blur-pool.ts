/** Blurs and their gradients as phases. Both are sums over a few rows and columns of the other map, told by tables. */
import type { Node } from '../../graph/graph.ts'
import type { Chain } from './chains.ts'
import { inputOf } from './convolution-parameters.ts'
import { pixelBytes, rowBytes } from './layout.ts'
import { from, to, unitsOf } from './lower-rows.ts'
import type { Lowering } from './lowering.ts'
import { bitsOf, writeDescriptor } from './program.ts'

/** A place of one map's axis, and how much of it goes into a place of the other's. */
interface Share {
  readonly place: number
  readonly weight: number
}

/** What each place of the blurred axis is made of, where the map is `inputs` long and the blur `outputs`. */
function sharesOf(node: Node, { inputs, outputs }: { readonly inputs: number; readonly outputs: number }) {
  const attributes: {
    readonly taps?: readonly number[]
    readonly stride?: number
    readonly padding?: string
  } = node.attributes
  const { taps = [1], stride = 1, padding } = attributes
  const margin = Math.floor((stride - 1 + taps.length - 1) / 2)
  const total = taps.reduce((sum, tap) => sum + tap, 0)
  return Array.from({ length: outputs }, (_, output): readonly Share[] =>
    taps
      .map((tap, i) => {
        const index = output * stride + i - margin
        return { place: padding === 'reflect' ? reflect(index, inputs) : index, weight: tap / total }
      })
      .filter(({ place }) => place >= 0 && place < inputs),
  )
}

function reflect(index: number, size: number): number {
  if (index < 0) return -index
  return index < size ? index : 2 * (size - 1) - index
}

/** The same shares as the other map sees them: which places each of its own goes into. */
function transposed(shares: readonly (readonly Share[])[], inputs: number): readonly (readonly Share[])[] {
  return Array.from({ length: inputs }, (_, input) =>
    shares.flatMap((parts, place) =>
      parts.filter((part) => part.place === input).map(({ weight }) => ({ place, weight })),
    ),
  )
}

/** (x) -> y */
export function lowerBlurPool(lowering: Lowering, chain: Chain): void {
  appendFilter(lowering, chain, (y, x) => sharesOf(chain.root, { inputs: x, outputs: y }))
}

/** (dy) -> dx */
export function lowerBlurPoolGradient(lowering: Lowering, chain: Chain): void {
  appendFilter(lowering, chain, (dx, dy) => transposed(sharesOf(chain.root, { inputs: dx, outputs: dy }), dx))
}

/** `shares` tells for each place of the result's axis what it takes of the input's. */
function appendFilter(
  lowering: Lowering,
  chain: Chain,
  shares: (to: number, from: number) => readonly (readonly Share[])[],
): void {
  const { heap } = lowering
  const x = lowering.storage(inputOf(chain.root))
  const y = lowering.place(chain.result)
  const entries = (axis: readonly (readonly Share[])[], step: number) =>
    heap.writeIntegers(axis.flat().flatMap(({ place, weight }) => [place * step, bitsOf(weight)]))
  const starts = (axis: readonly (readonly Share[])[]) => {
    let count = 0
    return heap.writeIntegers([0, ...axis.map((parts) => (count += parts.length))])
  }
  const [rows, columns] = [shares(y.height, x.height), shares(y.width, x.width)]
  const descriptor = writeDescriptor(heap, 'separableFilter', {
    ...from(x),
    ...to(y),
    height: y.height,
    width: y.width,
    channels: y.pitch,
    rowStarts: starts(rows),
    rowEntries: entries(rows, rowBytes(x)),
    columnStarts: starts(columns),
    columnEntries: entries(columns, pixelBytes(x)),
  })
  lowering.phase(chain, 'separableFilter', descriptor, unitsOf(y))
}
