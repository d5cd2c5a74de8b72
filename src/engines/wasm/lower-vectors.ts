/** The vectors of attention as phases: softmax, ECA's convolution and its gradients, other shapes of the same elements. */
import { EngineError } from '../../errors.ts'
import type { GraphValue, Node } from '../../graph/graph.ts'
import { sameShape } from '../../ops/shape.ts'
import type { Chain } from './chains.ts'
import { convolutionAttributes, convolutionShapes } from './convolution-attributes.ts'
import { inputOf } from './convolution-parameters.ts'
import { originOf, rowsOf } from './layout.ts'
import type { Lowering } from './lowering.ts'
import { writeDescriptor } from './program.ts'

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

/** What the kernels of a vector's convolution are told: x and y [N, 1, C, 1], a weight [1, 1, k, 1]. */
function vectorFields(
  lowering: Lowering,
  node: Node,
  { x, y }: { readonly x: GraphValue; readonly y: GraphValue },
) {
  const { stride, dilation, padding } = convolutionAttributes(node)
  const { weight } = convolutionShapes(node)
  const [filters, inputs, taps = 1] = weight
  const alone = filters === 1 && inputs === 1 && stride[0] === 1 && dilation[0] === 1
  if (!alone || !sameShape(x.shape, y.shape))
    throw new EngineError(
      `${node.name}: the wasm engine convolves vectors [N, 1, C, 1] by one filter, with stride 1 and no dilation, to vectors of their length`,
    )
  const [from, to] = [lowering.storage(x), lowering.storage(y)]
  return {
    x: originOf(from),
    xImage: rowsOf(from).image,
    y: originOf(to),
    yImage: rowsOf(to).image,
    images: from.batch,
    length: from.channels,
    taps,
    before: padding.top,
  }
}

/** ECA's convolution over the channels of a vector. */
export function lowerVectorConvolution(lowering: Lowering, chain: Chain): void {
  const { root, result } = chain
  lowering.place(result)
  const fields = vectorFields(lowering, root, { x: inputOf(root), y: result })
  const weights = originOf(lowering.storage(inputOf(root, 1)))
  const descriptor = writeDescriptor(lowering.heap, 'vectorConvolution', { ...fields, weights, tapStep: 4 })
  lowering.phase(chain, 'vectorConvolution', descriptor, fields.images)
}

/** dx: dy convolved with the filter turned round. */
export function lowerVectorInputGradient(lowering: Lowering, chain: Chain): void {
  const { root, result } = chain
  lowering.place(result)
  const fields = vectorFields(lowering, root, { x: inputOf(root), y: result })
  const descriptor = writeDescriptor(lowering.heap, 'vectorConvolution', {
    ...fields,
    weights: originOf(lowering.storage(inputOf(root, 1))) + 4 * (fields.taps - 1),
    tapStep: -4,
    before: fields.taps - 1 - fields.before,
  })
  lowering.phase(chain, 'vectorConvolution', descriptor, fields.images)
}

export function lowerVectorWeightGradient(lowering: Lowering, chain: Chain): void {
  const { root, result } = chain
  const fields = vectorFields(lowering, root, { x: inputOf(root), y: inputOf(root, 1) })
  const weights = originOf(lowering.place(result))
  const descriptor = writeDescriptor(lowering.heap, 'vectorConvolution', { ...fields, weights })
  lowering.phase(chain, 'vectorConvolutionGradient', descriptor, fields.taps)
}

/** The same elements under another shape: vectors and weights stay where they are. */
export function lowerReshape(lowering: Lowering, chain: Chain): void {
  const x = lowering.storage(inputOf(chain.root))
  const y = lowering.layout(chain.result)
  if (x.height * x.width !== 1 || y.height * y.width !== 1) {
    throw new EngineError(
      `${chain.root.name}: the wasm engine reshapes vectors, not maps of ${x.height}×${x.width}`,
    )
  }
  lowering.alias(chain.result, x)
}
