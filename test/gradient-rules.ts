/**
 * Gradient rules as an engine runs them, against the reference arithmetic: each operation's rule is applied to a random
 * gradient of its output, and what comes out for every input is compared. The seed is printed when a case fails.
 */
import { expect } from 'vitest'
import type { Engine, TensorMap } from '../src/engines/engine.ts'
import { referenceEngine } from '../src/engines/reference/reference.ts'
import { GraphBuilder } from '../src/graph/builder.ts'
import type { GraphValue } from '../src/graph/graph.ts'
import type { Operation } from '../src/ops/operation.ts'
import { randomUniform } from '../src/ops/random-bits.ts'
import { bindBatch, elements, type Shape } from '../src/ops/shape.ts'
import { wasmLevels } from './wasm-levels.ts'

const seed = Date.now() % 1_000_000

function random(stream: number, count: number, from = -1, to = 1): Float32Array {
  return new Float32Array(count).map((_, index) => from + (to - from) * randomUniform(seed, stream, index))
}

/** Names and shapes. */
export type Named = readonly (readonly [string, Shape])[]

/** An operation of `x`, further inputs and states. */
export interface Case<A extends object = object> {
  readonly shape: Shape
  readonly batch: number
  readonly operation: Operation<A>
  readonly attributes: A
  readonly inputs?: Named
  readonly states?: Named
}

/** The operation, and its gradient rule applied to an input `dy`; its gradients are outputs by number. */
function graphOf<A extends object>({
  shape,
  operation,
  attributes,
  inputs: further = [],
  states = [],
}: Case<A>) {
  const builder = new GraphBuilder()
  const inputs: GraphValue[] = [builder.input('x', shape)]
  for (const [name, of] of further) inputs.push(builder.input(name, of))
  for (const [name, of] of states) inputs.push(builder.parameter(name, of, { kind: 'constant', value: 0 }))
  const outputs = builder.all(operation, attributes, inputs)
  const dy = builder.input('dy', outputs[0]?.shape ?? [])
  const outputGradients = [dy, ...outputs.slice(1).map(() => undefined)]
  const wants = () => true
  const found =
    operation.gradient?.<GraphValue>({
      emit: builder,
      attributes,
      inputs,
      outputs,
      outputGradients,
      wants,
    }) ?? []
  found.forEach((gradient, index) => {
    if (gradient !== undefined) builder.output(`${index}`, gradient)
  })
  outputs.forEach((output, index) => {
    builder.output(`output ${index}`, output)
  })
  return builder.build()
}

async function answersOf<A extends object>(
  engine: Engine,
  given: Case<A>,
  precise: boolean,
): Promise<TensorMap> {
  const graph = graphOf(given)
  const states = [...graph.states.values()].map(({ name, shape }, index) => {
    const positive = name.endsWith('variance')
    const size = elements(bindBatch(shape, 1))
    return [name, random(index + 2, size, positive ? 0.5 : -1, positive ? 1.5 : 1)] as const
  })
  const session = await engine.open(new Map(states), { precise })
  try {
    await session.add('run', graph, { batch: given.batch })
    const inputs = [...graph.inputs.values()].map(
      ({ name, shape }, index) => [name, random(index, elements(bindBatch(shape, given.batch)))] as const,
    )
    const poison = inputs.map(([name, values]) => [name, values.map((value) => value * 1e3)] as const)
    await session.run('run', new Map(poison))
    return await session.run('run', new Map(inputs))
  } finally {
    await session.dispose()
  }
}

/** Compares what the operation and its gradients give at every level of the wasm engine with the reference. */
export async function checkGradients<A extends object>(
  given: Case<A>,
  { precise = true, tolerance = 1e-5 } = {},
): Promise<void> {
  const expected = await answersOf(referenceEngine, given, precise)
  for (const engine of wasmLevels)
    agree(await answersOf(engine, given, precise), expected, { tolerance, title: engine.name })
}

function agree(
  answers: TensorMap,
  expected: TensorMap,
  { tolerance, title }: { readonly tolerance: number; readonly title: string },
): void {
  expect([...answers.keys()]).toEqual([...expected.keys()])
  for (const [name, values] of expected) {
    const ours = answers.get(name) ?? new Float32Array()
    expect(ours).toHaveLength(values.length)
    const greatest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6)
    const difference = values.reduce(
      (most, value, i) => Math.max(most, Math.abs(value - (ours[i] ?? Number.NaN))),
      0,
    )
    expect(difference / greatest, `${title}, gradient of input ${name}, seed ${seed}`).toBeLessThan(tolerance)
  }
}
