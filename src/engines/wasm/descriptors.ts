/**
 * What a kernel is told: a descriptor of 32-bit fields in memory, written once when a graph is added. Every kernel has the
 * signature (descriptor, from, to): units of work from..to - 1, so that each thread takes its share of each phase.
 * The generator of the kernels and the engine read the same lists.
 */
import { mapDescriptors, rowsOf } from './map-descriptors.ts'

export const descriptors = {
  /**
   * A matrix product whose rows are gathered: convolution, linear layer. Units are output pixels or panels of filters.
   * `xTable`, `yTable` and `sumTable` hold the byte offset of each output pixel's first input, output and summand;
   * `panelOffsets` what a panel adds to its inputs' address: where its group's channels begin. `pixelBytes` is the size of
   * an output pixel, which the last panel may exceed.
   */
  convolution: [
    'xBase',
    'xTable',
    'segments',
    'segmentCount',
    'segmentLength',
    'panels',
    'panelBytes',
    'panelOffsets',
    'bias',
    'yBase',
    'yTable',
    'sumBase',
    'sumTable',
    'activation',
    'pixelBytes',
    'pixels',
    'panelCount',
  ],
  /**
   * A stride-1 3×3 convolution by Winograd's F(4×4, 3×3) (arXiv:1509.09308): tiles of 4×4 outputs become 36 matrix products.
   * `transformed` holds the tiles' inputs as planes [36][tiles][channels], `planeBytes` and `tileBytes` apart.
   */
  winograd: [
    ...rowsOf('x'),
    ...rowsOf('y'),
    ...rowsOf('sum'),
    'height',
    'width',
    'channels',
    'xPixelBytes',
    'pixelBytes',
    'sumPixelBytes',
    'tilesAcross',
    'tilesPerImage',
    'tiles',
    'weights',
    'panelCount',
    'bias',
    'activation',
    'transformed',
    'planeBytes',
    'tileBytes',
    'scratch',
    'scratchBytes',
  ],
  /** Sums over a map's pixels by channel and block of rows: means and squared deviations. Units are blocks. */
  moments: [...rowsOf('x'), 'height', 'width', 'channels', 'rows', 'blockRows', 'partial'],
  /** Blocks' moments put together, and what a batch normalisation needs of them. Units are channels. */
  combineMoments: [
    'partial',
    'pitch',
    'blocks',
    'blockPixels',
    'pixels',
    'epsilon',
    'momentum',
    'gamma',
    'beta',
    'runningMean',
    'runningVariance',
    'mean',
    'inverse',
    'nextMean',
    'nextVariance',
    'scale',
    'shift',
  ],
  /** The same walk for a normalisation's gradient. */
  normGradientSums: [
    ...rowsOf('x'),
    ...rowsOf('dy'),
    'height',
    'width',
    'channels',
    'rows',
    'blockRows',
    'mean',
    'scale',
    'shift',
    'partial',
  ],
  /** Blocks' sums put together: gradients of scale and shift, factors of dx. Units are channels. */
  combineNormGradient: [
    'partial',
    'pitch',
    'blocks',
    'pixels',
    'gamma',
    'mean',
    'inverse',
    'dScale',
    'dShift',
    'a',
    'b',
    'c',
    'fixed',
  ],
  /** dx = a · dy + b · x + c. Units are rows. */
  normGradientInput: [
    ...rowsOf('x'),
    ...rowsOf('dy'),
    ...rowsOf('y'),
    'height',
    'width',
    'channels',
    'scale',
    'shift',
    'a',
    'b',
    'c',
  ],
  /**
   * aᵀ · b over pixels: `lines` of `width` pixels each, at offsets of two tables. Rows of the result are `segmentCount` runs
   * of `segmentLength` neighbouring floats of a, its columns panels of b; all of it `places` times over. Units are panels of
   * groups of rows.
   */
  transposedProduct: [
    'aBase',
    'aLines',
    'aStep',
    'aPlace',
    'bBase',
    'bLines',
    'bStep',
    'bPlace',
    'lines',
    'width',
    'blockLines',
    'segments',
    'segmentCount',
    'segmentLength',
    'groups',
    'panels',
    'cBase',
    'cPanel',
    'cPlace',
    'accumulate',
  ],
  /**
   * Weights between their place in the state [K, C / groups, R, S] and panels [panel][tap][input][column]. A filter's group
   * lies `groupStep` bytes on, the filter within it `filterStep`, a channel `channelStep`, a tap what the table says; `inputs`
   * floats lie between taps; on the way into panels each filter is multiplied by its factor. Units are panels, or filters on
   * the way back.
   */
  weights: [
    'source',
    'factor',
    'groupFilters',
    'groupStep',
    'filterStep',
    'channelStep',
    'tapTable',
    'taps',
    'filters',
    'channels',
    'inputs',
    'merged',
    'setFilters',
    'panels',
    'panelBytes',
    'setBytes',
  ],
  /** 3×3 filters into Winograd's places; `tapStep` is negative where the filter is turned round. Units are panels. */
  winogradFilters: [
    'source',
    'factor',
    'filterStep',
    'channelStep',
    'tapStep',
    'filters',
    'channels',
    'panelCount',
    'weights',
  ],
  /** Winograd's places of a weight gradient back into [K, C, 3, 3]. Units are panels. */
  winogradGradient: ['source', 'panelBytes', 'placeBytes', 'filters', 'channels', 'target'],
  /** dx of a pool: each window of dy gives to the cells of x it saw. Units are images. */
  poolGradient: [
    ...rowsOf('x'),
    ...rowsOf('dy'),
    ...rowsOf('dx'),
    'height',
    'width',
    'channels',
    'xHeight',
    'xWidth',
    'kernelHeight',
    'kernelWidth',
    'strideDown',
    'strideAcross',
    'top',
    'left',
    'countPadding',
  ],
  /** Sums over the pixels of all images (`images` at once), or of each, divided. Units are images times groups of 4 channels. */
  channelSums: [...rowsOf('x'), 'images', 'height', 'width', 'channels', 'divisor', 'y', 'yImage'],
  /** Loss of each image, put together in one number by `lossSum`. Units are images; of the sum, one. */
  crossEntropy: [
    'logits',
    'logitsImage',
    'targets',
    'targetsImage',
    'weights',
    'weightsImage',
    'classes',
    'losses',
    'images',
    'loss',
    'dLoss',
    'dLogits',
    'dLogitsImage',
  ],
  /** One step of gradient descent over one tensor, in place. Units are blocks of 1024 floats. */
  sgd: ['parameter', 'gradient', 'momentum', 'count', 'rate', 'decay', 'scale', 'keep', 'nesterov'],
  /** Adam's moments of one tensor, in place, and the direction that they make. Units are blocks of 1024 floats. */
  adam: ['parameter', 'gradient', 'first', 'second', 'direction', 'count', 'decay', 'scale', 'step', 'betas'],
  /** A tensor's move along a direction, in place. Units are blocks of 1024 floats. */
  descend: ['parameter', 'direction', 'count', 'rate'],
  /** What a tensor's trust ratio makes of a number, and for LARS of the decay. One unit. */
  trust: ['parameterSquares', 'directionSquares', 'decay', 'factor', 'coefficient', 'y'],
  /** A moving average's next value, in place. Units are blocks of 1024 floats. */
  movingAverage: ['average', 'x', 'count', 'keep'],
  /** Sum of squares of a tensor by blocks of 4096 floats, and their sum over all tensors. Units are blocks; of the sum, one. */
  squares: ['x', 'count', 'partial', 'partials', 'y'],
  /** Floats copied. Units are blocks of 1024 floats. */
  copy: ['x', 'y', 'count'],
  ...mapDescriptors,
} as const

