/** The attributes of a convolution node. */
import type { Node } from '../../graph/graph.ts'
import type { ConvolutionAttributes } from '../../ops/conv2d.ts'
import { noHalo } from './layout.ts'

export function convolutionAttributes(node: Node): ConvolutionAttributes {
  const attributes: Partial<ConvolutionAttributes> = node.attributes
  const { stride = [1, 1], dilation = [1, 1], padding = noHalo, groups = 1 } = attributes
  return { stride, dilation, padding, groups }
}
