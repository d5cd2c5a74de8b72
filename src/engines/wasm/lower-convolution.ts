/** Convolutions and linear layers as phases. */
import type { GraphValue } from '../../graph/graph.ts'
import type { Chain } from './chains.ts'
import { convolutionAttributes } from './convolution-attributes.ts'
import { activationCode, inputOf, parametersOf, readParameters, sizesOf } from './convolution-parameters.ts'
import { imageBytes, originOf, pixelBytes, rowBytes, rowsOf, type Storage } from './layout.ts'
import { lowerWinograd } from './lower-winograd.ts'
import type { Lowering } from './lowering.ts'
import { groupingOf, type Packing, packConvolution, packDepthwise } from './pack.ts'
import { writeDescriptor } from './program.ts'
import { suitsWinograd } from './winograd.ts'

export function lowerConvolution(lowering: Lowering, chain: Chain): void {
  const { root } = chain
  const attributes = convolutionAttributes(root)
  const [filters = 1, groupChannels = 1] = sizesOf(root.inputs[1])
  const depthwise = groupChannels === 1 && attributes.groups === filters && filters > 1
  if (depthwise) lowerDepthwise(lowering, chain)
  else if (!lowering.precise && suitsWinograd(root)) lowerWinograd(lowering, chain)
  else lowerDense(lowering, chain)
}

function lowerDense(lowering: Lowering, chain: Chain): void {
  const { heap } = lowering
  const { root, summand } = chain
  const { stride, dilation, padding, groups } = convolutionAttributes(root)
  const [filters = 1, groupChannels = 1, rows = 1, columns = 1] = sizesOf(root.inputs[1])
  const x = lowering.storage(inputOf(root))
  const grouping = groupingOf({ filters, groupChannels, groups }, lowering.columns)
  // One set of groups reads whole pixels, so the taps of a row are one run; of several sets each reads its own channels.
  const whole = grouping.sets === 1
  const inputs = whole ? x.pitch : grouping.channels
  const runs = whole && dilation[1] === 1 ? 1 : columns
  const segments = Array.from({ length: rows * runs }, (_, i) => {
    const [row, column] = [Math.floor(i / runs), i % runs]
    return row * dilation[0] * rowBytes(x) + column * dilation[1] * pixelBytes(x)
  })
  const y = lowering.place(chain.result)
  const xBase = originOf(x) - padding.top * rowBytes(x) - padding.left * pixelBytes(x)
  const fields = {
    xBase,
    xTable: heap.writeIntegers(pixelTable(x, y, stride)),
    segments: heap.writeIntegers(segments),
    segmentCount: segments.length,
    segmentLength: (columns / runs) * inputs,
    panelOffsets: heap.writeIntegers(
      Array.from({ length: grouping.sets * grouping.panels }, (_, panel) =>
        whole ? 0 : Math.floor(panel / grouping.panels) * grouping.channels * 4,
      ),
    ),
  }
  const taps = rows * columns
  lowerProduct(lowering, chain, { x, y, fields, taps, packing: { groups, grouping, inputs }, summand })
}

/** y = x · weightᵀ + bias: a convolution whose map is one pixel. */
export function lowerLinear(lowering: Lowering, chain: Chain): void {
  const { heap } = lowering
  const x = lowering.storage(inputOf(chain.root))
  const y = lowering.place(chain.result)
  const [filters = 1, channels = 1] = sizesOf(chain.root.inputs[1])
  const grouping = groupingOf({ filters, groupChannels: channels, groups: 1 }, lowering.columns)
  const fields = {
    xBase: originOf(x),
    xTable: heap.writeIntegers(pixelTable(x, y, [1, 1])),
    segments: heap.writeIntegers([0]),
    segmentCount: 1,
    segmentLength: x.pitch,
    panelOffsets: heap.writeIntegers(new Int32Array(grouping.panels)),
  }
  lowerProduct(lowering, chain, {
    x,
    y,
    fields,
    taps: 1,
    packing: { groups: 1, grouping, inputs: x.pitch },
    summand: undefined,
  })
}

