/** What training adds besides gradients of convolutions and normalisations and the optimiser's step, as phases. */
import { EngineError } from '../../errors.ts'
import type { GraphValue } from '../../graph/graph.ts'
import { bindBatch, elements } from '../../ops/shape.ts'
import type { PoolWindow } from '../../ops/window.ts'
import type { Chain } from './chains.ts'
import { inputOf } from './convolution-parameters.ts'
import { originOf, rowsOf } from './layout.ts'
import { lowerVectorProduct } from './lower-product.ts'
import { binary, dyFrom, from } from './lower-rows.ts'
import { lowerOuterProduct } from './lower-weight-gradient.ts'
import type { Lowering } from './lowering.ts'
import { groupingOf } from './pack.ts'
import { writeDescriptor } from './program.ts'
import { backwardView, packPanels } from './trained-weights.ts'

/** Floats of a unit of kernels that go over tensors of any shape. */
export const unitFloats = 1024

/** dx from x (or, for activations that cut off, from their output) and dy. */
export function lowerActivationGradient(lowering: Lowering, chain: Chain): void {
  binary(lowering, chain, chain.root.operation.name)
}

export function lowerPoolGradient(lowering: Lowering, chain: Chain): void {
  const { root } = chain
  const maximum = root.operation.name === 'maxPoolGradient'
  const attributes: Partial<PoolWindow> & {
    readonly paddingValue?: string
    readonly countPadding?: boolean
  } = root.attributes
  const { kernel = [1, 1], stride = [1, 1], padding } = attributes
  const dy = lowering.storage(inputOf(root, maximum ? 1 : 0))
  const dx = lowering.place(chain.result)
  const { base, image, row } = rowsOf(dx)
  const descriptor = writeDescriptor(lowering.heap, 'poolGradient', {
    ...(maximum ? from(lowering.storage(inputOf(root))) : {}),
    ...dyFrom(dy),
    dxBase: base,
    dxImage: image,
    dxRow: row,
    height: dy.height,
    width: dy.width,
    channels: dx.pitch,
    xHeight: dx.height,
    xWidth: dx.width,
    kernelHeight: kernel[0],
    kernelWidth: kernel[1],
    strideDown: stride[0],
    strideAcross: stride[1],
    top: padding?.top ?? 0,
    left: padding?.left ?? 0,
    countPadding: attributes.countPadding === true ? 1 : 0,
  })
  const kernelName = attributes.paddingValue === 'zero' ? 'maxPoolOverZerosGradient' : root.operation.name
  lowering.phase(chain, kernelName, descriptor, dx.batch)
}

/** The two products that a linear layer's gradients are: dy · weight, and dyᵀ · x. */
export function lowerMatmul(lowering: Lowering, chain: Chain): void {
  const { root } = chain
  const attributes: { readonly transposeA?: boolean; readonly transposeB?: boolean } = root.attributes
  const [a, b] = [inputOf(root), inputOf(root, 1)]
  if (attributes.transposeA && !attributes.transposeB && a.shape[0] === 'N' && b.shape[0] === 'N') {
    lowerOuterProduct(lowering, chain)
    return
  }
  if (attributes.transposeA || attributes.transposeB || a.shape[0] !== 'N' || b.shape[0] === 'N')
    throw new EngineError(
      `${root.name}: the wasm engine multiplies matrices as a linear layer's gradients do`,
    )
  const sizes = b.shape.map(Number)
  const view = backwardView({ address: originOf(lowering.storage(b)), sizes, groups: 1 })
  const [x, y] = [lowering.storage(a), lowering.place(chain.result)]
  const grouping = groupingOf(
    { filters: view.filters, groupChannels: view.channels, groups: 1 },
    lowering.columns,
  )
  const packing = { groups: 1, grouping, inputs: x.pitch }
  const weights = {
    panels: packPanels(lowering, chain.nodes, view, [0], packing),
    bias: lowering.zeros(grouping.panels * lowering.columns),
  }
  lowerVectorProduct(lowering, { nodes: chain.nodes, x, y, packing, weights })
}

/** (logits, targets, weights) -> loss. */
export function lowerCrossEntropy(lowering: Lowering, chain: Chain): void {
  const { heap, batch } = lowering
  const descriptor = writeDescriptor(heap, 'crossEntropy', {
    ...lossFields(lowering, chain),
    losses: heap.allocate(batch * 4),
    images: batch,
    loss: originOf(lowering.place(chain.result)),
  })
  lowering.phase(chain, 'crossEntropy', descriptor, batch)
  lowering.phase(chain, 'lossSum', descriptor, 1)
}

/** (logits, targets, weights, dloss) -> dlogits. */
export function lowerCrossEntropyGradient(lowering: Lowering, chain: Chain): void {
  const y = lowering.place(chain.result)
  const descriptor = writeDescriptor(lowering.heap, 'crossEntropy', {
    ...lossFields(lowering, chain),
    dLoss: originOf(lowering.storage(inputOf(chain.root, 3))),
    dLogits: originOf(y),
    dLogitsImage: rowsOf(y).image,
  })
  lowering.phase(chain, 'crossEntropyGradient', descriptor, lowering.batch)
}

function lossFields(lowering: Lowering, { root }: Chain) {
  const [logits, targets, weights] = [0, 1, 2].map((input) => rowsOf(lowering.storage(inputOf(root, input))))
  return {
    logits: logits?.base ?? 0,
    logitsImage: logits?.image ?? 0,
    targets: targets?.base ?? 0,
    targetsImage: targets?.image ?? 0,
    weights: weights?.base ?? 0,
    weightsImage: weights?.image ?? 0,
    classes: Number(inputOf(root).shape[1] ?? 0),
  }
}

/** The state takes its next value when all else is done. */
export function lowerAssignment(lowering: Lowering, state: GraphValue, value: GraphValue): void {
  if (lowering.committed.has(value)) return
  const count = countOf(lowering, state)
  const descriptor = writeDescriptor(lowering.heap, 'copy', {
    x: originOf(lowering.storage(value)),
    y: originOf(lowering.storage(state)),
    count,
  })
  lowering.commit(
    value.kind === 'node' ? [value.node] : [],
    'copy',
    descriptor,
    Math.ceil(count / unitFloats),
  )
}

/** Numbers of a value. */
export function countOf({ batch }: Lowering, value: GraphValue): number {
  return elements(bindBatch(value.shape, batch))
}
