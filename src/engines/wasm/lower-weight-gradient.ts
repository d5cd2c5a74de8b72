/** The gradient of a convolution's or linear layer's weights, summed over all pixels of the batch. */
import type { Chain } from './chains.ts'
import { convolutionAttributes, convolutionShapes } from './convolution-attributes.ts'
import { inputOf } from './convolution-parameters.ts'
import { productPlan, winogradPlan, winogradScratch } from './descriptors.ts'
import { imageBytes, originOf, pixelBytes, rowBytes, rowsOf, type Storage } from './layout.ts'
import type { Lowering } from './lowering.ts'
import { groupingOf } from './pack.ts'
import { writeDescriptor } from './program.ts'
import { forwardView, viewFields } from './trained-weights.ts'
import { suitsWinograd, tilesAlong } from './winograd.ts'

const { unitRows } = productPlan
const { places } = winogradPlan

/** Bytes of both operands that a thread goes over again and again: half of a second-level cache. */
const blockBytes = 512 * 1024

export function lowerWeightGradient(lowering: Lowering, chain: Chain): void {
  const { root } = chain
  if (!lowering.precise && suitsWinograd(root)) {
    lowerByWinograd(lowering, chain)
    return
  }
  const { stride, dilation, padding, groups } = convolutionAttributes(root)
  const { weight } = convolutionShapes(root)
  const [filters = 1, groupChannels = 1, rows = 1, columns = 1] = weight
  const [x, dy] = [lowering.storage(inputOf(root, 0)), lowering.storage(inputOf(root, 1))]
  const grouping = groupingOf({ filters, groupChannels, groups }, lowering.columns)
  const whole = grouping.sets === 1
  const inputs = whole ? x.pitch : grouping.channels
  const joined = whole && dilation[1] === 1
  const lines = { batch: dy.batch, height: dy.height }
  lowerTransposed(lowering, chain, {
    a: {
      base: originOf(x) - padding.top * rowBytes(x) - padding.left * pixelBytes(x),
      lines: lineTable(lowering, x, { ...lines, stride: stride[0] }),
      step: stride[1] * pixelBytes(x),
      place: grouping.channels * 4,
    },
    b: {
      base: originOf(dy),
      lines: lineTable(lowering, dy, { ...lines, stride: 1 }),
      step: pixelBytes(dy),
      place: grouping.panels * lowering.columns * 4,
    },
    lines: dy.batch * dy.height,
    width: dy.width,
    segments: Array.from({ length: joined ? rows : rows * columns }, (_, i) =>
      joined
        ? i * dilation[0] * rowBytes(x)
        : Math.floor(i / columns) * dilation[0] * rowBytes(x) + (i % columns) * dilation[1] * pixelBytes(x),
    ),
    segmentLength: joined ? columns * inputs : inputs,
    sizes: weight,
    groups,
    inputs,
  })
}

/** aᵀ · b of two matrices [N, C] and [N, K], as [K, C]. */
export function lowerOuterProduct(lowering: Lowering, chain: Chain): void {
  const [b, a] = [lowering.storage(inputOf(chain.root, 0)), lowering.storage(inputOf(chain.root, 1))]
  lowerTransposed(lowering, chain, {
    a: { base: originOf(a), lines: lowering.zeros(1), step: imageBytes(a), place: 0 },
    b: { base: originOf(b), lines: lowering.zeros(1), step: imageBytes(b), place: 0 },
    lines: 1,
    width: a.batch,
    segments: [0],
    segmentLength: a.pitch,
    sizes: [b.channels, a.channels],
    groups: 1,
    inputs: a.pitch,
  })
}

/** One operand: its pixels come in lines. */
interface Operand {
  readonly base: number
  /** Table of the lines' byte offsets. */
  readonly lines: number
  readonly step: number
  /** Bytes from one set of groups to the next. */
  readonly place: number
}

interface Transposed {
  readonly a: Operand
  readonly b: Operand
  readonly lines: number
  readonly width: number
  readonly segments: readonly number[]
  readonly segmentLength: number
  /** Sizes of the gradient, [K, C / groups, R, S] or [K, C]. */
  readonly sizes: readonly number[]
  readonly groups: number
  /** Floats from one tap's rows to the next. */
  readonly inputs: number
}

function lowerTransposed(lowering: Lowering, chain: Chain, product: Transposed): void {
  const { heap, columns } = lowering
  const { a, b, lines, width, segments, segmentLength, sizes, groups, inputs } = product
  const [filters = 1, groupChannels = 1, ...window] = sizes
  const grouping = groupingOf({ filters, groupChannels, groups }, columns)
  const panelBytes = segments.length * segmentLength * columns * 4
  const setBytes = grouping.panels * panelBytes
  const target = lowering.place(chain.result)
  const panels = lowering.scratchBytes('product', grouping.sets * setBytes)
  const rowGroups = Math.ceil(segmentLength / unitRows)
  const descriptor = writeDescriptor(heap, 'transposedProduct', {
    ...operandFields(a, b),
    lines,
    width,
    blockLines: Math.max(1, Math.floor(blockBytes / (width * (a.step + b.step)))),
    segments: heap.writeIntegers(segments),
    segmentCount: segments.length,
    segmentLength,
    groups: rowGroups,
    panels: grouping.panels,
    cBase: panels,
    cPanel: panelBytes,
    cPlace: setBytes,
  })
  const units = grouping.sets * segments.length * rowGroups * grouping.panels
  lowering.phase(chain, 'transposedProduct', descriptor, units)
  const taps = window.reduce((count, size) => count * size, 1)
  const view = forwardView({ address: originOf(target), sizes, groups })
  const each = Array.from({ length: taps }, (_, tap) => tap)
  const back = writeDescriptor(heap, 'weights', {
    ...viewFields(lowering, view, each, { groups, grouping, inputs }),
    setFilters: filters / grouping.sets,
    panels,
    panelBytes,
    setBytes,
  })
  lowering.phase(chain, 'unpackPanels', back, filters)
}

