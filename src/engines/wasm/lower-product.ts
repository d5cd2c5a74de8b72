/** Convolutions, linear layers and gradients of their inputs as products: rows gathered from a map by packed weights. */
import type { GraphValue, Node } from '../../graph/graph.ts'
import { imageBytes, originOf, pixelBytes, rowBytes, type Storage } from './layout.ts'
import type { Lowering } from './lowering.ts'
import type { Packing } from './pack.ts'
import { writeDescriptor } from './program.ts'

/** One element of a window: which of the weight's taps, and how far from the window's first pixel its input lies. */
export interface Tap {
  readonly index: number
  readonly offset: number
}

/** Pixels of a map that a product goes over, one for each of its output pixels. */
export interface Pixels {
  /** Byte address that the table's offsets count from. */
  readonly base: number
  /** Offset of each pixel. */
  readonly table: number
  readonly pixelBytes: number
}

/** Weights in panels, and what the sums start from, for each filter. */
export interface PackedWeights {
  readonly panels: number
  readonly bias: number
  /** Bytes of the panels where they were packed before the run. */
  readonly bytes?: number
}

export interface Product {
  readonly nodes: readonly Node[]
  readonly x: Pixels
  readonly y: Pixels
  /** Output pixels. */
  readonly pixels: number
  readonly segments: Segments
  readonly packing: Omit<Packing, 'columns'>
  readonly weights: PackedWeights
  readonly sum?: Pixels | undefined
  readonly activation: number
}

/** Runs of floats that a pixel's inputs consist of. */
export interface Segments {
  readonly offsets: readonly number[]
  readonly length: number
}

/**
 * A window's runs. Where one set of groups reads whole pixels, the taps of a row that are neighbours are one run; of several
 * sets each reads its own channels.
 */
export function segmentsOf(
  rows: readonly (readonly Tap[])[],
  { inputs, pixel }: { readonly inputs: number; readonly pixel: number },
): Segments {
  const joined =
    inputs * 4 === pixel &&
    rows.every((taps) => taps.every((tap, i) => i === 0 || tap.offset - (taps[i - 1]?.offset ?? 0) === pixel))
  const [first = []] = rows
  if (first.length === 0) return { offsets: [0], length: 0 }
  if (!joined) return { offsets: rows.flat().map(({ offset }) => offset), length: inputs }
  return { offsets: rows.map(([tap]) => tap?.offset ?? 0), length: first.length * inputs }
}

/** Bytes of a panel for so many taps. */
export function panelBytesOf(lowering: Lowering, taps: number, inputs: number): number {
  return taps * inputs * lowering.columns * 4
}

export function lowerProduct(lowering: Lowering, product: Product): void {
  const { heap, columns } = lowering
  const { nodes, x, y, pixels, segments, packing, weights, sum, activation } = product
  const { grouping, inputs } = packing
  const panelCount = grouping.sets * grouping.panels
  const whole = grouping.sets === 1
  const descriptor = writeDescriptor(heap, 'convolution', {
    xBase: x.base,
    xTable: x.table,
    segments: heap.writeIntegers(segments.offsets),
    segmentCount: segments.offsets.length,
    segmentLength: segments.length,
    panels: weights.panels,
    panelBytes: segments.offsets.length * segments.length * columns * 4,
    panelOffsets: heap.writeIntegers(
      Array.from({ length: panelCount }, (_, panel) =>
        whole ? 0 : Math.floor(panel / grouping.panels) * inputs * 4,
      ),
    ),
    bias: weights.bias,
    yBase: y.base,
    yTable: y.table,
    ...(sum === undefined ? {} : { sumBase: sum.base, sumTable: sum.table }),
    activation,
    pixelBytes: y.pixelBytes,
    pixels,
    panelCount,
  })
  // Large maps are shared out by pixels, so that all threads stream the same weights; small ones by filters.
  if (pixels >= 392 || panelCount === 1)
    lowering.phase({ nodes }, 'convolutionByPixels', descriptor, pixels, {
      grain: 6,
      packedBytes: weights.bytes,
    })
  else
    lowering.phase({ nodes }, 'convolutionByPanels', descriptor, panelCount, { packedBytes: weights.bytes })
}

/** y = x · weightᵀ over vectors: a convolution whose map is one pixel. */
export function lowerVectorProduct(
  lowering: Lowering,
  product: Pick<Product, 'nodes' | 'packing' | 'weights'> & { readonly x: Storage; readonly y: Storage },
): void {
  const { x, y } = product
  lowerProduct(lowering, {
    ...product,
    x: allPixels(lowering, x),
    y: allPixels(lowering, y),
    pixels: y.batch,
    segments: { offsets: [0], length: x.pitch },
    activation: 0,
  })
}

/** Which pixels of a map, in rows and columns. */
export interface Lattice {
  readonly batch: number
  readonly height: number
  readonly width: number
  readonly stride: readonly [number, number]
}

/** Byte offsets of a map's pixels on a lattice; maps alike share one table. */
export function pixelTable(lowering: Lowering, storage: Storage, lattice: Lattice): number {
  const { batch, height, width, stride } = lattice
  const steps = [imageBytes(storage), stride[0] * rowBytes(storage), stride[1] * pixelBytes(storage)] as const
  return lowering.table([batch, height, width, ...steps].join(), () => {
    const table = new Int32Array(batch * height * width)
    for (let n = 0, i = 0; n < batch; n++) {
      for (let p = 0; p < height; p++) {
        for (let q = 0; q < width; q++, i++) table[i] = n * steps[0] + p * steps[1] + q * steps[2]
      }
    }
    return table
  })
}

/** All pixels of a map. */
export function allPixels(lowering: Lowering, storage: Storage): Pixels {
  return {
    base: originOf(storage),
    table: pixelTable(lowering, storage, { ...storage, stride: [1, 1] }),
    pixelBytes: pixelBytes(storage),
  }
}

/** All pixels of the value that is added, where there is one. */
export function summandPixels(lowering: Lowering, summand: GraphValue | undefined): Pixels | undefined {
  return summand === undefined ? undefined : allPixels(lowering, lowering.storage(summand))
}
