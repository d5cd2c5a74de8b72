/** Products that repeat dimensions, sums over dimensions, and repetition along them, for values of any layout. */
import type { GraphValue, Node } from '../../graph/graph.ts'
import { type Shape, sameShape } from '../../ops/shape.ts'
import type { Chain } from './chains.ts'
import { inputOf } from './convolution-parameters.ts'
import { imageBytes, isFlat, isMap, originOf, pixelBytes, rowBytes, rowsOf, type Storage } from './layout.ts'
import { affine, binary, filled, from } from './lower-rows.ts'
import type { Lowering } from './lowering.ts'
import { writeDescriptor } from './program.ts'

/** How many elements along images, rows, columns and channels. */
export interface Extents {
  readonly images: number
  readonly height: number
  readonly width: number
  readonly channels: number
}

/** Where the elements of a value lie: the first one, and the bytes from one to the next along each of the four. */
export interface Steps {
  readonly base: number
  readonly image: number
  readonly row: number
  readonly column: number
  readonly channel: number
}

interface Strided {
  readonly a: Steps
  readonly b?: Steps
  readonly y: Steps
  readonly extents: Extents
  /** Of a sum: what it goes over, 1 along what stays. */
  readonly sum?: Extents
}

function fieldsOf<P extends 'a' | 'b' | 'y'>(prefix: P, { base, image, row, column, channel }: Steps) {
  return {
    [`${prefix}Base`]: base,
    [`${prefix}Image`]: image,
    [`${prefix}Row`]: row,
    [`${prefix}Column`]: column,
    [`${prefix}Channel`]: channel,
  }
}

/** Adds the phase of one of the kernels for any layout. */
export function strided(
  lowering: Lowering,
  { nodes }: { readonly nodes: readonly Node[] },
  kernel: 'stridedCopy' | 'stridedProduct' | 'stridedSum',
  { a, b, y, extents, sum }: Strided,
): void {
  const { images, height, width, channels } = extents
  const descriptor = writeDescriptor(lowering.heap, 'strided', {
    ...fieldsOf('a', a),
    ...(b === undefined ? {} : fieldsOf('b', b)),
    ...fieldsOf('y', y),
    height,
    width,
    channels,
    ...(sum === undefined
      ? {}
      : {
          sumImages: sum.images,
          sumHeight: sum.height,
          sumWidth: sum.width,
          sumChannels: sum.channels,
        }),
  })
  lowering.phase({ nodes }, kernel, descriptor, images * height)
}

/** The extents of a shape whose dimensions stand at the given axes of [N, C, H, W]. */
function extentsOf(
  lowering: Lowering,
  shape: Shape,
  axes: readonly number[] = shape.map((_, i) => i),
): Extents {
  const sizes = [1, 1, 1, 1]
  shape.forEach((dim, i) => {
    sizes[axes[i] ?? i] = dim === 'N' ? lowering.batch : dim
  })
  const [images = 1, channels = 1, height = 1, width = 1] = sizes
  return { images, height, width, channels }
}

/** The steps of a value whose dimensions stand at the given axes of [N, C, H, W]; a dimension of 1 is repeated. */
function stepsOf(
  { storage, shape }: { readonly storage: Storage; readonly shape: Shape },
  axes: readonly number[] = shape.map((_, i) => i),
): Steps {
  const own =
    shape.length === 4 && !isFlat(shape) && isMap(shape)
      ? [imageBytes(storage), 4, rowBytes(storage), pixelBytes(storage)]
      : rowMajorSteps(storage, shape)
  const steps = [0, 0, 0, 0]
  shape.forEach((dim, i) => {
    if (dim !== 1) steps[axes[i] ?? i] = own[i] ?? 0
  })
  const [image = 0, channel = 0, row = 0, column = 0] = steps
  return { base: originOf(storage), image, row, column, channel }
}

function rowMajorSteps(storage: Storage, shape: Shape): readonly number[] {
  const sizes = shape.map((dim) => (dim === 'N' ? 1 : dim))
  return shape.map((dim, i) =>
    dim === 'N' ? imageBytes(storage) : sizes.slice(i + 1).reduce((bytes, size) => bytes * size, 4),
  )
}