function operandFields(a: Operand, b: Operand) {
  return {
    aBase: a.base,
    aLines: a.lines,
    aStep: a.step,
    aPlace: a.place,
    bBase: b.base,
    bLines: b.lines,
    bStep: b.step,
    bPlace: b.place,
  }
}

/** Byte offsets of the rows of a map's images, every `stride` of them. */
function lineTable(
  lowering: Lowering,
  storage: Storage,
  { batch, height, stride }: { readonly batch: number; readonly height: number; readonly stride: number },
): number {
  const [image, row] = [imageBytes(storage), stride * rowBytes(storage)]
  return lowering.table(`lines ${[batch, height, image, row].join()}`, () =>
    Int32Array.from(
      { length: batch * height },
      (_, i) => Math.floor(i / height) * image + (i % height) * row,
    ),
  )
}

/** Bytes of a map in Winograd's places that stay in the third-level cache from one phase to the next. */
const chunkBytes = 2 * 1024 * 1024

/**
 * By Winograd: maps and their gradients are transformed some images at a time, then each place's product is summed, and at
 * the end all places are transformed back.
 */
function lowerByWinograd(lowering: Lowering, chain: Chain): void {
  const { heap, columns } = lowering
  const { root } = chain
  const { padding } = convolutionAttributes(root)
  const { weight } = convolutionShapes(root)
  const [filters = 1, channels = 1] = weight
  const [x, dy] = [lowering.storage(inputOf(root, 0)), lowering.storage(inputOf(root, 1))]
  const target = lowering.place(chain.result)
  const tilesAcross = tilesAlong(dy.width)
  const tilesPerImage = tilesAcross * tilesAlong(dy.height)
  const [xTile, dyTile] = [unaliased(x.pitch * 4), unaliased(dy.pitch * 4)]
  const imagesOfChunk = Math.max(
    1,
    Math.floor(chunkBytes / (places * tilesPerImage * Math.max(xTile, dyTile))),
  )
  const chunkTiles = Math.min(imagesOfChunk, dy.batch) * tilesPerImage
  const planes = (tile: number) => chunkTiles * tile + 64
  const [xPlaces, dyPlaces] = [
    lowering.scratchBytes('places', places * planes(xTile)),
    lowering.scratchBytes('gradientPlaces', places * planes(dyTile)),
  ]
  const panelCount = Math.ceil(filters / columns)
  const panelBytes = channels * columns * 4
  const product = lowering.scratchBytes('product', places * panelCount * panelBytes)
  const scratchBytes = winogradScratch.products
  const shared = {
    tilesAcross,
    tilesPerImage,
    scratch: lowering.threadScratch(scratchBytes),
    scratchBytes: lowering.scratchStride(scratchBytes),
  }
  const rowGroups = Math.ceil(channels / unitRows)
  for (let image = 0; image < dy.batch; image += imagesOfChunk) {
    const tiles = Math.min(imagesOfChunk, dy.batch - image) * tilesPerImage
    const transform = (kernel: string, storage: Storage, base: number, tile: number, transformed: number) => {
      const { image: xImage, row: xRow } = rowsOf(storage)
      const descriptor = writeDescriptor(heap, 'winograd', {
        ...shared,
        xBase: base + image * imageBytes(storage),
        xImage,
        xRow,
        xPixelBytes: pixelBytes(storage),
        channels: storage.pitch,
        transformed,
        planeBytes: planes(tile),
        tileBytes: tile,
      })
      lowering.phase(chain, kernel, descriptor, tiles)
    }
    const corner = originOf(x) - padding.top * rowBytes(x) - padding.left * pixelBytes(x)
    transform('winogradTransform', x, corner, xTile, xPlaces)
    transform('winogradGradientTransform', dy, originOf(dy), dyTile, dyPlaces)
    const line = lowering.zeros(1)
    const descriptor = writeDescriptor(heap, 'transposedProduct', {
      ...operandFields(
        { base: xPlaces, lines: line, step: xTile, place: planes(xTile) },
        { base: dyPlaces, lines: line, step: dyTile, place: planes(dyTile) },
      ),
      lines: 1,
      width: tiles,
      blockLines: 1,
      segments: line,
      segmentCount: 1,
      segmentLength: channels,
      groups: rowGroups,
      panels: panelCount,
      cBase: product,
      cPanel: panelBytes,
      cPlace: panelCount * panelBytes,
      accumulate: image === 0 ? 0 : 1,
    })
    lowering.phase(chain, 'transposedProduct', descriptor, places * rowGroups * panelCount)
  }
  const back = writeDescriptor(heap, 'winogradGradient', {
    source: product,
    panelBytes,
    placeBytes: panelCount * panelBytes,
    filters,
    channels,
    target: originOf(target),
  })
  lowering.phase(chain, 'winogradGradient', back, panelCount)
}

/** Bytes of a tile's channels, so that tiles do not fall on the same lines of the first-level cache. */
function unaliased(bytes: number): number {
  return bytes % 1024 === 0 ? bytes + 64 : bytes
}
