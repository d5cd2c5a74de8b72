/** Fifty steps of training against PyTorch, from one start: the loss of each step, and the running statistics behind them. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { changed } from '../src/architecture/change.ts'
import { buildTraining } from '../src/architecture/training.ts'
import { config } from '../src/architecture/variants.ts'
import type { Engine, TensorMap } from '../src/engines/engine.ts'
import { referenceEngine } from '../src/engines/reference/reference.ts'
import { wasmEngine } from '../src/engines/wasm/wasm.ts'
import { labelled } from './generator.ts'
import { openTraining, relativeDifference, trainingInputs, updateInputs } from './network.ts'

interface Curve {
  readonly variant: string
  readonly set: Readonly<Record<string, unknown>>
  /** Of a micro-batch, [N, C, H, W]. */
  readonly input: readonly [number, number, number, number]
  readonly microBatches: number
  readonly optimiser: {
    readonly rate: number
    readonly momentum: number
    readonly decay: number
    readonly nesterov: boolean
  }
  readonly losses: readonly number[]
  readonly running: Readonly<Record<string, readonly number[]>>
}

const curves: readonly Curve[] = JSON.parse(
  readFileSync(new URL('../fixtures/gradients/curves.json', import.meta.url), 'utf8'),
)

/**
 * What an engine may differ by, of the greatest loss: rounding of states to single precision, its own on top. An activation
 * that rounding carries over zero changes gradients at once, by more than the rounding.
 */
const engines: readonly { readonly engine: Engine; readonly tolerance: number }[] = [
  { engine: referenceEngine, tolerance: 1e-6 },
  { engine: wasmEngine, tolerance: 1e-3 },
]

describe.each(engines)('$engine.name trains as PyTorch does', ({ engine, tolerance }) => {
  it.each(curves)('a narrow $variant', async (curve) => {
    const { losses, states } = await train(engine, curve)
    expect(relativeDifference(losses, curve.losses)).toBeLessThan(tolerance)
    for (const [name, statistic] of Object.entries(curve.running)) {
      expect(relativeDifference(states.get(name) ?? [], statistic), name).toBeLessThan(10 * tolerance)
    }
  })
})

/** As many steps as the curve has, from generated weights; answers the loss of each and the states after the last. */
async function train(
  engine: Engine,
  { variant, set, input, microBatches, optimiser, losses: expected }: Curve,
): Promise<{ readonly losses: readonly number[]; readonly states: TensorMap }> {
  const network = changed(config(variant), set)
  const { classes } = network
  const [batch] = input
  const training = buildTraining(network, { optimiser: { kind: 'sgd', nesterov: optimiser.nesterov } })
  const session = await openTraining(engine, training, batch)
  const weight = 1 / (batch * microBatches)
  const losses: number[] = []
  for (let step = 0; step < expected.length; step++) {
    let loss = 0
    for (let part = 0; part < microBatches; part++) {
      const { images, labels } = labelled(step * microBatches + part, input, classes)
      const inputs = trainingInputs(images, labels, { classes, weight })
      const outputs = await session.run(part === 0 ? 'first' : 'next', inputs)
      loss += outputs.get('loss')?.[0] ?? Number.NaN
    }
    await session.run('update', updateInputs(optimiser))
    losses.push(loss)
  }
  const states = await session.readState()
  await session.dispose()
  return { losses, states }
}
