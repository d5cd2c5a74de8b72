/**
 * One training step against PyTorch: loss, each gradient and each running statistic of narrow networks with batch
 * normalisation, on generated weights and images.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { changed } from '../src/architecture/change.ts'
import { buildGradients } from '../src/architecture/gradients.ts'
import { config } from '../src/architecture/variants.ts'
import { referenceEngine } from '../src/engines/reference/reference.ts'
import { wasmEngine } from '../src/engines/wasm/wasm.ts'
import { generate, generateStates } from './generator.ts'
import { relativeDifference, runOnce, trainingInputs } from './network.ts'

/** A tensor as the fixture keeps it: whole, or its sum, its sum of squares and how it begins. */
type RecordedTensor =
  | { readonly shape: readonly number[]; readonly values: readonly number[] }
  | {
      readonly shape: readonly number[]
      readonly sum: number
      readonly squares: number
      readonly first: readonly number[]
    }

interface StepFixture {
  readonly variant: string
  readonly set: Readonly<Record<string, unknown>>
  readonly input: readonly [number, number, number, number]
  readonly labels: readonly number[]
  readonly logits: readonly (readonly number[])[]
  readonly loss: number
  readonly gradients: Readonly<Record<string, RecordedTensor>>
  readonly running: Readonly<Record<string, readonly number[]>>
}

const fixtures: readonly StepFixture[] = JSON.parse(
  readFileSync(new URL('../fixtures/gradients/step.json', import.meta.url), 'utf8'),
)

/** The fixture's view of a tensor of ours, so that both can be compared number by number. */
function digest(values: Float32Array, like: RecordedTensor): readonly number[] {
  if ('values' in like) return [...values]
  return [
    values.reduce((sum, value) => sum + value, 0),
    values.reduce((sum, value) => sum + value * value, 0),
    ...values.slice(0, 16),
  ]
}

function recorded(tensor: RecordedTensor): readonly number[] {
  return 'values' in tensor ? tensor.values : [tensor.sum, tensor.squares, ...tensor.first]
}

describe.each(
  fixtures.flatMap((fixture) => [
    { ...fixture, engine: referenceEngine, tolerance: 1e-4 },
    { ...fixture, engine: wasmEngine, tolerance: 1e-3 },
  ]),
)('a training step of a narrow $variant on $engine.name', ({
  engine,
  tolerance,
  variant,
  set,
  input,
  labels,
  logits,
  loss,
  gradients,
  running,
}) => {
  const graph = buildGradients(changed(config(variant), set))
  const classes = logits[0]?.length ?? 0
  const inputs = trainingInputs(generate('input', input), labels, { classes, weight: 1 / labels.length })
  const step = runOnce(engine, graph, {
    batch: labels.length,
    states: generateStates(graph),
    inputs,
    read: Object.keys(running),
  })

  it('gives the same logits and loss', async () => {
    const { outputs } = await step
    expect(relativeDifference(outputs.get('logits') ?? [], logits.flat())).toBeLessThan(1e-5)
    expect(relativeDifference(outputs.get('loss') ?? [], [loss])).toBeLessThan(1e-6)
  })

  it('gives the same gradient of every parameter', async () => {
    const { outputs } = await step
    expect([...outputs.keys()].filter((name) => name.startsWith('gradient/'))).toHaveLength(
      Object.keys(gradients).length,
    )
    for (const [name, gradient] of Object.entries(gradients)) {
      const ours = digest(outputs.get(`gradient/${name}`) ?? new Float32Array(), gradient)
      expect(relativeDifference(ours, recorded(gradient)), name).toBeLessThan(tolerance)
    }
  })

  it('leaves the same running statistics', async () => {
    const { states } = await step
    for (const [name, statistic] of Object.entries(running)) {
      expect(relativeDifference(states.get(name) ?? [], statistic), name).toBeLessThan(1e-5)
    }
  })
})
