/** What the kernels are told that are no products: over the rows of maps, their windows, vectors, values of any layout. */

/** Where the rows of a map [N, H, W, pitch] lie: the first element of image 0, and the steps in bytes. */
export const rowsOf = <const P extends string>(prefix: P) =>
  [`${prefix}Base`, `${prefix}Image`, `${prefix}Row`] as const

/** Where the elements of a value [N, C, H, W] lie, by steps in bytes; 0 along what is repeated. */
const stepsOf = <const P extends string>(prefix: P) =>
  [`${prefix}Base`, `${prefix}Image`, `${prefix}Row`, `${prefix}Column`, `${prefix}Channel`] as const

export const mapDescriptors = {
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
