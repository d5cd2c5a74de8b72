/** Convolutions in which each channel has a filter of its own, and their gradients. */
import type { Node } from '../../graph/graph.ts'
import type { Chain } from './chains.ts'
import { constantKey, constantValue, statesBehind } from './constants.ts'
import { convolutionAttributes } from './convolution-attributes.ts'
import { activationCode, foldOf, inputOf, sizesOf } from './convolution-parameters.ts'
import { originOf, pixelBytes, rowBytes, rowsOf, type Storage } from './layout.ts'
import { strided } from './lower-broadcasting.ts'
import { axesOf, type Residue, residuesOf } from './lower-input-gradient.ts'
import { dyFrom } from './lower-rows.ts'
import type { Lowering } from './lowering.ts'
import { packDepthwise } from './pack.ts'
import { writeDescriptor } from './program.ts'

export function lowerDepthwise(lowering: Lowering, chain: Chain): void {
  const { root } = chain
  const { stride, dilation, padding } = convolutionAttributes(root)
  const [, , rows = 1, columns = 1] = sizesOf(root.inputs[1])
  const x = lowering.storage(inputOf(root))
  const y = lowering.place(chain.result)
  const { base, image, row } = rowsOf(y)
  const descriptor = writeDescriptor(lowering.heap, 'depthwise', {
    xBase: originOf(x) - padding.top * rowBytes(x) - padding.left * pixelBytes(x),
    xImage: rowsOf(x).image,
    yBase: base,
    yImage: image,
    yRow: row,
    yPixel: pixelBytes(y),
    height: y.height,
    width: y.width,
    channels: y.pitch,
    kernelHeight: rows,
    kernelWidth: columns,
    rowStep: stride[0] * rowBytes(x),
    columnStep: stride[1] * pixelBytes(x),
    tapRow: dilation[0] * rowBytes(x),
    tapColumn: dilation[1] * pixelBytes(x),
    ...packedWeights(lowering, chain, x),
    activation: activationCode(chain.activation),
  })
  lowering.phase(chain, 'depthwise', descriptor, y.batch * y.height)
}

/** [tap][channel] and a bias: packed when states are written, or in each run where they are trained. */
function packedWeights(lowering: Lowering, chain: Chain, { pitch }: Storage) {
  const { heap } = lowering
  const weight = inputOf(chain.root, 1)
  const [, , rows = 1, columns = 1] = sizesOf(weight)
  if (chain.normalisation === undefined && !lowering.isConstant(weight)) {
    const each = (size: number) => ({ first: 0, step: 1, count: size })
    const bias = chain.root.inputs[2]
    return {
      weights: packTaps(lowering, chain, pitch, { rows: each(rows), columns: each(columns) }),
      bias: bias === undefined ? lowering.zeros(pitch) : originOf(lowering.storage(bias)),
    }
  }
  const fold = foldOf(chain)
  const weights = lowering.pack(`depthwise ${constantKey(weight)} ${fold.key}`, () => ({
    bytes: (rows * columns + 1) * pitch * 4,
    states: [...statesBehind(weight), ...fold.states],
    write(address, states) {
      const packed = packDepthwise(constantValue(weight, states), fold.vectors(states), pitch)
      heap.floats.set(packed, address / 4)
      return []
    },
  }))
  return { weights, bias: weights + rows * columns * pitch * 4 }
}

/** Taps first, first + step, ... of one axis of a window. */
interface Taps {
  readonly first: number
  readonly step: number
  readonly count: number
}

/** Adds the phase that puts taps of the filters [C, 1, R, S] in the kernel's order [tap][channel]; answers where they lie. */
function packTaps(
  lowering: Lowering,
  { root, nodes }: { readonly root: Node; readonly nodes: readonly Node[] },
  pitch: number,
  { rows, columns }: { readonly rows: Taps; readonly columns: Taps },
): number {
  const weight = inputOf(root, 1)
  const [channels = 1, , windowRows = 1, windowColumns = 1] = sizesOf(weight)
  // A place of its own, so that lanes past the last channel stay zeros.
  const address = lowering.heap.allocate(rows.count * columns.count * pitch * 4)
  const a = {
    base: originOf(lowering.storage(weight)) + 4 * (rows.first * windowColumns + columns.first),
    image: 0,
    row: 4 * rows.step * windowColumns,
    column: 4 * columns.step,
    channel: 4 * windowRows * windowColumns,
  }
  const y = { base: address, image: 0, row: 4 * columns.count * pitch, column: 4 * pitch, channel: 4 }
  const extents = { images: 1, height: rows.count, width: columns.count, channels }
  strided(lowering, { nodes }, 'stridedCopy', { a, y, extents })
  return address
}

