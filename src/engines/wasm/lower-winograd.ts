/** Stride-1 3×3 convolutions by Winograd as phases. */
import type { Chain } from './chains.ts'
import { convolutionAttributes } from './convolution-attributes.ts'
import { activationCode, inputOf, parametersOf, readParameters, sizesOf } from './convolution-parameters.ts'
import { winogradPlan, winogradScratch } from './descriptors.ts'
import { originOf, pixelBytes, rowBytes, rowsOf, type Storage } from './layout.ts'
import type { Lowering } from './lowering.ts'
import { writeDescriptor } from './program.ts'
import { packWinograd, tilesAlong } from './winograd.ts'

const { places, blockTiles, blockFilters } = winogradPlan

export function lowerWinograd(lowering: Lowering, chain: Chain): void {
  const { heap, columns } = lowering
  const { root, summand } = chain
  const { padding } = convolutionAttributes(root)
  const [filters = 1, channels = 1] = sizesOf(root.inputs[1])
  const x = lowering.storage(inputOf(root))
  const y = lowering.place(chain.result)
  const panelCount = Math.ceil(filters / columns)
  const weights = heap.allocate(panelCount * places * channels * columns * 4)
  const bias = heap.allocate(panelCount * columns * 4)
  const parameters = parametersOf(chain)
  lowering.pack(parameters.states, (states) => {
    const { kernel, bias: given, folding } = readParameters(parameters, states)
    const packed = packWinograd(kernel, given, folding, columns)
    heap.floats.set(packed.weights, weights / 4)
    heap.floats.set(packed.bias, bias / 4)
  })
  const tilesAcross = tilesAlong(y.width)
  const tilesPerImage = tilesAcross * tilesAlong(y.height)
  const tiles = y.batch * tilesPerImage
  const shared = tiles < 2 * blockTiles * lowering.threads
  const planeBytes = tiles * channels * 4 + 64
  const scratchBytes = winogradScratch.transformed + places * (blockTiles * channels * 4 + 64)
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
    pixelBytes: pixelBytes(y),
    tilesAcross,
    tilesPerImage,
    tiles,
    weights,
    panelCount,
    bias,
    activation: activationCode(chain.activation),
    transformed: shared ? heap.allocate(places * planeBytes) : 0,
    planeBytes,
    product: writeProduct(lowering, channels),
    scratch: lowering.threadScratch(scratchBytes),
    scratchBytes: lowering.scratchStride(scratchBytes),
  })
  if (!shared) {
    lowering.phase(chain, 'winogradByTiles', descriptor, Math.ceil(tiles / blockTiles))
    return
  }
  lowering.phase(chain, 'winogradTransform', descriptor, tiles, { role: 'prepares' })
  lowering.phase(chain, 'winogradByFilters', descriptor, Math.ceil((panelCount * columns) / blockFilters))
}

function sumFields(sum: Storage | undefined) {
  if (sum === undefined) return {}
  const { base, image, row } = rowsOf(sum)
  return { sumBase: base, sumImage: image, sumRow: row, sumPixelBytes: pixelBytes(sum) }
}

/** The product of one place for a block of tiles: rows of `channels` floats by a block of filters. */
function writeProduct({ heap, columns }: Lowering, channels: number): number {
  const rows = (bytes: number) =>
    heap.writeIntegers(Array.from({ length: blockTiles }, (_, tile) => tile * bytes))
  return writeDescriptor(heap, 'convolution', {
    xTable: rows(channels * 4),
    segments: heap.writeIntegers([0]),
    segmentCount: 1,
    segmentLength: channels,
    panelBytes: channels * columns * 4,
    panelOffsets: heap.allocate((blockFilters / columns) * 4),
    bias: heap.allocate(blockFilters * 4),
    yTable: rows(blockFilters * 4),
    pixels: blockTiles,
    panelCount: blockFilters / columns,
  })
}
