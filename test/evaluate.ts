/** Evaluates a graph in double precision throughout, by the operations' reference arithmetic alone. */
import type { Graph, GraphValue } from '../src/graph/graph.ts'
import type { Array64 } from '../src/ops/operation.ts'
import { bindBatch } from '../src/ops/shape.ts'

/** The graph's outputs for inputs and states by name. */
export function evaluate(
  graph: Graph,
  given: ReadonlyMap<string, Float64Array>,
  batch: number,
): ReadonlyMap<string, Float64Array> {
  const values = new Map<GraphValue, Array64>()
  for (const value of [...graph.inputs.values(), ...graph.states.values()]) {
    values.set(value, {
      shape: bindBatch(value.shape, batch),
      data: given.get(value.name) ?? new Float64Array(),
    })
  }
  const read = (value: GraphValue): Array64 => values.get(value) ?? { shape: [], data: new Float64Array() }
  for (const { operation, attributes, inputs, outputs } of graph.nodes) {
    const shapes = outputs.map(({ shape }) => bindBatch(shape, batch))
    const results = operation.reference(inputs.map(read), attributes, shapes)
    outputs.forEach((output, i) => {
      values.set(output, { shape: shapes[i] ?? [], data: results[i] ?? new Float64Array() })
    })
  }
  return new Map([...graph.outputs].map(([name, value]) => [name, read(value).data]))
}