/** dx: places that lie alike on the stride's lattice see the same taps, and are one depthwise convolution of dy. */
export function lowerDepthwiseInputGradient(lowering: Lowering, chain: Chain): void {
  const { root } = chain
  const { stride } = convolutionAttributes(root)
  const [down, across] = axesOf(root)
  const dy = lowering.storage(inputOf(root))
  const dx = lowering.place(chain.result)
  const { image, row } = rowsOf(dx)
  const bias = lowering.zeros(dx.pitch)
  for (const rows of residuesOf(down)) {
    for (const columns of residuesOf(across)) {
      const [rowTaps, columnTaps] = [tapsOf(rows), tapsOf(columns)]
      const descriptor = writeDescriptor(lowering.heap, 'depthwise', {
        xBase: originOf(dy) + rowTaps.shift * rowBytes(dy) + columnTaps.shift * pixelBytes(dy),
        xImage: rowsOf(dy).image,
        yBase: originOf(dx) + rows.first * row + columns.first * pixelBytes(dx),
        yImage: image,
        yRow: stride[0] * row,
        yPixel: stride[1] * pixelBytes(dx),
        height: rows.count,
        width: columns.count,
        channels: dx.pitch,
        kernelHeight: rowTaps.count,
        kernelWidth: columnTaps.count,
        rowStep: rowBytes(dy),
        columnStep: pixelBytes(dy),
        tapRow: rowTaps.shiftStep * rowBytes(dy),
        tapColumn: columnTaps.shiftStep * pixelBytes(dy),
        weights: packTaps(lowering, chain, dx.pitch, { rows: rowTaps, columns: columnTaps }),
        bias,
      })
      lowering.phase(chain, 'depthwise', descriptor, dx.batch * rows.count)
    }
  }
}

/** A residue's taps, which follow each other evenly, and where in dy they lie. */
function tapsOf({ taps }: Residue): Taps & { readonly shift: number; readonly shiftStep: number } {
  const [first, second] = taps
  return {
    first: first?.index ?? 0,
    step: (second?.index ?? 0) - (first?.index ?? 0),
    count: taps.length,
    shift: first?.shift ?? 0,
    shiftStep: (second?.shift ?? 0) - (first?.shift ?? 0),
  }
}

/** Pixels of a block of rows: enough that its sums are few beside them. */
const blockPixels = 256

/** dweight [C, 1, R, S]: sums over blocks of rows, cut by the map's size alone, and the blocks summed in their order. */
export function lowerDepthwiseWeightGradient(lowering: Lowering, chain: Chain): void {
  const { root, nodes, result } = chain
  const { stride, dilation, padding } = convolutionAttributes(root)
  const [channels = 1, , height = 1, width = 1] = sizesOf(result)
  const [x, dy] = [lowering.storage(inputOf(root, 0)), lowering.storage(inputOf(root, 1))]
  const rows = dy.batch * dy.height
  const blockRows = Math.ceil(blockPixels / dy.width)
  const blocks = Math.ceil(rows / blockRows)
  const blockBytes = height * width * dy.pitch * 4
  const partial = lowering.scratchBytes('sums', blocks * blockBytes)
  const descriptor = writeDescriptor(lowering.heap, 'depthwiseGradient', {
    xBase: originOf(x) - padding.top * rowBytes(x) - padding.left * pixelBytes(x),
    xImage: rowsOf(x).image,
    ...dyFrom(dy),
    height: dy.height,
    width: dy.width,
    channels: dy.pitch,
    rows,
    blockRows,
    kernelHeight: height,
    kernelWidth: width,
    rowStep: stride[0] * rowBytes(x),
    columnStep: stride[1] * pixelBytes(x),
    tapRow: dilation[0] * rowBytes(x),
    tapColumn: dilation[1] * pixelBytes(x),
    partial,
  })
  lowering.phase(chain, 'depthwiseGradient', descriptor, blocks)
  const taps = height * width
  const target = originOf(lowering.place(result))
  strided(lowering, { nodes }, 'stridedSum', {
    a: { base: partial, image: blockBytes, row: 4 * width * dy.pitch, column: 4 * dy.pitch, channel: 4 },
    y: { base: target, image: 0, row: 4 * width, column: 4, channel: 4 * taps },
    extents: { images: 1, height, width, channels },
    sum: { images: blocks, height: 1, width: 1, channels: 1 },
  })
}
