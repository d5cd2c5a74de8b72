/**
 * What is drawn at random in training (stochastic depth, DropBlock, dropout) on the engine of WebAssembly: the reference's
 * numbers, and the same for any number of threads and any cut into micro-batches.
 */
import { describe, expect, test } from 'vitest'
import { narrowed } from '../../../test/narrowed.ts'
import { greatest, greatestDifference, trainingInputs } from '../../../test/network.ts'
import { changed } from '../../architecture/change.ts'
import { buildTraining } from '../../architecture/training.ts'
import { config } from '../../architecture/variants.ts'
import { initialise } from '../../graph/initialise.ts'
import type { Session, TensorMap } from '../engine.ts'
import { referenceEngine } from '../reference/reference.ts'
import { openSession } from './wasm.ts'

const images = 4
const classes = 10
const size = 64
const pictures = Float32Array.from({ length: images * 3 * size * size }, (_, i) =>
  Math.sin(i * 0.37 + (i % 101)),
)

describe.each(['image', 'batch'])('masks with stochastic depth for each %s', (draw) => {
  // Group normalisation sees each image by itself, and SiLU has no kinks that rounding could cross.
  const network = changed(narrowed(config('resnet50_gn')), {
    activation: 'silu',
    'regularisation.stochasticDepth': { rate: 0.4, schedule: 'paper', draw, rescale: 'training' },
    'regularisation.dropBlock': { rate: 0.3 },
    'regularisation.branchDropout': 0.2,
    'head.dropout': 0.3,
  })
  const training = buildTraining(network)
  const start = initialise(training, 1)

  /** Logits of all images, and gradients summed over micro-batches of so many. */
  async function gradientsOf(open: () => Promise<Session>, batch: number) {
    const session = await open()
    const logits: number[] = []
    for (const name of ['first', 'next'] as const) await session.add(name, training[name], { batch })
    for (let from = 0; from < images; from += batch) {
      const places = Array.from({ length: batch }, (_, i) => from + i)
      const image = pictures.slice(from * 3 * size * size, (from + batch) * 3 * size * size)
      const outputs = await session.run(
        from === 0 ? 'first' : 'next',
        new Map([
          ...trainingInputs(image, places, { classes, weight: 1 / images }),
          ['seed', Float32Array.of(5, 2)],
          ['imageIndex', Float32Array.from(places)],
        ]),
      )
      logits.push(...(outputs.get('logits') ?? []))
    }
    const states = await session.readState()
    await session.dispose()
    const gradients = new Map([...states].filter(([name]) => name.startsWith('gradient/')))
    return { logits, gradients }
  }

  const onThreads =
    (threads: number, shared = true) =>
    () =>
      openSession(start, { threads }, shared)

  function expectNear(gradients: TensorMap, expected: TensorMap, tolerance: number): void {
    const strongest = Math.max(...[...expected.values()].map(greatest))
    for (const [name, values] of expected) {
      const difference = greatestDifference(gradients.get(name) ?? [], values)
      expect(difference / Math.max(greatest(values), 1e-3 * strongest), name).toBeLessThan(tolerance)
    }
  }

  test('are the same bits on one, two and three threads, and without shared memory', async () => {
    const expected = await gradientsOf(onThreads(1), images)
    for (const threads of [2, 3]) expect(await gradientsOf(onThreads(threads), images)).toEqual(expected)
    expect(await gradientsOf(onThreads(1, false), images)).toEqual(expected)
  })

  test('are those of the reference', async () => {
    const expected = await gradientsOf(() => referenceEngine.open(start), images)
    const { gradients } = await gradientsOf(onThreads(2), images)
    expectNear(gradients, expected.gradients, 1e-3)
  })

  test('do not depend on how the batch is cut', async () => {
    const whole = await gradientsOf(onThreads(2), images)
    for (const batch of [1, 2]) {
      const parts = await gradientsOf(onThreads(2), batch)
      expect(parts.logits).toEqual(whole.logits)
      expectNear(parts.gradients, whole.gradients, 1e-4)
    }
  })
})
