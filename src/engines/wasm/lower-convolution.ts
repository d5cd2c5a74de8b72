/** Convolutions and linear layers, forward. */
import { algorithmOf } from './algorithms.ts'
import type { Chain } from './chains.ts'
import { convolutionAttributes } from './convolution-attributes.ts'
import { activationCode, inputOf, sizesOf } from './convolution-parameters.ts'
import { fixedPanels } from './fixed-weights.ts'
import { originOf, pixelBytes, rowBytes } from './layout.ts'
import { lowerDepthwise } from './lower-depthwise.ts'
import {
  allPixels,
  lowerProduct,
  lowerVectorProduct,
  type PackedWeights,
  pixelTable,
  segmentsOf,
  summandPixels,
} from './lower-product.ts'
import { lowerWinograd } from './lower-winograd.ts'
import type { Lowering } from './lowering.ts'
import { groupingOf, type Packing } from './pack.ts'
import { forwardView, packPanels } from './trained-weights.ts'

const lower = { direct: lowerDense, depthwise: lowerDepthwise, winograd: lowerWinograd }

export function lowerConvolution(lowering: Lowering, chain: Chain): void {
  lower[algorithmOf(chain.root, lowering)](lowering, chain)
}

function lowerDense(lowering: Lowering, chain: Chain): void {
  const { root } = chain
  const { stride, dilation, padding, groups } = convolutionAttributes(root)
  const [filters = 1, groupChannels = 1, rows = 1, columns = 1] = sizesOf(root.inputs[1])
  const x = lowering.storage(inputOf(root))
  const y = lowering.place(chain.result)
  const grouping = groupingOf({ filters, groupChannels, groups }, lowering.columns)
  const packing = { groups, grouping, inputs: grouping.sets === 1 ? x.pitch : grouping.channels }
  const taps = Array.from({ length: rows }, (_, row) =>
    Array.from({ length: columns }, (_, column) => ({
      index: row * columns + column,
      offset: row * dilation[0] * rowBytes(x) + column * dilation[1] * pixelBytes(x),
    })),
  )
  lowerProduct(lowering, {
    nodes: chain.nodes,
    x: {
      base: originOf(x) - padding.top * rowBytes(x) - padding.left * pixelBytes(x),
      table: pixelTable(lowering, x, { ...y, stride }),
      pixelBytes: pixelBytes(x),
    },
    y: allPixels(lowering, y),
    pixels: y.batch * y.height * y.width,
    segments: segmentsOf(taps, { inputs: packing.inputs, pixel: pixelBytes(x) }),
    packing,
    weights: packedWeights(lowering, chain, packing),
    sum: summandPixels(lowering, chain.summand),
    activation: activationCode(chain.activation),
  })
}

/** y = x · weightᵀ + bias. */
export function lowerLinear(lowering: Lowering, chain: Chain): void {
  const x = lowering.storage(inputOf(chain.root))
  const y = lowering.place(chain.result)
  const [filters = 1, channels = 1] = sizesOf(chain.root.inputs[1])
  const grouping = groupingOf({ filters, groupChannels: channels, groups: 1 }, lowering.columns)
  const packing = { groups: 1, grouping, inputs: x.pitch }
  const weights = packedWeights(lowering, chain, packing)
  lowerVectorProduct(lowering, { nodes: chain.nodes, x, y, packing, weights })
}

/** A chain's weights: packed when states are written, or in each run where they are trained. */
function packedWeights(lowering: Lowering, chain: Chain, packing: Omit<Packing, 'columns'>): PackedWeights {
  const { grouping, groups } = packing
  const weight = inputOf(chain.root, 1)
  if (chain.normalisation !== undefined || lowering.isConstant(weight))
    return fixedPanels(lowering, chain, packing)
  const sizes = sizesOf(weight)
  const taps = sizes.slice(2).reduce((product, size) => product * size, 1)
  const view = forwardView({ address: originOf(lowering.storage(weight)), sizes, groups })
  const each = Array.from({ length: taps }, (_, tap) => tap)
  const bias = chain.root.inputs[2]
  return {
    panels: packPanels(lowering, chain.nodes, view, each, packing),
    bias:
      bias === undefined
        ? lowering.zeros(grouping.sets * grouping.panels * lowering.columns)
        : originOf(lowering.storage(bias)),
  }
}
