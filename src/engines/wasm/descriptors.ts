/**
 * What a kernel is told: a descriptor of 32-bit fields in memory, written once when a graph is added. Every kernel has the
 * signature (descriptor, from, to): units of work from..to - 1, so that each thread takes its share of each phase.
 * The generator of the kernels and the engine read the same lists.
 */

/** Where the rows of a map [N, H, W, pitch] lie: the first element of image 0, and the steps in bytes. */
const rowsOf = <const P extends string>(prefix: P) =>
  [`${prefix}Base`, `${prefix}Image`, `${prefix}Row`] as const

/** Where the elements of a value [N, C, H, W] lie, by steps in bytes; 0 along what is repeated. */
const stepsOf = <const P extends string>(prefix: P) =>
  [`${prefix}Base`, `${prefix}Image`, `${prefix}Row`, `${prefix}Column`, `${prefix}Channel`] as const

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
  /** Sums over the pixels of all images (`images` at once), or of each. Units are images times groups of 4 channels. */
  channelSums: [...rowsOf('x'), 'images', 'height', 'width', 'channels', 'y', 'yImage'],
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
  sgd: ['parameter', 'gradient', 'momentum', 'count', 'rate', 'keep', 'decay', 'nesterov'],
  /** Sum of squares of a tensor by blocks of 4096 floats, and their sum over all tensors. Units are blocks; of the sum, one. */
  squares: ['x', 'count', 'partial', 'partials', 'y'],
  /** Floats copied. Units are blocks of 1024 floats. */
  copy: ['x', 'y', 'count'],
  /** y = f(x · scale + shift + sum), per channel; the scale may differ by image. Units are rows of the map. */
  affine: [
    ...rowsOf('x'),
    ...rowsOf('y'),
    ...rowsOf('sum'),
    'height',
    'width',
    'channels',
    'scale',
    'scaleImage',
    'shift',
    'shiftImage',
  ],
  /** y = f(a + b) or a · b over whole rows. Units are rows. */
  binary: [...rowsOf('a'), ...rowsOf('b'), ...rowsOf('y'), 'height', 'count'],
  /** Values of any layout, repeated or summed over some extents. Units are rows of y. */
  strided: [
    ...stepsOf('a'),
    ...stepsOf('b'),
    ...stepsOf('y'),
    'height',
    'width',
    'channels',
    'sumImages',
    'sumHeight',
    'sumWidth',
    'sumChannels',
  ],
  /** `count` channels of each pixel copied. Units are rows of y. */
  copyChannels: [...rowsOf('x'), ...rowsOf('y'), 'height', 'width', 'count', 'xPixel', 'yPixel'],
  /** Maximum or sum over windows, clipped at the map's edge. Units are rows of y. */
  pool: [
    ...rowsOf('x'),
    ...rowsOf('y'),
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
  /** Mean over the map. Units are groups of 4 channels of an image. */
  mean: [...rowsOf('x'), 'yBase', 'yImage', 'height', 'width', 'channels'],
  /** Each channel filtered by itself. Units are rows of y; x has its padding around it. */
  depthwise: [
    ...rowsOf('x'),
    ...rowsOf('y'),
    'height',
    'width',
    'channels',
    'kernelHeight',
    'kernelWidth',
    'rowStep',
    'columnStep',
    'tapRow',
    'tapColumn',
    'yPixel',
    'weights',
    'bias',
    'activation',
  ],
  /** Sums of x · dy for each tap and channel over blocks of rows of dy, [block][tap][channel]. Units are blocks. */
  depthwiseGradient: [
    ...rowsOf('x'),
    ...rowsOf('dy'),
    'height',
    'width',
    'channels',
    'rows',
    'blockRows',
    'kernelHeight',
    'kernelWidth',
    'rowStep',
    'columnStep',
    'tapRow',
    'tapColumn',
    'partial',
  ],
  /**
   * Each row and column of y from some of x, weighed: tables [first entry of each, and an end] and entries [byte offset,
   * weight]. Units are rows of y.
   */
  separableFilter: [
    ...rowsOf('x'),
    ...rowsOf('y'),
    'height',
    'width',
    'channels',
    'rowStarts',
    'rowEntries',
    'columnStarts',
    'columnEntries',
  ],
  /** Sums of a product with x - centre over each image's pixels by channel. Units are images times groups of 4 channels. */
  groupProducts: [...rowsOf('x'), ...rowsOf('dy'), 'height', 'width', 'channels', 'centre', 'sums'],
  /**
   * What a group normalisation makes of its sums by image and channel, vectors `vectorBytes` apart. Units are images.
   */
  groupStatistics: [
    'pixels',
    'channels',
    'groupChannels',
    'vectorBytes',
    'epsilon',
    'gamma',
    'beta',
    'sums',
    'means',
    'squares',
    'scale',
    'shift',
    'dySums',
    'products',
    'a',
    'b',
    'c',
  ],
  /** dx = a · dy + b · x + c with factors for each image, `vectorBytes` apart. Units are rows. */
  groupNormInput: [
    ...rowsOf('x'),
    ...rowsOf('dy'),
    ...rowsOf('y'),
    'height',
    'width',
    'channels',
    'vectorBytes',
    'a',
    'b',
    'c',
  ],
  /** Weights [K, ...] of `length` floats a filter, each filter less its mean over its deviation. Units are filters. */
  standardise: ['weight', 'dy', 'y', 'length', 'epsilon'],
  /** Softmax along the middle of [outer, count, inner]. Units are outer indices. */
  softmax: ['x', 'xOuter', 'y', 'yOuter', 'count', 'inner'],
  /**
   * One-dimensional convolution over a vector, padded by zeros; taps lie `tapStep` bytes apart. Units are images; of its
   * weights' gradient, whose dy is in y's place, taps.
   */
  vectorConvolution: [
    'x',
    'xImage',
    'y',
    'yImage',
    'images',
    'length',
    'weights',
    'taps',
    'tapStep',
    'before',
  ],
  /** Planes [C, H, W] into a map and back. Units are images times rows. */
  planes: ['planes', 'planesImage', ...rowsOf('y'), 'height', 'width', 'channels', 'pixelBytes'],
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
