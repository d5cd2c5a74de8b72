/** What a new classifier on frozen features is worth, without a picture kept from it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type TrainingSet, trainingSetOf } from '../src/datasets/training-set.ts'
import { randomBits } from '../src/ops/random-bits.ts'
import type { Ended, Started } from '../src/training/events.ts'
import type { TrainOptions } from '../src/training/prepare.ts'
import { train } from '../src/training/train.ts'

/** Noise about a grey level. */
function picture(level: number, seed: number) {
  const data = Uint8Array.from({ length: 32 * 32 * 3 }, (_, i) => level + (randomBits(seed, i) % 60))
  return { width: 32, height: 32, data }
}

/** Pictures whose label is told by their level, or by nothing. */
function setOf(count: number, told: boolean, validation = 0): TrainingSet {
  const pictures = Array.from({ length: count }, (_, i) => ({
    label: i % 2 === 0 ? 'dark' : 'light',
    picture: picture(told ? (i % 2 === 0 ? 20 : 180) : 100, i),
  }))
  return trainingSetOf('levels', pictures, { seed: 1, validation })
}

async function run(options: TrainOptions): Promise<{ readonly started: Started; readonly ended: Ended }> {
  let started: Started | undefined
  for await (const event of train({ from: 'cifar10-resnet20', ...options })) {
    if (event.kind === 'started') started = event
    if (event.kind === 'ended' && started !== undefined) return { started, ended: event }
  }
  throw new Error('a run begins and ends')
}

describe('a classifier on frozen features', () => {
  it('learns from all pictures, and is judged on each by one that did not', async () => {
    const { started, ended } = await run({ data: setOf(23, true) })
    expect(started.settings).toMatchObject({
      recipeName: 'features',
      dataset: { train: 23, val: 0, valFrom: 'none', validation: 0 },
    })
    expect(ended.estimate).toMatchObject({ folds: 5, images: 23 })
    expect(ended.estimate?.top1).toBeGreaterThan(0.9)
    expect(ended.verdict[0]?.text).toMatch(/^100\.0 % of the pictures are right \(23 of 23; 86 % to 100 %\)/)
  })

  it('is not taken for good where the labels mean nothing', async () => {
    const { ended } = await run({ data: setOf(40, false) })
    expect(ended.estimate?.top1).toBeLessThan(0.75)
  })

  it('has as many folds as its smallest class has pictures, and none where that is one', async () => {
    const three = [0, 1, 2, 3, 4, 5, 7].map((i) => ({
      label: i < 4 ? 'a' : 'b',
      picture: picture(i * 20, i),
    }))
    const data = trainingSetOf('three', three, { seed: 1, validation: 0 })
    expect((await run({ data })).ended.estimate).toMatchObject({ folds: 3, images: 7 })
    const one = trainingSetOf('one', three.slice(0, 5), { seed: 1, validation: 0 })
    expect((await run({ data: one })).ended.estimate).toBeUndefined()
  })

  it('keeps a share for validation where the pictures are handed on with one', async () => {
    const { started, ended } = await run({ data: setOf(20, true, 0.1) })
    expect(started.settings.dataset).toMatchObject({ train: 18, val: 2, valFrom: 'share' })
    expect(ended.estimate).toBeUndefined()
  })

  it('goes on after an interruption, and is judged the same', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'resnet-ts-folds-'))
    const data = setOf(20, true)
    const whole = await run({ data })
    const stop = new AbortController()
    const out = join(folder, 'run')
    for await (const event of train({ from: 'cifar10-resnet20', data, out, signal: stop.signal }))
      if (event.kind === 'step' && event.step === 4) stop.abort()
    for await (const event of train({ data, out, resume: true }))
      if (event.kind === 'ended') expect(event.estimate).toEqual(whole.ended.estimate)
    await rm(folder, { recursive: true })
  })
})
