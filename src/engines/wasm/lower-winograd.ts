/** Stride-1 3×3 convolutions, and the gradients of their inputs, by Winograd as phases. */
import type { GraphValue, Node } from '../../graph/graph.ts'
import type { Chain } from './chains.ts'
import { convolutionAttributes } from './convolution-attributes.ts'
import { activationCode, inputOf, sizesOf } from './convolution-parameters.ts'
import { winogradPlan, winogradScratch } from './descriptors.ts'
import { fixedFilters } from './fixed-weights.ts'
import { originOf, pixelBytes, rowBytes, rowsOf, type Storage } from './layout.ts'
import type { PackedWeights } from './lower-product.ts'
import type { Lowering } from './lowering.ts'
import { writeDescriptor } from './program.ts'
import { backwardView, filtersDescriptor, forwardView, type WeightView } from './trained-weights.ts'
import { tilesAlong } from './winograd.ts'

const { places, blockTiles, blockFilters } = winogradPlan

export function lowerWinograd(lowering: Lowering, chain: Chain): void {
  const { root } = chain
  const { padding } = convolutionAttributes(root)
  const weight = inputOf(root, 1)
  const [filters = 1, channels = 1] = sizesOf(weight)
  const bias = root.inputs[2]
  const trained = chain.normalisation === undefined && !lowering.isConstant(weight)
  appendWinograd(lowering, {
    nodes: chain.nodes,
    x: lowering.storage(inputOf(root)),
    y: lowering.place(chain.result),
    padding,
    filters,
    channels,
    weights: trained
      ? trainedFilters(lowering, chain.nodes, {
          view: forwardView({
            address: originOf(lowering.storage(weight)),
            sizes: sizesOf(weight),
            groups: 1,
          }),
          turned: false,
          bias,
        })
      : fixedFilters(lowering, chain),
    summand: chain.summand,
    activation: activationCode(chain.activation),
  })
}

/** dx = dy convolved with the filters turned round, channels and filters exchanged. */
export function lowerWinogradInputGradient(lowering: Lowering, chain: Chain): void {
  const { root } = chain
  const { padding } = convolutionAttributes(root)
  const weight = inputOf(root, 1)
  const [channels = 1, filters = 1] = sizesOf(weight)
  const view = backwardView({
    address: originOf(lowering.storage(weight)),
    sizes: sizesOf(weight),
    groups: 1,
  })
  appendWinograd(lowering, {
    nodes: chain.nodes,
    x: lowering.storage(inputOf(root)),
    y: lowering.place(chain.result),
    padding: { top: 2 - padding.top, left: 2 - padding.left },
    filters,
    channels,
    weights: trainedFilters(lowering, chain.nodes, { view, turned: true, bias: undefined }),
    summand: chain.summand,
    activation: 0,
  })
}

interface WinogradProduct {
  readonly nodes: readonly Node[]
  readonly x: Storage
  readonly y: Storage
  readonly padding: { readonly top: number; readonly left: number }
  readonly filters: number
  readonly channels: number
  readonly weights: PackedWeights
  readonly summand: GraphValue | undefined
  readonly activation: number
}

function appendWinograd(lowering: Lowering, product: WinogradProduct): void {
  const { heap, columns } = lowering
  const { nodes, x, y, padding, filters, channels, weights, summand, activation } = product
  const panelCount = Math.ceil(filters / columns)
  const tilesAcross = tilesAlong(y.width)
  const tilesPerImage = tilesAcross * tilesAlong(y.height)
  const tiles = y.batch * tilesPerImage
  const shared = tiles < 2 * blockTiles * lowering.threads
  const tileBytes = channels * 4
  const planeBytes = tiles * tileBytes + 64
  const scratchBytes = winogradScratch.transformed + places * (blockTiles * tileBytes + 64)
  const sum = summand === undefined ? undefined : lowering.storage(summand)
  const [from, to] = [rowsOf(x), rowsOf(y)]
  const descriptor = writeDescriptor(heap, 'winograd', {
    xBase: originOf(x) - padding.top * rowBytes(x) - padding.left * pixelBytes(x),
    xImage: from.image,
    xRow: from.row,
    yBase: to.base,
    yImage: to.image,
    yRow: to.row,
    ...sumFields(sum),
    height: y.height,
    width: y.width,
    channels,
    xPixelBytes: pixelBytes(x),
    pixelBytes: pixelBytes(y),
    tilesAcross,
    tilesPerImage,
    tiles,
    weights: weights.panels,
    panelCount,
    bias: weights.bias,
    activation,
    transformed: shared ? lowering.scratchBytes('places', places * planeBytes) : 0,
    planeBytes,
    tileBytes,
    scratch: lowering.threadScratch(scratchBytes),
    scratchBytes: lowering.scratchStride(scratchBytes),
  })
  const packedBytes = weights.bytes
  if (!shared) {
    lowering.phase({ nodes }, 'winogradByTiles', descriptor, Math.ceil(tiles / blockTiles), { packedBytes })
    return
  }
  lowering.phase({ nodes }, 'winogradTransform', descriptor, tiles)
  lowering.phase(
    { nodes },
    'winogradByFilters',
    descriptor,
    Math.ceil((panelCount * columns) / blockFilters),
    { packedBytes },
  )
}

interface TrainedFilters {
  readonly view: WeightView
  /** Whether the filters are read from their last element to their first. */
  readonly turned: boolean
  readonly bias: GraphValue | undefined
}

function trainedFilters(
  lowering: Lowering,
  nodes: readonly Node[],
  { view, turned, bias }: TrainedFilters,
): PackedWeights {
  const { columns } = lowering
  const panelCount = Math.ceil(view.filters / columns)
  const panels = lowering.scratchBytes('weights', panelCount * places * view.channels * columns * 4)
  const factor = lowering.ones(panelCount * columns)
  const descriptor = filtersDescriptor(lowering, view, { weights: panels, factor, turned })
  lowering.phase({ nodes }, 'winogradFilters', descriptor, panelCount)
  return {
    panels,
    bias: bias === undefined ? lowering.zeros(panelCount * columns) : originOf(lowering.storage(bias)),
  }
}

function sumFields(sum: Storage | undefined) {
  if (sum === undefined) return {}
  const { base, image, row } = rowsOf(sum)
  return { sumBase: base, sumImage: image, sumRow: row, sumPixelBytes: pixelBytes(sum) }
}
