/** Everything that is no product, as phases: sums, gates, normalisations, pools, copies, vectors. */
import { EngineError } from '../../errors.ts'
import type { GraphValue } from '../../graph/graph.ts'
import type { PoolWindow } from '../../ops/window.ts'
import type { Chain } from './chains.ts'
import { constantKey, constantValue, statesBehind } from './constants.ts'
import { inputOf } from './convolution-parameters.ts'
import { type Layout, originOf, pixelBytes, roundUp, rowBytes, rowsOf, type Storage } from './layout.ts'
import type { Lowering } from './lowering.ts'
import { foldingOf } from './pack.ts'
import { writeDescriptor } from './program.ts'

export const from = (storage: Storage) => {
  const { base, image, row } = rowsOf(storage)
  return { xBase: base, xImage: image, xRow: row }
}
export const to = (storage: Storage) => {
  const { base, image, row } = rowsOf(storage)
  return { yBase: base, yImage: image, yRow: row }
}
export const dyFrom = (storage: Storage) => {
  const { base, image, row } = rowsOf(storage)
  return { dyBase: base, dyImage: image, dyRow: row }
}
export const unitsOf = ({ batch, height }: Layout) => batch * height

const sumFrom = (storage: Storage) => {
  const { base, image, row } = rowsOf(storage)
  return { sumBase: base, sumImage: image, sumRow: row }
}

interface PerChannel {
  readonly scale: number
  readonly scaleImage?: number
  readonly shift: number
  readonly shiftImage?: number
}

/** y = f(x · scale + shift), plus the chain's summand before the activation. */
export function affine(lowering: Lowering, chain: Chain, x: Storage, perChannel: PerChannel): void {
  const y = lowering.place(chain.result)
  const size = { height: y.height, width: y.width, channels: y.pitch }
  const { summand, activation } = chain
  const descriptor = writeDescriptor(lowering.heap, 'affine', {
    ...from(x),
    ...to(y),
    ...(summand === undefined ? {} : sumFrom(lowering.storage(summand))),
    ...size,
    ...perChannel,
  })
  const kernel = summand === undefined ? 'affine' : 'affineSum'
  lowering.phase(chain, `${kernel}_${activation}`, descriptor, unitsOf(y))
}

function filled({ heap }: Lowering, pitch: number, value: number): number {
  return heap.writeFloats(new Float32Array(pitch).fill(value))
}

export function lowerBatchNorm(lowering: Lowering, chain: Chain): void {
  const { heap } = lowering
  const { root } = chain
  const x = lowering.storage(inputOf(root))
  const attributes: { readonly epsilon?: number } = root.attributes
  const parameters = root.inputs.slice(1)
  const { epsilon = 0 } = attributes
  const key = ['normalisation', ...parameters.map(constantKey), x.pitch, epsilon].join(' ')
  const scale = lowering.pack(key, () => ({
    bytes: 2 * x.pitch * 4,
    states: parameters.flatMap(statesBehind),
    write(address, states) {
      const { factor, offset } = foldingOf(
        parameters.map((value) => constantValue(value, states)),
        epsilon,
      )
      heap.floats.set(factor, address / 4)
      heap.floats.set(offset, address / 4 + x.pitch)
      return []
    },
  }))
  affine(lowering, chain, x, { scale, shift: scale + x.pitch * 4 })
}