/** Two values of one shape, a map and a gate for each channel, or any that repeat each other's dimensions. */
export function lowerMultiply(lowering: Lowering, chain: Chain): void {
  const { root, result } = chain
  const [first, second] = [inputOf(root, 0), inputOf(root, 1)]
  if (sameShape(first.shape, second.shape)) {
    binary(lowering, chain, 'multiply')
    return
  }
  const [whole, other] = sameShape(first.shape, result.shape) ? [first, second] : [second, first]
  const [, , height, width] = other.shape
  if (sameShape(whole.shape, result.shape) && isMap(whole.shape) && height === 1 && width === 1) {
    multiplyByGate(lowering, chain, { map: whole, gate: other })
    return
  }
  const operands = [first, second].map((value) => ({ storage: lowering.storage(value), shape: value.shape }))
  const [a, b] = operands.map((operand) => stepsOf(operand))
  const y = stepsOf({ storage: lowering.place(result), shape: result.shape })
  if (a === undefined || b === undefined) return
  strided(lowering, chain, 'stridedProduct', { a, b, y, extents: extentsOf(lowering, result.shape) })
}

/** A factor for each channel, for each image, or one for all: made one for each channel of each image. */
function multiplyByGate(
  lowering: Lowering,
  chain: Chain,
  { map, gate }: { readonly map: GraphValue; readonly gate: GraphValue },
): void {
  const [x, factors] = [lowering.storage(map), lowering.storage(gate)]
  const shift = filled(lowering, x.pitch, 0)
  if (sameShape(gate.shape, [...map.shape.slice(0, 2), 1, 1])) {
    const { base, image } = rowsOf(factors)
    affine(lowering, chain, x, { scale: base, scaleImage: image, shift })
    return
  }
  const scaleImage = x.pitch * 4
  const scale = lowering.heap.allocate(x.batch * scaleImage)
  strided(lowering, chain, 'stridedCopy', {
    a: stepsOf({ storage: factors, shape: gate.shape }),
    y: { base: scale, image: scaleImage, row: 0, column: 0, channel: 4 },
    extents: { images: x.batch, height: 1, width: 1, channels: x.channels },
  })
  affine(lowering, chain, x, { scale, scaleImage, shift })
}

/** Sums of each channel over all images and pixels, or over each image's pixels; or any other. */
export function lowerSumTo(lowering: Lowering, chain: Chain): void {
  const { root, result } = chain
  const input = inputOf(root)
  const x = lowering.storage(input)
  const y = lowering.place(result)
  const { axes = [] }: { readonly axes?: readonly number[] } = root.attributes
  const byChannel =
    isMap(input.shape) &&
    x.channels === y.channels &&
    result.shape.every((dim, i) => dim === 1 || (axes[i] ?? i) < 2)
  if (byChannel) {
    channelSums(lowering, chain, { x, y, perImage: result.shape[0] === 'N' })
    return
  }
  const whole = extentsOf(lowering, input.shape)
  const extents = extentsOf(lowering, result.shape, axes)
  strided(lowering, chain, 'stridedSum', {
    a: stepsOf({ storage: x, shape: input.shape }),
    y: stepsOf({ storage: y, shape: result.shape }, axes),
    extents,
    sum: {
      images: whole.images / extents.images,
      height: whole.height / extents.height,
      width: whole.width / extents.width,
      channels: whole.channels / extents.channels,
    },
  })
}

/** The mean of each channel over an image. */
export function lowerMean(lowering: Lowering, chain: Chain): void {
  const x = lowering.storage(inputOf(chain.root))
  const y = lowering.place(chain.result)
  channelSums(lowering, chain, { x, y, perImage: true, divisor: x.height * x.width })
}

interface ChannelSums {
  readonly x: Storage
  readonly y: Storage
  readonly perImage: boolean
  readonly divisor?: number
}

/** Sums of a map's pixels by channel, divided where they are to be means. */
export function channelSums(
  lowering: Lowering,
  { nodes }: { readonly nodes: readonly Node[] },
  { x, y, perImage, divisor = 1 }: ChannelSums,
): void {
  const descriptor = writeDescriptor(lowering.heap, 'channelSums', {
    ...from(x),
    images: perImage ? 1 : x.batch,
    height: x.height,
    width: x.width,
    channels: x.pitch,
    divisor,
    y: originOf(y),
    yImage: rowsOf(y).image,
  })
  lowering.phase({ nodes }, 'channelSums', descriptor, (perImage ? x.batch : 1) * (x.pitch / 4))
}

export function lowerBroadcastTo(lowering: Lowering, chain: Chain): void {
  const { root, result } = chain
  const input = inputOf(root)
  const { axes }: { readonly axes?: readonly number[] } = root.attributes
  strided(lowering, chain, 'stridedCopy', {
    a: stepsOf({ storage: lowering.storage(input), shape: input.shape }, axes),
    y: stepsOf({ storage: lowering.place(result), shape: result.shape }),
    extents: extentsOf(lowering, result.shape),
  })
}
