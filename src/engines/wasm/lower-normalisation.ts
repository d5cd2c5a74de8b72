/** Batch normalisation in training, and its gradients with moving and with fixed statistics. */
import { EngineError } from '../../errors.ts'
import type { GraphValue, Node } from '../../graph/graph.ts'
import type { Chain } from './chains.ts'
import { constantKey, constantValue, statesBehind } from './constants.ts'
import { inputOf } from './convolution-parameters.ts'
import { originOf, type Storage } from './layout.ts'
import { affine, dyFrom, from, to, unitsOf } from './lower-rows.ts'
import type { Lowering } from './lowering.ts'
import { foldingOf } from './pack.ts'
import { bitsOf, writeDescriptor } from './program.ts'

/** Bytes of a block of rows: a first-level cache. */
const blockBytes = 32 * 1024

interface Blocks {
  readonly rows: number
  readonly blockRows: number
  readonly count: number
  /** Where two vectors of sums lie for each block. */
  readonly partial: number
}

/** How a map is cut for sums by channel; by its size alone, so that sums are the same for any number of threads. */
function blocksOf(lowering: Lowering, x: Storage): Blocks {
  const rows = x.batch * x.height
  const blockRows = Math.min(rows, Math.max(1, Math.floor(blockBytes / (x.width * x.pitch * 4))))
  const count = Math.ceil(rows / blockRows)
  return { rows, blockRows, count, partial: lowering.scratchBytes('sums', count * x.pitch * 8) }
}

/** (x, scale, shift, running mean, running variance) -> (y, mean, inverse deviation, next mean, next variance). */
export function lowerBatchNormTraining(lowering: Lowering, chain: Chain): void {
  const { heap, normalised } = lowering
  const { root } = chain
  const x = lowering.storage(inputOf(root))
  const pixels = x.batch * x.height * x.width
  if (pixels < 2) {
    throw new EngineError(
      `${root.name}: batch statistics need more than one value in each channel; give a larger batch or larger images`,
    )
  }
  const attributes: { readonly epsilon?: number; readonly momentum?: number } = root.attributes
  const { rows, blockRows, count, partial } = blocksOf(lowering, x)
  const size = { height: x.height, width: x.width, channels: x.pitch }
  const moments = writeDescriptor(heap, 'moments', { ...from(x), ...size, rows, blockRows, partial })
  lowering.phase(chain, 'moments', moments, count)
  const place = (output: number) => originOf(lowering.place(outputOf(root, output)))
  const [scale, shift] = [heap.allocate(x.pitch * 4), heap.allocate(x.pitch * 4)]
  const combine = writeDescriptor(heap, 'combineMoments', {
    partial,
    pitch: x.pitch,
    blocks: count,
    blockPixels: blockRows * x.width,
    pixels,
    epsilon: bitsOf(attributes.epsilon ?? 0),
    momentum: bitsOf(attributes.momentum ?? 0),
    gamma: vectorOf(lowering, root, 1),
    beta: vectorOf(lowering, root, 2),
    runningMean: vectorOf(lowering, root, 3),
    runningVariance: vectorOf(lowering, root, 4),
    mean: place(1),
    inverse: place(2),
    nextMean: place(3),
    nextVariance: place(4),
    scale,
    shift,
  })
  lowering.phase(chain, 'combineMoments', combine, x.channels)
  normalised.set(root, { scale, shift })
  affine(lowering, chain, x, { scale, shift })
}

/** (x, scale, mean, inverse deviation, dy) -> (dx, dscale, dshift), with the gradient of the activation behind. */
export function lowerBatchNormTrainingGradient(
  lowering: Lowering,
  node: Node,
  behind: Node | undefined,
): void {
  const forward = behind?.inputs[0]
  const made = forward?.kind === 'node' ? lowering.normalised.get(forward.node) : undefined
  appendGradient(lowering, {
    node,
    nodes: behind === undefined ? [node] : [behind, node],
    dy: behind === undefined ? inputOf(node, 4) : inputOf(behind, 1),
    activation: behind === undefined ? 'none' : behind.operation.name.replace('Gradient', ''),
    gamma: vectorOf(lowering, node, 1),
    mean: vectorOf(lowering, node, 2),
    inverse: vectorOf(lowering, node, 3),
    ...(made ?? {}),
    fixed: false,
  })
}