export function lowerGroupNorm(lowering: Lowering, chain: Chain): void {
  const { heap } = lowering
  const { root } = chain
  const x = lowering.storage(inputOf(root))
  const attributes: { readonly groups?: number; readonly epsilon?: number } = root.attributes
  const { groups = 1, epsilon = 0 } = attributes
  if (x.pitch !== x.channels)
    throw new EngineError(
      `${root.name}: group normalisation needs channels that 8 divides, not ${x.channels}`,
    )
  const outImage = x.pitch * 4
  const [outScale, outShift] = [heap.allocate(x.batch * outImage), heap.allocate(x.batch * outImage)]
  const descriptor = writeDescriptor(heap, 'groupStatistics', {
    ...from(x),
    height: x.height,
    width: x.width,
    channels: x.channels,
    groupChannels: x.channels / groups,
    epsilon: new Int32Array(Float32Array.of(epsilon).buffer)[0] ?? 0,
    scale: writeConstant(lowering, inputOf(root, 1), x.pitch),
    shift: writeConstant(lowering, inputOf(root, 2), x.pitch),
    outScale,
    outShift,
    outImage,
  })
  lowering.phase(chain, 'groupStatistics', descriptor, x.batch)
  affine(lowering, chain, x, { scale: outScale, scaleImage: outImage, shift: outShift, shiftImage: outImage })
}

/** A constant vector in memory, renewed with the states. */
function writeConstant(lowering: Lowering, value: GraphValue, floats: number): number {
  return lowering.packConstant(value, floats)
}

/** Activations on their own. */
export function lowerActivation(lowering: Lowering, chain: Chain): void {
  const x = lowering.storage(inputOf(chain.root))
  const activated = { ...chain, activation: chain.root.operation.name }
  affine(lowering, activated, x, { scale: filled(lowering, x.pitch, 1), shift: filled(lowering, x.pitch, 0) })
}

export function lowerScale(lowering: Lowering, chain: Chain): void {
  const x = lowering.storage(inputOf(chain.root))
  const attributes: { readonly factor?: number; readonly offset?: number } = chain.root.attributes
  const scale = filled(lowering, x.pitch, attributes.factor ?? 1)
  affine(lowering, chain, x, { scale, shift: filled(lowering, x.pitch, attributes.offset ?? 0) })
}

/** a + b, or a · b of two maps. */
export function binary(lowering: Lowering, chain: Chain, kernel: string): void {
  const [a, b] = [lowering.storage(inputOf(chain.root, 0)), lowering.storage(inputOf(chain.root, 1))]
  const y = lowering.place(chain.result)
  const [first, second] = [rowsOf(a), rowsOf(b)]
  const descriptor = writeDescriptor(lowering.heap, 'binary', {
    aBase: first.base,
    aImage: first.image,
    aRow: first.row,
    bBase: second.base,
    bImage: second.image,
    bRow: second.row,
    ...to(y),
    height: y.height,
    count: y.width * y.pitch,
  })
  lowering.phase(chain, kernel, descriptor, unitsOf(y))
}

export function lowerAdd(lowering: Lowering, chain: Chain): void {
  binary(lowering, chain, `add_${chain.activation}`)
}

/** Two maps, or a map and a gate [N, C, 1, 1]. */
export function lowerMultiply(lowering: Lowering, chain: Chain): void {
  const [a, b] = [lowering.storage(inputOf(chain.root, 0)), lowering.storage(inputOf(chain.root, 1))]
  if (a.height === b.height && a.width === b.width && a.channels === b.channels) {
    binary(lowering, chain, 'multiply')
    return
  }
  if (b.height !== 1 || b.width !== 1 || a.channels !== b.channels) {
    throw new EngineError(
      `${chain.root.name}: the wasm engine multiplies equal maps, or a map by a gate for each channel`,
    )
  }
  const { base, image } = rowsOf(b)
  affine(lowering, chain, a, { scale: base, scaleImage: image, shift: filled(lowering, a.pitch, 0) })
}

export function lowerPool(lowering: Lowering, chain: Chain): void {
  const { root } = chain
  const x = lowering.storage(inputOf(root))
  const y = lowering.place(chain.result)
  const attributes: Partial<PoolWindow> & {
    readonly paddingValue?: string
    readonly countPadding?: boolean
  } = root.attributes
  const { kernel = [1, 1], stride = [1, 1], padding } = attributes
  const descriptor = writeDescriptor(lowering.heap, 'pool', {
    ...from(x),
    ...to(y),
    height: y.height,
    width: y.width,
    channels: y.pitch,
    xHeight: x.height,
    xWidth: x.width,
    kernelHeight: kernel[0],
    kernelWidth: kernel[1],
    strideDown: stride[0],
    strideAcross: stride[1],
    top: padding?.top ?? 0,
    left: padding?.left ?? 0,
    countPadding: attributes.countPadding === true ? 1 : 0,
  })
  const maximum = attributes.paddingValue === 'zero' ? 'maxPoolOverZeros' : 'maxPool'
  lowering.phase(chain, root.operation.name === 'maxPool' ? maximum : 'averagePool', descriptor, unitsOf(y))
}

