/** How many zeros must stand around a map so that every convolution that reads it finds its padding there. */
import type { GraphValue, Node } from '../../graph/graph.ts'
import type { Padding } from '../../ops/window.ts'
import type { ChainFinder } from './chains.ts'
import { convolutionAttributes, convolutionShapes } from './convolution-attributes.ts'
import { isMap, noHalo } from './layout.ts'
import { inputGradientHalo } from './lower-input-gradient.ts'
import { suitsWinograd, tilesAlong } from './winograd.ts'

export function haloOf(value: GraphValue, chains: ChainFinder): Padding {
  if (value.shape.length !== 4 || value.shape[0] !== 'N' || !isMap(value.shape)) return noHalo
  return chains
    .readers(value)
    .map((node) => haloFor(node, value))
    .reduce(
      (a, b) => ({
        top: Math.max(a.top, b.top),
        left: Math.max(a.left, b.left),
        bottom: Math.max(a.bottom, b.bottom),
        right: Math.max(a.right, b.right),
      }),
      noHalo,
    )
}

/** The border that one reader of a value needs. */
function haloFor(node: Node, value: GraphValue): Padding {
  const [first, second] = node.inputs
  switch (node.operation.name) {
    case 'conv2d':
      return first === value ? windowHalo(node) : noHalo
    case 'conv2dWeightGradient':
      return first === value ? windowHalo(node) : second === value ? tileHalo(node) : noHalo
    case 'conv2dInputGradient':
      return first === value ? turnedHalo(node) : noHalo
    default:
      return noHalo
  }
}

/** Rows and columns of the last tiles that lie over the edge of a convolution's output. */
function tileHalo(node: Node): Padding {
  if (!suitsWinograd(node)) return noHalo
  const { height, width } = convolutionShapes(node).y
  return { ...noHalo, bottom: 4 * tilesAlong(height) - height, right: 4 * tilesAlong(width) - width }
}

/** What the gradient of a convolution's input reads over the edge of dy. */
function turnedHalo(node: Node): Padding {
  const halo = inputGradientHalo(node)
  if (!suitsWinograd(node)) return halo
  const { x, y } = convolutionShapes(node)
  const { padding } = convolutionAttributes(node)
  // Tiles of 4 and the filter's other two cells, from 2 - padding before the edge on.
  return {
    top: 2 - padding.top,
    left: 2 - padding.left,
    bottom: Math.max(0, 4 * tilesAlong(x.height) + padding.top - y.height),
    right: Math.max(0, 4 * tilesAlong(x.width) + padding.left - y.width),
  }
}

/** Padding before; after, what the last window (or the last tile of 4×4 outputs) reaches over the edge. */
function windowHalo(node: Node): Padding {
  const { padding, stride, dilation } = convolutionAttributes(node)
  const whole = suitsWinograd(node)
    ? (outputs: number) => 4 * tilesAlong(outputs)
    : (outputs: number) => outputs
  const { x, y, weight } = convolutionShapes(node)
  const [, , rows = 1, columns = 1] = weight
  const after = (
    outputs: number,
    step: number,
    spread: number,
    size: number,
    before: number,
    inputs: number,
  ) => Math.max(0, (whole(outputs) - 1) * step + spread * (size - 1) + 1 - before - inputs)
  return {
    top: padding.top,
    left: padding.left,
    bottom: after(y.height, stride[0], dilation[0], rows, padding.top, x.height),
    right: after(y.width, stride[1], dilation[1], columns, padding.left, x.width),
  }
}
