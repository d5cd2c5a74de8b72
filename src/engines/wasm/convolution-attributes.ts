/** What a convolution, the gradient of its input and the gradient of its weights have in common: attributes and shapes. */
import type { Node } from '../../graph/graph.ts'
import type { ConvolutionAttributes } from '../../ops/conv2d.ts'
import { type ImageShape, imageShape, type Shape } from '../../ops/shape.ts'
import { noHalo } from './layout.ts'

export function convolutionAttributes(node: Node): ConvolutionAttributes {
  const attributes: Partial<ConvolutionAttributes> = node.attributes
  const { stride = [1, 1], dilation = [1, 1], padding = noHalo, groups = 1 } = attributes
  return { stride, dilation, padding, groups }
}

export interface ConvolutionShapes {
  /** Sizes of the weight, [K, C / groups, R, S]. */
  readonly weight: readonly number[]
  readonly x: ImageShape
  readonly y: ImageShape
}

/** Shapes of a convolution over maps, from any of its three nodes. */
export function convolutionShapes(node: Node): ConvolutionShapes {
  const attributes: { readonly weightShape?: Shape } = node.attributes
  const [first, second] = node.inputs.map(({ shape }) => shape)
  const output = node.outputs[0]?.shape
  const [weight, x, y] =
    node.operation.name === 'conv2d'
      ? [second, first, output]
      : node.operation.name === 'conv2dInputGradient'
        ? [second, output, first]
        : [attributes.weightShape, first, second]
  return { weight: (weight ?? []).map(Number), x: imageShape(x, node.name), y: imageShape(y, node.name) }
}