/** (x, scale, mean, variance, dy) -> (dx, dscale, dshift), where the statistics are the running ones. */
export function lowerBatchNormGradient(lowering: Lowering, { root }: Chain): void {
  const { heap } = lowering
  const attributes: { readonly epsilon?: number } = root.attributes
  const variance = inputOf(root, 3)
  const { epsilon = 0 } = attributes
  const inverse = lowering.pack(`inverse deviation ${constantKey(variance)} ${epsilon}`, () => ({
    bytes: lowering.storage(variance).pitch * 4,
    states: statesBehind(variance),
    write(address, states) {
      const parameters = [undefined, undefined, undefined, constantValue(variance, states)]
      heap.floats.set(foldingOf(parameters, epsilon).factor, address / 4)
      return []
    },
  }))
  appendGradient(lowering, {
    node: root,
    nodes: [root],
    dy: inputOf(root, 4),
    activation: 'none',
    gamma: vectorOf(lowering, root, 1),
    mean: vectorOf(lowering, root, 2),
    inverse,
    fixed: true,
  })
}

interface NormGradient {
  readonly node: Node
  readonly nodes: readonly Node[]
  readonly dy: GraphValue
  /** The activation behind the normalisation that is taken back along the way. */
  readonly activation: string
  readonly gamma: number
  readonly mean: number
  readonly inverse: number
  /** What the forward pass made its output with; only where an activation is taken back. */
  readonly scale?: number
  readonly shift?: number
  readonly fixed: boolean
}

function appendGradient(lowering: Lowering, gradient: NormGradient): void {
  const { heap } = lowering
  const { node, nodes, activation, gamma, mean, inverse, scale = 0, shift = 0, fixed } = gradient
  const x = lowering.storage(inputOf(node))
  const dy = lowering.storage(gradient.dy)
  const { rows, blockRows, count, partial } = blocksOf(lowering, x)
  const size = { height: x.height, width: x.width, channels: x.pitch }
  const maps = { ...from(x), ...dyFrom(dy) }
  const sums = { ...maps, ...size, rows, blockRows, mean, scale, shift, partial }
  lowering.phase(
    { nodes },
    `normGradientSums_${activation}`,
    writeDescriptor(heap, 'normGradientSums', sums),
    count,
  )
  const [a, b, c] = [heap.allocate(x.pitch * 4), heap.allocate(x.pitch * 4), heap.allocate(x.pitch * 4)]
  const combine = writeDescriptor(heap, 'combineNormGradient', {
    partial,
    pitch: x.pitch,
    blocks: count,
    pixels: x.batch * x.height * x.width,
    gamma,
    mean,
    inverse,
    dScale: originOf(lowering.place(outputOf(node, 1))),
    dShift: originOf(lowering.place(outputOf(node, 2))),
    a,
    b,
    c,
    fixed: fixed ? 1 : 0,
  })
  lowering.phase({ nodes }, 'combineNormGradient', combine, x.channels)
  const dx = lowering.place(outputOf(node, 0))
  const input = writeDescriptor(heap, 'normGradientInput', {
    ...maps,
    ...to(dx),
    ...size,
    scale,
    shift,
    a,
    b,
    c,
  })
  lowering.phase({ nodes }, `normGradientInput_${activation}`, input, unitsOf(dx))
}

function outputOf(node: Node, index: number): GraphValue {
  const value = node.outputs[index]
  if (value === undefined) throw new RangeError(`${node.name} has no output ${index}`)
  return value
}

/** The address of an input that is a vector. */
function vectorOf(lowering: Lowering, node: Node, index: number): number {
  return originOf(lowering.storage(inputOf(node, index)))
}
