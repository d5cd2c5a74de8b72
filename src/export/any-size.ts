/**
 * Whether a network can be written for images of any height and width: its shapes are followed at other sizes, with the
 * padding and windows that its rules give there.
 */
import { ceilPadding, samePadding } from '../architecture/padding.ts'
import { ExportError, ShapeError } from '../errors.ts'
import type { Graph, GraphValue, Node } from '../graph/graph.ts'
import { imageShape, type Shape } from '../ops/shape.ts'
import type { Follows, Padding } from '../ops/window.ts'

/** Sizes that leave every remainder by the strides of a network, 32 at most. */
const steps = 32

/**
 * The shapes of a graph's values at another size than its own, which tells what varies with the size. Throws `ExportError`
 * with the reason where the network works at some sizes only.
 */
export function shapesAtAnySize(graph: Graph, name: string): ReadonlyMap<GraphValue, Shape> {
  const shapes = new Map<GraphValue, Shape>()
  for (let more = 1; more <= steps; more++) {
    for (const input of graph.inputs.values()) shapes.set(input, enlarged(input.shape, more))
    const [, , height, width] = [...graph.inputs.values()].map((input) => shapes.get(input)).find(isMap) ?? []
    for (const node of graph.nodes) {
      try {
        follow(node, shapes)
      } catch (error) {
        if (!(error instanceof ShapeError)) throw error
        throw new ExportError(
          `${name}: height and width cannot be free, since the network does not work at ${height}×${width} (${node.name}: ${error.message}); write it for its own size`,
          { cause: error },
        )
      }
    }
  }
  return shapes
}

function isMap(shape: Shape | undefined): boolean {
  return shape?.length === 4
}

function enlarged(shape: Shape, more: number): Shape {
  return isMap(shape) ? shape.map((dim, axis) => (axis > 1 ? Number(dim) + more : dim)) : shape
}

function follow(node: Node, shapes: Map<GraphValue, Shape>): void {
  const given = node.inputs.map((input) => shapes.get(input) ?? input.shape)
  checkWhole(node, given)
  const found = node.operation.shapes(given, attributesAt(node, given))
  node.outputs.forEach((output, i) => {
    shapes.set(output, found[i] ?? output.shape)
  })
}

/** A window as large as the map that it was built for, in a head of a fixed size. */
function checkWhole(node: Node, [now]: readonly Shape[]): void {
  const { kernel, follows } = windowOf(node)
  const built = node.inputs[0]?.shape
  if (kernel === undefined || follows !== undefined || built === undefined || now === undefined) return
  const { height, width } = imageShape(built, node.name)
  const [down, across] = kernel
  if (down === 1 || down !== height || across !== width) return
  throw new ShapeError(`a fixed window of ${down}×${across} must cover the whole map`)
}

/** The attributes with the padding or the window that their rule gives for this size. */
function attributesAt(node: Node, [map, weight]: readonly Shape[]): object {
  const { follows, kernel, stride } = windowOf(node)
  if (follows === undefined || stride === undefined) return node.attributes
  const { height, width } = imageShape(map, node.name)
  if (follows === 'map') return { ...node.attributes, kernel: [height, width], stride: [height, width] }
  const side = kernel?.[0] ?? Number(weight?.[2])
  const rule = { same: samePadding, ceil: ceilPadding }[follows]
  const padding: Padding = rule([height, width], side, stride[0])
  return { ...node.attributes, padding }
}

type Pair = readonly [number, number]

/** What the attributes of a node say of a window. */
function windowOf({ attributes }: Node): {
  readonly kernel: Pair | undefined
  readonly stride: Pair | undefined
  readonly follows: Follows | undefined
} {
  const given: { readonly kernel?: unknown; readonly stride?: unknown; readonly follows?: unknown } =
    attributes
  const { kernel, stride, follows } = given
  return {
    kernel: isPair(kernel) ? kernel : undefined,
    stride: isPair(stride) ? stride : undefined,
    follows: follows === 'same' || follows === 'ceil' || follows === 'map' ? follows : undefined,
  }
}

function isPair(value: unknown): value is Pair {
  return Array.isArray(value) && value.length === 2 && value.every((each) => typeof each === 'number')
}
