/** Networks on generated weights, run by an engine: what the fixtures of the oracles are compared with. */
import type { Training } from '../src/architecture/training.ts'
import type { Engine, Session, TensorMap } from '../src/engines/engine.ts'
import type { Graph } from '../src/graph/graph.ts'
import { initialise } from '../src/graph/initialise.ts'
import { generateStates } from './generator.ts'

/** One run of a graph from given states; answers its outputs, and the states that are asked for as they are after it. */
export async function runOnce(
  engine: Engine,
  graph: Graph,
  options: {
    readonly batch: number
    readonly states: TensorMap
    readonly inputs: TensorMap
    readonly read?: readonly string[]
  },
): Promise<{ readonly outputs: TensorMap; readonly states: TensorMap }> {
  const session = await engine.open(options.states)
  await session.add('run', graph, { batch: options.batch })
  const outputs = await session.run('run', options.inputs)
  const states = await session.readState(options.read ?? [])
  await session.dispose()
  return { outputs, states }
}

/** A session of a training's graphs, `first`, `next` and `update`: on generated weights, momenta at zero. */
export async function openTraining(engine: Engine, training: Training, batch: number): Promise<Session> {
  const own = [...training.states].filter(
    ([name]) => !/^(average|firstMoment|gradient|momentum|pending|secondMoment)\//.test(name),
  )
  const start = new Map([...initialise(training, 0), ...generateStates({ states: new Map(own) })])
  const session = await engine.open(start)
  const { first, next, update } = training
  for (const [name, graph] of Object.entries({ first, next, update })) {
    await session.add(name, graph, { batch })
  }
  return session
}

/** What `first` and `next` read, for images of which each counts `weight` in the loss. */
export function trainingInputs(
  image: Float32Array,
  labels: readonly number[],
  { classes, weight }: { readonly classes: number; readonly weight: number },
): TensorMap {
  const targets = new Float32Array(labels.length * classes)
  for (const [i, label] of labels.entries()) targets[i * classes + label] = 1
  return new Map([
    ['image', image],
    ['targets', targets],
    ['weights', new Float32Array(labels.length).fill(weight)],
  ])
}

/** What `update` reads where all parameters are one group. */
export function updateInputs({
  rate,
  momentum,
  decay,
}: Readonly<Record<'rate' | 'momentum' | 'decay', number>>): TensorMap {
  return numbers({ 'rate/all': rate, 'decay/all': decay, scale: 1, momentum })
}

/** Inputs of a single number each. */
export function numbers(values: Readonly<Record<string, number>>): TensorMap {
  return new Map(Object.entries(values).map(([name, value]) => [name, Float32Array.of(value)]))
}

/** Greatest difference over the greatest expected value; NaN where a number is missing or is none. */
export function relativeDifference(values: ArrayLike<number>, expected: ArrayLike<number>): number {
  return greatestDifference(values, expected) / greatest(expected)
}

export function greatest(values: ArrayLike<number>): number {
  let most = 0
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i] ?? Number.NaN))
  return most
}

export function greatestDifference(values: ArrayLike<number>, expected: ArrayLike<number>): number {
  let most = 0
  for (let i = 0; i < expected.length; i++)
    most = Math.max(most, Math.abs((expected[i] ?? Number.NaN) - (values[i] ?? Number.NaN)))
  return most
}