export function lowerMean(lowering: Lowering, chain: Chain): void {
  const x = lowering.storage(inputOf(chain.root))
  const y = lowering.place(chain.result)
  const { base, image } = rowsOf(y)
  const descriptor = writeDescriptor(lowering.heap, 'mean', {
    ...from(x),
    yBase: base,
    yImage: image,
    height: x.height,
    width: x.width,
    channels: x.pitch,
  })
  lowering.phase(chain, 'mean', descriptor, x.batch * (x.pitch / 4))
}

interface Copy {
  readonly x: Storage
  readonly y: Storage
  /** First channel read and written, and how many. */
  readonly fromChannel: number
  readonly toChannel: number
  readonly count: number
  /** The row and column of x for each of y. */
  readonly rows?: readonly number[]
  readonly columns?: readonly number[]
}

/** Copies channels pixel by pixel. */
export function copy(
  lowering: Lowering,
  chain: Chain,
  { x, y, fromChannel, toChannel, count, rows, columns }: Copy,
): void {
  const { heap } = lowering
  const each = (size: number) => Array.from({ length: size }, (_, i) => i)
  const descriptor = writeDescriptor(heap, 'gather', {
    ...from(x),
    xBase: originOf(x) + fromChannel * 4,
    ...to(y),
    yBase: originOf(y) + toChannel * 4,
    height: y.height,
    width: y.width,
    rowTable: heap.writeIntegers((rows ?? each(y.height)).map((row) => row * rowBytes(x))),
    columnTable: heap.writeIntegers((columns ?? each(y.width)).map((column) => column * pixelBytes(x))),
    count,
    pixelBytes: pixelBytes(y),
  })
  lowering.phase(chain, 'gather', descriptor, unitsOf(y))
}

export function lowerConcat(lowering: Lowering, chain: Chain): void {
  const y = lowering.place(chain.result)
  let toChannel = 0
  for (const input of chain.root.inputs) {
    const x = lowering.storage(input)
    copy(lowering, chain, { x, y, fromChannel: 0, toChannel, count: x.channels })
    toChannel += x.channels
  }
}

export function lowerSlice(lowering: Lowering, chain: Chain): void {
  const attributes: { readonly start?: number; readonly length?: number } = chain.root.attributes
  const x = lowering.storage(inputOf(chain.root))
  const y = lowering.place(chain.result)
  copy(lowering, chain, {
    x,
    y,
    fromChannel: attributes.start ?? 0,
    toChannel: 0,
    count: attributes.length ?? 0,
  })
}

export function lowerPadChannels(lowering: Lowering, chain: Chain): void {
  const attributes: { readonly before?: number } = chain.root.attributes
  const x = lowering.storage(inputOf(chain.root))
  const y = lowering.place(chain.result, { fresh: true })
  copy(lowering, chain, { x, y, fromChannel: 0, toChannel: attributes.before ?? 0, count: x.channels })
}