interface Product {
  readonly x: Storage
  readonly y: Storage
  readonly fields: Readonly<Record<string, number>>
  readonly taps: number
  readonly packing: Omit<Packing, 'columns'>
  readonly summand: GraphValue | undefined
}

function lowerProduct(
  lowering: Lowering,
  chain: Chain,
  { y, fields, taps, packing, summand }: Product,
): void {
  const { heap, columns } = lowering
  const { grouping, inputs } = packing
  const panelCount = grouping.sets * grouping.panels
  const panelBytes = taps * inputs * columns * 4
  const panels = heap.allocate(panelCount * panelBytes)
  const bias = heap.allocate(panelCount * columns * 4)
  const parameters = parametersOf(chain)
  lowering.pack(parameters.states, (states) => {
    const { kernel, bias: given, folding } = readParameters(parameters, states)
    const weights = packConvolution(kernel, given, folding, { ...packing, columns })
    heap.floats.set(weights.panels, panels / 4)
    heap.floats.set(weights.bias, bias / 4)
  })
  const sum = summand === undefined ? undefined : lowering.storage(summand)
  const pixels = y.batch * y.height * y.width
  const descriptor = writeDescriptor(heap, 'convolution', {
    ...fields,
    panels,
    panelBytes,
    bias,
    yBase: originOf(y),
    yTable: heap.writeIntegers(pixelTable(y, y, [1, 1])),
    ...(sum === undefined
      ? {}
      : { sumBase: originOf(sum), sumTable: heap.writeIntegers(pixelTable(sum, y, [1, 1])) }),
    activation: activationCode(chain.activation),
    pixels,
    panelCount,
  })
  // Large maps are shared out by pixels, so that all threads stream the same weights; small ones by filters.
  if (pixels >= 392 || panelCount === 1)
    lowering.phase(chain, 'convolutionByPixels', descriptor, pixels, { grain: 6 })
  else lowering.phase(chain, 'convolutionByPanels', descriptor, panelCount)
}

function lowerDepthwise(lowering: Lowering, chain: Chain): void {
  const { heap } = lowering
  const { root } = chain
  const { stride, dilation, padding } = convolutionAttributes(root)
  const [, , rows = 1, columns = 1] = sizesOf(root.inputs[1])
  const x = lowering.storage(inputOf(root))
  const y = lowering.place(chain.result)
  const weights = heap.allocate(rows * columns * x.pitch * 4)
  const bias = heap.allocate(x.pitch * 4)
  const parameters = parametersOf(chain)
  lowering.pack(parameters.states, (states) => {
    const { kernel, bias: given, folding } = readParameters(parameters, states)
    const packed = packDepthwise(kernel, given, folding, x.pitch)
    heap.floats.set(packed.weights, weights / 4)
    heap.floats.set(packed.bias, bias / 4)
  })
  const to = rowsOf(y)
  const descriptor = writeDescriptor(heap, 'depthwise', {
    xBase: originOf(x) - padding.top * rowBytes(x) - padding.left * pixelBytes(x),
    xImage: imageBytes(x),
    yBase: to.base,
    yImage: to.image,
    yRow: to.row,
    height: y.height,
    width: y.width,
    channels: y.pitch,
    kernelHeight: rows,
    kernelWidth: columns,
    rowStep: stride[0] * rowBytes(x),
    columnStep: stride[1] * pixelBytes(x),
    tapRow: dilation[0] * rowBytes(x),
    tapColumn: dilation[1] * pixelBytes(x),
    weights,
    bias,
    activation: activationCode(chain.activation),
  })
  lowering.phase(chain, 'depthwise', descriptor, y.batch * y.height)
}

/** Byte offsets in `storage` of the pixels that the outputs' pixels fall on. */
function pixelTable(
  storage: Storage,
  outputs: Storage,
  [down, across]: readonly [number, number],
): Int32Array {
  const { batch, height, width } = outputs
  const table = new Int32Array(batch * height * width)
  for (let n = 0, i = 0; n < batch; n++) {
    for (let p = 0; p < height; p++) {
      for (let q = 0; q < width; q++, i++) {
        table[i] = n * imageBytes(storage) + p * down * rowBytes(storage) + q * across * pixelBytes(storage)
      }
    }
  }
  return table
}
