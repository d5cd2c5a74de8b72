/** Group normalisation and its gradient as phases: the statistics are those of each image, in training and after it. */
import type { GraphValue, Node } from '../../graph/graph.ts'
import type { Chain } from './chains.ts'
import { inputOf } from './convolution-parameters.ts'
import { noHalo, originOf, type Storage } from './layout.ts'
import { channelSums } from './lower-broadcasting.ts'
import { affine, dyFrom, from, to, unitsOf } from './lower-rows.ts'
import type { Lowering } from './lowering.ts'
import { bitsOf, writeDescriptor } from './program.ts'

/** A vector of channels for each image, zeros at first. */
function vectors(lowering: Lowering, x: Storage): Storage {
  return lowering.scratch({ ...x, height: 1, width: 1, halo: noHalo })
}

/** What both directions begin with: means of each image's groups, and squares around them by channel. */
function appendMoments(lowering: Lowering, { root, nodes }: Chain, x: Storage) {
  const attributes: { readonly groups?: number; readonly epsilon?: number } = root.attributes
  const [sums, means, squares] = [vectors(lowering, x), vectors(lowering, x), vectors(lowering, x)]
  const fields = {
    pixels: x.height * x.width,
    channels: x.channels,
    groupChannels: x.channels / (attributes.groups ?? 1),
    vectorBytes: x.pitch * 4,
    epsilon: bitsOf(attributes.epsilon ?? 0),
    gamma: originOf(lowering.storage(inputOf(root, 1))),
    sums: sums.address,
    means: means.address,
    squares: squares.address,
  }
  channelSums(lowering, { nodes }, { x, y: sums, perImage: true })
  appendStatistics(lowering, nodes, 'groupMeans', x, fields)
  appendProducts(lowering, nodes, 'groupSquares', { x, dy: x, centre: means, sums: squares })
  return { fields, means }
}

function appendStatistics(
  lowering: Lowering,
  nodes: readonly Node[],
  kernel: 'groupMeans' | 'groupScales' | 'groupFactors',
  { batch }: Storage,
  fields: Parameters<typeof writeDescriptor<'groupStatistics'>>[2],
): void {
  const descriptor = writeDescriptor(lowering.heap, 'groupStatistics', fields)
  lowering.phase({ nodes }, kernel, descriptor, batch)
}

interface Products {
  readonly x: Storage
  readonly dy: Storage
  readonly centre: Storage
  readonly sums: Storage
}

function appendProducts(
  lowering: Lowering,
  nodes: readonly Node[],
  kernel: 'groupSquares' | 'groupProducts',
  { x, dy, centre, sums }: Products,
): void {
  const descriptor = writeDescriptor(lowering.heap, 'groupProducts', {
    ...from(x),
    ...dyFrom(dy),
    height: x.height,
    width: x.width,
    channels: x.pitch,
    centre: centre.address,
    sums: sums.address,
  })
  lowering.phase({ nodes }, kernel, descriptor, x.batch * (x.pitch / 4))
}

/** (x, scale, shift) -> y */
export function lowerGroupNorm(lowering: Lowering, chain: Chain): void {
  const { root, nodes } = chain
  const x = lowering.storage(inputOf(root))
  const { fields } = appendMoments(lowering, chain, x)
  const [scale, shift] = [vectors(lowering, x).address, vectors(lowering, x).address]
  const beta = originOf(lowering.storage(inputOf(root, 2)))
  appendStatistics(lowering, nodes, 'groupScales', x, { ...fields, beta, scale, shift })
  const image = x.pitch * 4
  affine(lowering, chain, x, { scale, scaleImage: image, shift, shiftImage: image })
}

/** (x, scale, dy) -> (dx, dscale, dshift) */
export function lowerGroupNormGradient(lowering: Lowering, chain: Chain): void {
  const { root, nodes } = chain
  const [x, dy] = [lowering.storage(inputOf(root)), lowering.storage(inputOf(root, 2))]
  const { fields, means } = appendMoments(lowering, chain, x)
  const [dySums, products] = [vectors(lowering, x), vectors(lowering, x)]
  channelSums(lowering, { nodes }, { x: dy, y: dySums, perImage: true })
  appendProducts(lowering, nodes, 'groupProducts', { x, dy, centre: means, sums: products })
  const factors = {
    a: vectors(lowering, x).address,
    b: vectors(lowering, x).address,
    c: vectors(lowering, x).address,
  }
  appendStatistics(lowering, nodes, 'groupFactors', x, {
    ...fields,
    dySums: dySums.address,
    products: products.address,
    ...factors,
  })
  sumOverImages(lowering, nodes, products, root.outputs[1])
  sumOverImages(lowering, nodes, dySums, root.outputs[2])
  const dx = lowering.place(chain.result)
  const descriptor = writeDescriptor(lowering.heap, 'groupNormInput', {
    ...from(x),
    ...dyFrom(dy),
    ...to(dx),
    height: x.height,
    width: x.width,
    channels: x.pitch,
    vectorBytes: x.pitch * 4,
    ...factors,
  })
  lowering.phase(chain, 'groupNormInput', descriptor, unitsOf(dx))
}

/** What all images together say of a parameter. */
function sumOverImages(
  lowering: Lowering,
  nodes: readonly Node[],
  x: Storage,
  value: GraphValue | undefined,
): void {
  if (value === undefined) return
  channelSums(lowering, { nodes }, { x, y: lowering.place(value), perImage: false })
}