/** A blur: the edge reflected (or zeros) around a copy of the map, then each channel filtered by itself. */
export function lowerBlurPool(lowering: Lowering, chain: Chain): void {
  const { heap } = lowering
  const attributes: {
    readonly taps?: readonly number[]
    readonly stride?: number
    readonly padding?: string
  } = chain.root.attributes
  const { taps = [1], stride = 1, padding } = attributes
  const x = lowering.storage(inputOf(chain.root))
  const margin = Math.floor((stride - 1 + taps.length - 1) / 2)
  const padded = lowering.scratch({
    ...x,
    height: x.height + 2 * margin,
    width: x.width + 2 * margin,
    halo: { top: 0, left: 0, bottom: 0, right: 0 },
  })
  const reflected = (size: number) =>
    Array.from({ length: size + 2 * margin }, (_, i) => reflect(i - margin, size))
  if (padding === 'reflect') {
    const tables = { rows: reflected(x.height), columns: reflected(x.width) }
    copy(lowering, chain, { x, y: padded, fromChannel: 0, toChannel: 0, count: x.channels, ...tables })
  } else {
    const inner = {
      ...padded,
      height: x.height,
      width: x.width,
      halo: { top: margin, left: margin, bottom: margin, right: margin },
    }
    copy(lowering, chain, { x, y: inner, fromChannel: 0, toChannel: 0, count: x.channels })
  }
  const y = lowering.place(chain.result)
  const total = taps.reduce((sum, tap) => sum + tap, 0)
  const weights = taps.flatMap((down) =>
    taps.flatMap((across) => new Array<number>(x.pitch).fill((down * across) / (total * total))),
  )
  const descriptor = writeDescriptor(heap, 'depthwise', {
    ...from(padded),
    ...to(y),
    height: y.height,
    width: y.width,
    channels: y.pitch,
    kernelHeight: taps.length,
    kernelWidth: taps.length,
    rowStep: stride * rowBytes(padded),
    columnStep: stride * pixelBytes(padded),
    tapRow: rowBytes(padded),
    tapColumn: pixelBytes(padded),
    weights: heap.writeFloats(weights),
    bias: filled(lowering, x.pitch, 0),
  })
  lowering.phase(chain, 'depthwise', descriptor, unitsOf(y))
}

function reflect(index: number, size: number): number {
  if (index < 0) return -index
  return index < size ? index : 2 * (size - 1) - index
}

export function lowerSoftmax(lowering: Lowering, chain: Chain): void {
  const { root } = chain
  const attributes: { readonly axis?: number } = root.attributes
  const input = inputOf(root)
  const x = lowering.storage(input)
  if (attributes.axis !== 1 || x.height * x.width !== 1)
    throw new EngineError(`${root.name}: the wasm engine takes softmax over the channels of vectors`)
  const y = lowering.place(chain.result)
  const count = Number(input.shape[1] ?? 1)
  const descriptor = writeDescriptor(lowering.heap, 'softmax', {
    x: originOf(x),
    xOuter: rowsOf(x).image,
    y: originOf(y),
    yOuter: rowsOf(y).image,
    count,
    inner: x.channels / count,
  })
  lowering.phase(chain, 'softmax', descriptor, x.batch)
}

/** ECA's convolution over the channels of a vector [N, 1, C, 1]. */
export function lowerVectorConvolution(lowering: Lowering, chain: Chain): void {
  const { root } = chain
  const weight = inputOf(root, 1)
  const taps = Number(weight.shape[2] ?? 1)
  const x = lowering.storage(inputOf(root))
  const y = lowering.place(chain.result)
  const descriptor = writeDescriptor(lowering.heap, 'vectorConvolution', {
    x: originOf(x),
    xImage: rowsOf(x).image,
    y: originOf(y),
    yImage: rowsOf(y).image,
    length: x.channels,
    weights: writeConstant(lowering, weight, roundUp(taps, 4)),
    taps,
    before: (taps - 1) / 2,
  })
  lowering.phase(chain, 'vectorConvolution', descriptor, x.batch)
}

/** The same elements under another shape: vectors stay where they are. */
export function lowerReshape(lowering: Lowering, chain: Chain): void {
  const input = inputOf(chain.root)
  if (lowering.isConstant(input)) return
  const x = lowering.storage(input)
  const y = lowering.layout(chain.result)
  if (x.height * x.width !== 1 || y.height * y.width !== 1) {
    throw new EngineError(
      `${chain.root.name}: the wasm engine reshapes vectors, not maps of ${x.height}×${x.width}`,
    )
  }
  lowering.alias(chain.result, x)
}
