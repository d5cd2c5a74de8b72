/** Values that depend on states alone (standardised weights, reshaped kernels, fixed scales), computed when states change. */
import type { GraphValue } from '../../graph/graph.ts'
import type { Array64 } from '../../ops/operation.ts'
import { bindBatch } from '../../ops/shape.ts'
import type { ReadableState } from '../state.ts'

/** A constant value by the operations' own arithmetic. */
export function constantValue(value: GraphValue, states: ReadableState): Array64 {
  const shape = bindBatch(value.shape, 1)
  if (value.kind !== 'node') return { shape, data: Float64Array.from(states.get(value.name) ?? []) }
  const { operation, attributes, inputs, outputs } = value.node
  const results = operation.reference(
    inputs.map((input) => constantValue(input, states)),
    attributes,
    outputs.map((output) => bindBatch(output.shape, 1)),
  )
  return { shape, data: results[value.output] ?? new Float64Array() }
}

/** Names of the states that a constant depends on. */
export function statesBehind(value: GraphValue): readonly string[] {
  return value.kind === 'node' ? value.node.inputs.flatMap(statesBehind) : [value.name]
}

/** The same for constants that are computed alike from the same states. */
export function constantKey(value: GraphValue | undefined): string {
  if (value?.kind !== 'node') return value?.name ?? ''
  const { operation, attributes, inputs } = value.node
  return `${operation.name}:${value.output}${JSON.stringify(attributes)}(${inputs.map(constantKey).join()})`
}