export type DescriptorName = keyof typeof descriptors
export type Field<D extends DescriptorName> = (typeof descriptors)[D][number]

/** Byte offset of a field in its descriptor. */
export function fieldOffset<D extends DescriptorName>(descriptor: D, field: Field<D>): number {
  const fields: readonly string[] = descriptors[descriptor]
  return fields.indexOf(field) * 4
}

/** How the transposed product cuts up its work. */
export const productPlan = {
  /** Rows of a unit: some tiles that share a panel of columns. */
  unitRows: 48,
} as const

/** How the Winograd kernels cut up their work. */
export const winogradPlan = {
  /** Outputs along a tile's edge, and places of a transformed tile. */
  tile: 4,
  places: 36,
  /** Tiles that a thread takes at once, and filters that it transforms back together: whole panels at every level. */
  blockTiles: 24,
  blockFilters: 32,
  /** Bytes between the planes of a block's products: a cache line more than they fill, so that planes do not alias. */
  productPlane: 24 * 32 * 4 + 64,
} as const

/** Parts of a thread's scratch in bytes: vectors of a tile, then products and inputs of a block. */
export const winogradScratch = {
  vectors: 0,
  products: 2048,
  transformed: 2048 + winogradPlan.places * winogradPlan.productPlane,
} as const
