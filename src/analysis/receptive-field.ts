/**
 * Receptive fields: how many input pixels a cell of each map can see, and how many lie between two neighbouring cells.
 * Through a window of kernel k, stride s and dilation d: field += (k − 1) · d · jump, jump ×= s
 * (Araujo, Norris, Sim: Computing receptive fields of convolutional neural networks, 2019). Where paths meet, the widest
 * one counts.
 */
import type { Graph, GraphValue, Node } from '../graph/graph.ts'
import { windowOf } from './window.ts'

/** In pixels of the input, `[vertical, horizontal]`. */
export interface Field {
  readonly size: readonly [number, number]
  /** From one cell to the next; 0 for a map of one cell that has seen everything. */
  readonly jump: readonly [number, number]
}

/** The field of every value that depends on an input. */
export function receptiveFields(graph: Graph): ReadonlyMap<GraphValue, Field> {
  const fields = new Map<GraphValue, Field>()
  for (const input of graph.inputs.values()) fields.set(input, { size: [1, 1], jump: [1, 1] })
  for (const node of graph.nodes) {
    const seen = widest(node.inputs.flatMap((input) => fields.get(input) ?? []))
    if (seen === undefined) continue
    const field = through(node, seen)
    for (const output of node.outputs) fields.set(output, field)
  }
  return fields
}

function widest(fields: readonly Field[]): Field | undefined {
  const [first, ...rest] = fields
  if (first === undefined || rest.length === 0) return first
  const largest = (read: (field: Field) => number) => Math.max(...fields.map(read))
  return {
    size: [largest(({ size }) => size[0]), largest(({ size }) => size[1])],
    jump: [largest(({ jump }) => jump[0]), largest(({ jump }) => jump[1])],
  }
}

function through(node: Node, { size, jump }: Field): Field {
  if (node.operation.name === 'globalAveragePool') {
    const [, , height, width] = node.inputs[0]?.shape ?? []
    const whole = (cells: number | 'N' | undefined, axis: 0 | 1) =>
      size[axis] + ((typeof cells === 'number' ? cells : 1) - 1) * jump[axis]
    return { size: [whole(height, 0), whole(width, 1)], jump: [0, 0] }
  }
  const window = windowOf(node)
  if (window === undefined) return { size, jump }
  const grown = (axis: 0 | 1) => size[axis] + (window.kernel[axis] - 1) * window.dilation[axis] * jump[axis]
  return {
    size: [grown(0), grown(1)],
    jump: [jump[0] * window.stride[0], jump[1] * window.stride[1]],
  }
}
