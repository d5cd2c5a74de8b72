/** How many zeros must stand around a map so that every convolution that reads it finds its padding there. */
import type { GraphValue, Node } from '../../graph/graph.ts'
import { imageShape } from '../../ops/shape.ts'
import type { Padding } from '../../ops/window.ts'
import type { ChainFinder } from './chains.ts'
import { convolutionAttributes } from './convolution-attributes.ts'
import { isMap, noHalo } from './layout.ts'
import { suitsWinograd, tilesAlong } from './winograd.ts'

export function haloOf(value: GraphValue, chains: ChainFinder): Padding {
  if (value.shape.length !== 4 || !isMap(value.shape)) return noHalo
  const needs = chains
    .readers(value)
    .filter((node) => node.operation.name === 'conv2d' && node.inputs[0] === value)
  return needs.map(convolutionHalo).reduce(
    (a, b) => ({
      top: Math.max(a.top, b.top),
      left: Math.max(a.left, b.left),
      bottom: Math.max(a.bottom, b.bottom),
      right: Math.max(a.right, b.right),
    }),
    noHalo,
  )
}

/** Padding before; after, what the last window (or the last tile of 4×4 outputs) reaches over the edge. */
function convolutionHalo(node: Node): Padding {
  const { padding, stride, dilation } = convolutionAttributes(node)
  const whole = suitsWinograd(node)
    ? (outputs: number) => 4 * tilesAlong(outputs)
    : (outputs: number) => outputs
  const [x, weight, y] = [node.inputs[0], node.inputs[1], node.outputs[0]]
  const { height, width } = imageShape(x?.shape, node.name)
  const { height: outHeight, width: outWidth } = imageShape(y?.shape, node.name)
  const [, , rows = 1, columns = 1] = (weight?.shape ?? []).map(Number)
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
    bottom: after(outHeight, stride[0], dilation[0], rows, padding.top, height),
    right: after(outWidth, stride[1], dilation[1], columns, padding.left, width),
  }
}
