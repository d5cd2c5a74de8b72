/** The window that a node slides over its map, read from its attributes: kernel, stride and dilation. */
import type { Node } from '../graph/graph.ts'

export interface NodeWindow {
  /** `[vertical, horizontal]`, as all three. */
  readonly kernel: readonly [number, number]
  readonly stride: readonly [number, number]
  readonly dilation: readonly [number, number]
}

/** The window of a convolution, pool or filter; `undefined` for what looks at one cell (or at all of them). */
export function windowOf(node: Node): NodeWindow | undefined {
  const kernel = kernelOf(node)
  if (kernel === undefined) return undefined
  return {
    kernel,
    stride: pairOf(node, 'stride') ?? [1, 1],
    dilation: pairOf(node, 'dilation') ?? [1, 1],
  }
}

function kernelOf(node: Node): readonly [number, number] | undefined {
  if (node.operation.name === 'conv2d') {
    const [, , height, width] = node.inputs[1]?.shape ?? []
    return typeof height === 'number' && typeof width === 'number' ? [height, width] : undefined
  }
  const taps: unknown = Reflect.get(node.attributes, 'taps')
  return Array.isArray(taps) ? [taps.length, taps.length] : pairOf(node, 'kernel')
}

function pairOf(node: Node, key: string): readonly [number, number] | undefined {
  const value: unknown = Reflect.get(node.attributes, key)
  if (typeof value === 'number') return [value, value]
  if (!Array.isArray(value)) return undefined
  const [vertical, horizontal]: readonly unknown[] = value
  return typeof vertical === 'number' && typeof horizontal === 'number' ? [vertical, horizontal] : undefined
}

/** Groups of a convolution; 1 for everything else. */
export function groupsOf(node: Node): number {
  const groups: unknown = Reflect.get(node.attributes, 'groups')
  return node.operation.name === 'conv2d' && typeof groups === 'number' ? groups : 1
}
