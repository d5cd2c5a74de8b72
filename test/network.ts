/** Networks on generated weights, run by an engine: what the fixtures of the oracles are compared with. */
import type { Engine, TensorMap } from '../src/engines/engine.ts'
import type { Graph } from '../src/graph/graph.ts'
import { generateStates } from './generator.ts'

/** One run of a graph on generated states; also answers the states after it. */
export async function runOnce(
  engine: Engine,
  graph: Graph,
  options: { readonly batch: number; readonly gain: number; readonly inputs: TensorMap },
): Promise<{ readonly outputs: TensorMap; readonly states: TensorMap }> {
  const session = await engine.open(generateStates(graph, options.gain))
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
