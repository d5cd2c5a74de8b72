/** Everything that goes over maps row by row, as phases: sums, normalisations, activations, pools, copies. */
import type { PoolWindow } from '../../ops/window.ts'
import type { Chain } from './chains.ts'
import { constantKey, constantValue, statesBehind } from './constants.ts'
import { inputOf } from './convolution-parameters.ts'
import { type Layout, originOf, pixelBytes, rowsOf, type Storage } from './layout.ts'
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

/** A vector of one number. */
export function filled({ heap }: Lowering, pitch: number, value: number): number {
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

interface Copy {
  readonly x: Storage
  readonly y: Storage
  /** First channel read and written, and how many. */
  readonly fromChannel: number
  readonly toChannel: number
  readonly count: number
}

/** Copies channels pixel by pixel. */
function copy(lowering: Lowering, chain: Chain, { x, y, fromChannel, toChannel, count }: Copy): void {
  const descriptor = writeDescriptor(lowering.heap, 'copyChannels', {
    ...from(x),
    xBase: originOf(x) + fromChannel * 4,
    ...to(y),
    yBase: originOf(y) + toChannel * 4,
    height: y.height,
    width: y.width,
    count,
    xPixel: pixelBytes(x),
    yPixel: pixelBytes(y),
  })
  lowering.phase(chain, 'copyChannels', descriptor, unitsOf(y))
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
  const attributes: { readonly start?: number } = chain.root.attributes
  const x = lowering.storage(inputOf(chain.root))
  const y = lowering.place(chain.result)
  copy(lowering, chain, { x, y, fromChannel: attributes.start ?? 0, toChannel: 0, count: y.channels })
}

export function lowerPadChannels(lowering: Lowering, chain: Chain): void {
  const attributes: { readonly before?: number } = chain.root.attributes
  const x = lowering.storage(inputOf(chain.root))
  const y = lowering.place(chain.result, { fresh: true })
  copy(lowering, chain, { x, y, fromChannel: 0, toChannel: attributes.before ?? 0, count: x.channels })
}
