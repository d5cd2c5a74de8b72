/** Numbers that stop being finite are told by step and layer, and never saved; statistics are right from the first step on. */
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { saveModel } from '../src/checkpoint/save.ts'
import { trainingSetOf } from '../src/datasets/training-set.ts'
import type { Ended } from '../src/training/events.ts'
import type { TrainOptions } from '../src/training/prepare.ts'
import { readTensors } from '../src/training/state-file.ts'
import { train } from '../src/training/train.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'resnet-ts-finite-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const grey = (level: number) => ({ width: 8, height: 8, data: new Uint8Array(8 * 8 * 3).fill(level) })
const pictures = Array.from({ length: 40 }, (_, i) => ({
  label: i % 2 === 0 ? 'dark' : 'light',
  picture: grey((i % 2 === 0 ? 40 : 160) + i),
}))

const greys = (validation: number, count = pictures.length): TrainOptions => ({
  data: trainingSetOf('greys', pictures.slice(0, count), { seed: 1, validation }),
  arch: 'cifar_resnet8',
  changes: { epochs: 3, batch: 8 },
})

async function endOf(options: TrainOptions): Promise<Ended> {
  for await (const event of train(options)) if (event.kind === 'ended') return event
  throw new Error('the last event must be the end')
}

/** A file of tensors in a run's folder holds finite numbers, where there is one. */
async function expectFinite(run: string): Promise<void> {
  for (const name of ['last', 'best', 'state']) {
    const file = join(folder, run, `${name}.safetensors`)
    if ((await stat(file).catch(() => undefined)) === undefined) continue
    for (const [tensor, values] of (await readTensors(file)).tensors)
      expect(values.every(Number.isFinite), `${name}: ${tensor}`).toBe(true)
  }
}

describe('numbers that stop being finite', () => {
  // One cycle would begin at a tenth; here the greatest rate is there from the first step on.
  const wild = { ...greys(0.1).changes, 'schedule.start': 1, 'schedule.rise': 0 }

  test.for([
    ['a rate of 1000', { rate: 1000 }, 0.1],
    ['no validation pictures', { rate: 1000 }, 0],
    ['averaged weights', { rate: 1000, average: 0.5 }, 0.1],
    ['decay that grows weights', { rate: 900, decay: 100 }, 0.1],
  ] as const)('are told and never saved: %s', async ([name, changes, validation]) => {
    const run = name.replaceAll(' ', '-')
    const options = {
      ...greys(validation),
      changes: { ...wild, ...changes },
      out: join(folder, run),
      saveEverySeconds: 0,
    }
    const ended = await endOf(options).catch((error: unknown) => error)
    expect(ended).toMatchObject({
      name: 'TrainingError',
      message: expect.stringMatching(/^(step \d+|validation after epoch \d+): .* not finite/),
    })
    await expectFinite(run)
  })

  test('are refused in the model that a run starts from', async () => {
    const { model } = await endOf(greys(0.1))
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const broken = new Map(model.tensors).set('fc.bias', Float32Array.of(0, value))
      const file = join(folder, 'broken.safetensors')
      await saveModel(file, { ...model, tensors: broken })
      const { data } = greys(0.1)
      await expect(endOf({ data, from: file })).rejects.toThrow(
        /(NaN|Infinity|infinit\w*|not finite).* fc\.bias/,
      )
    }
  })

  test('are found in what a model’s own statistics answer: in frozen features, and in validation', async () => {
    const { model } = await endOf(greys(0.1))
    const far = new Map(model.tensors)
    for (const [name, values] of model.tensors)
      if (name.endsWith('.running_mean'))
        far.set(
          name,
          values.map(() => -3e38),
        )
    const file = join(folder, 'far.safetensors')
    await saveModel(file, { ...model, tensors: far })
    const { data } = greys(0.1)
    await expect(endOf({ data, from: file, recipe: 'features' })).rejects.toThrow(
      /^features of the frozen part: the output of \S+ is not finite/,
    )
    const out = join(folder, 'far')
    const changes = { epochs: 1, 'fineTuning.headEpochs': 0 }
    await expect(endOf({ data, from: file, recipe: 'fine-tune', changes, out })).rejects.toThrow(
      /^validation after epoch 1: the output of \S+ is not finite, and no model of it is saved/,
    )
    await expectFinite('far')
  })

  test('are told of pictures that mean and deviation take beyond all numbers', async () => {
    const preprocessing = { mean: [1e30, 1e30, 1e30], std: [1e-30, 1e-30, 1e-30] } as const
    await expect(endOf({ ...greys(0.1), preprocessing })).rejects.toThrow(/mean|std/)
  })
})

test('running statistics are those of the batches from the first step on, by averages and engines alike', async () => {
  // All pictures in each batch, and a rate at which nothing changes: every batch has the same statistics.
  const still = {
    batch: 16,
    rate: 1e-9,
    decay: 0,
    'augmentation.crop': { kind: 'centre' },
    'augmentation.flip': 0,
  }
  const statistics = async (epochs: number, more: Partial<TrainOptions> = {}, changes = {}) => {
    const options = { ...greys(0, 8), changes: { ...still, epochs, ...changes }, ...more }
    const { model } = await endOf(options)
    return [...model.tensors].filter(([name]) => /running_(mean|var)$/.test(name))
  }
  const [once, thrice, averaged, reference, halves] = [
    await statistics(1),
    await statistics(3),
    await statistics(12, {}, { average: 0.1 }),
    await statistics(1, { engine: 'reference' }),
    await statistics(3, {}, { microBatch: 8 }),
  ]
  for (const others of [thrice, averaged, reference, halves]) {
    for (const [i, [name, values]] of once.entries()) {
      const [, own = []] = others[i] ?? []
      for (const [c, value] of values.entries())
        expect(Math.abs((own[c] ?? 0) - value), name).toBeLessThan(1e-3 * (1 + Math.abs(value)))
    }
  }
})
