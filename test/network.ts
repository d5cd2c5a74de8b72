/** Networks on generated weights, run by the reference engine: what the fixtures of the oracles are compared with. */

import type { TensorMap } from '../src/engines/engine.ts'
import { referenceEngine } from '../src/engines/reference/reference.ts'
import type { Graph } from '../src/graph/graph.ts'
import { bindBatch } from '../src/ops/shape.ts'
import { generate } from './generator.ts'

/** Every state of a graph, filled from its name. */
export function generatedStates(graph: Graph, gain: number): TensorMap {
  return new Map(
    [...graph.states.values()].map(({ name, shape }) => [name, generate(name, bindBatch(shape, 1), gain)]),
  )
}

/** One run of a graph on generated states; also answers the states after it. */
export async function runOnce(
  graph: Graph,
  options: { readonly batch: number; readonly gain: number; readonly inputs: TensorMap },
): Promise<{ readonly outputs: TensorMap; readonly states: TensorMap }> {
  const session = await referenceEngine.open(generatedStates(graph, options.gain))
  await session.add('run', graph, { batch: options.batch })
  const outputs = await session.run('run', options.inputs)
  const states = await session.readState()
  await session.dispose()
  return { outputs, states }
}

/** Greatest difference over the greatest expected value. */
export function relativeDifference(values: ArrayLike<number>, expected: readonly number[]): number {
  const greatest = Math.max(...expected.map(Math.abs))
  return Math.max(...expected.map((value, i) => Math.abs(value - (values[i] ?? Number.NaN)))) / greatest
}
