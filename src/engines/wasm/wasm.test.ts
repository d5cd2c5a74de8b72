/** The engine of WebAssembly: the same answers on any number of threads, faults, what it holds and gives back. */
import { describe, expect, test } from 'vitest'
import { buildResNet } from '../../architecture/build.ts'
import { changed } from '../../architecture/change.ts'
import { config } from '../../architecture/variants.ts'
import { initialise } from '../../graph/initialise.ts'
import type { EngineOptions, TensorMap } from '../engine.ts'
import { referenceEngine } from '../reference/reference.ts'
import { openSession } from './wasm.ts'

const network = buildResNet(changed(config('resnet18'), { input: [64, 64], classes: 10 }))
const weights = initialise(network, 1)

/** A batch of pictures that differ. */
function pictures(batch: number, size = 64): TensorMap {
  const values = Float32Array.from({ length: batch * 3 * size * size }, (_, i) =>
    Math.sin(i * 0.37 + (i % 101)),
  )
  return new Map([['image', values]])
}

async function logitsOn(open: typeof openSession, batch: number, options?: EngineOptions, shared?: boolean) {
  const session = await open(weights, options ?? {}, shared)
  try {
    await session.add('infer', network, { batch })
    const [first, second] = [
      await session.run('infer', pictures(batch)),
      await session.run('infer', pictures(batch)),
    ]
    expect(second).toEqual(first)
    return first.get('logits') ?? new Float32Array()
  } finally {
    await session.dispose()
  }
}

describe.each([1, 3])('a batch of %i', (batch) => {
  test('gives the same bits on one, two and three threads, from run to run, and without shared memory', async () => {
    const one = await logitsOn(openSession, batch, { threads: 1 })
    for (const threads of [2, 3]) expect(await logitsOn(openSession, batch, { threads })).toEqual(one)
    expect(await logitsOn(openSession, batch, {}, false)).toEqual(one)
  })

  test('agrees with the reference engine', async () => {
    const expected = await logitsOn((state) => referenceEngine.open(state), batch)
    const greatest = Math.max(...expected.map(Math.abs))
    const logits = await logitsOn(openSession, batch)
    const differences = logits.map((value, i) => Math.abs(value - (expected[i] ?? Number.NaN)))
    expect(Math.max(...differences)).toBeLessThan(1e-4 * greatest)
  })
})
