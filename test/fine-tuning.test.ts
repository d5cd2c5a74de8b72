/** From a trained network to other classes, on real pictures. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { openDataset } from '../src/datasets/open.ts'
import { type LabelledPicture, type TrainingSet, trainingSetOf } from '../src/datasets/training-set.ts'
import { cachedModel } from '../src/hub/hub.ts'
import { enableExperimentalSimd, readModel } from '../src/index.ts'
import type { Ended, TrainingEvent } from '../src/training/events.ts'
import type { TrainOptions } from '../src/training/prepare.ts'
import { train } from '../src/training/train.ts'
import { dataFile, dataFolder } from './data.ts'
import { takesMinutes } from './minutes.ts'
import { relativeDifference } from './network.ts'

// As the command does: it is up to twice as fast.
enableExperimentalSimd()

/** All that a run tells. */
async function run(options: TrainOptions): Promise<readonly TrainingEvent[]> {
  const events: TrainingEvent[] = []
  for await (const event of train(options)) events.push(event)
  return events
}

function ended(events: readonly TrainingEvent[]): Ended {
  const last = events.at(-1)
  if (last?.kind !== 'ended') throw new Error('the run told no end')
  return last
}

/** The first pictures of each of some classes of CIFAR-10: to train on, and to test, at the end or after each epoch. */
async function photographs(
  count: { readonly train: number; readonly test: number },
  classes?: readonly string[],
  judging: 'test' | 'val' = 'test',
): Promise<TrainingSet> {
  const pictures: LabelledPicture[] = []
  for (const split of ['train', 'test'] as const) {
    const dataset = await openDataset(dataFile('cifar10-jpeg.tar'), { split })
    const taken = new Map<number, number>()
    for (const { class: number, file, read } of dataset.items) {
      const label = dataset.classes[number] ?? ''
      const before = taken.get(number) ?? 0
      if (before >= count[split] || classes?.includes(label) === false) continue
      taken.set(number, before + 1)
      const picture = await read()
      const part = split === 'train' ? split : judging
      pictures.push({ file, label, split: part, picture: 'bytes' in picture ? picture.bytes : picture })
    }
    await dataset.close()
  }
  return trainingSetOf('some of CIFAR-10', pictures, { seed: 0, validation: 0 })
}

describe.skipIf(dataFolder === undefined)(
  'the shipped network for ten classes, adapted to five of them',
  () => {
    const from = 'cifar10-resnet20'
    const five = ['bird', 'cat', 'deer', 'dog', 'frog']
    let data: TrainingSet
    beforeAll(async () => {
      data = await photographs({ train: 40, test: 100 }, five)
    })

    it('is soon better than one that starts from scratch', async () => {
      const common = { data, changes: { epochs: 6, 'fineTuning.headEpochs': 2 } }
      const adapted = ended(await run({ ...common, from, recipe: 'fine-tune' }))
      const anew = ended(await run({ ...common, arch: 'cifar_resnet20', recipe: 'fine-tune' }))
      expect(adapted.steps).toBe(anew.steps)
      expect(adapted.test?.top1).toBeGreaterThan((anew.test?.top1 ?? 1) + 0.2)
    })

    it('learns its new classifier from features that are computed once', async () => {
      const events = await run({ data, from, recipe: 'features', changes: { 'fineTuning.copies': 2 } })
      const features = events.filter((event) => event.kind === 'features')
      expect(features.at(-1)).toMatchObject({ done: 400, total: 400 })
      const { model, test } = ended(events)
      expect(test?.top1).toBeGreaterThan(0.7)
      const before = await readModel(from)
      const changed = [...model.tensors].filter(([name, values]) => {
        const old = before.tensors.get(name)
        return old === undefined || Buffer.compare(bytesOf(values), bytesOf(old)) !== 0
      })
      expect(changed.map(([name]) => name)).toEqual(['fc.weight', 'fc.bias'])
    })

    it('leaves its first stages as they are to the bit', async () => {
      const changes = { epochs: 2, 'fineTuning.headEpochs': 1, 'fineTuning.frozen': 3 }
      const { model } = ended(await run({ data, from, recipe: 'fine-tune', changes }))
      const before = await readModel(from)
      const same = (name: string) =>
        Buffer.compare(bytesOf(model.tensors.get(name)), bytesOf(before.tensors.get(name))) === 0
      const names = [...model.tensors.keys()]
      const frozen = names.filter((name) => /^(conv1|bn1|layer1|layer2)\b/.test(name))
      expect(frozen).toHaveLength(65)
      expect(frozen.filter((name) => !same(name))).toEqual([])
      const trained = names.filter(
        (name) => name.startsWith('layer3') && !name.endsWith('num_batches_tracked'),
      )
      expect(trained.filter(same)).toEqual([])
    })

    it('goes on with the features that an interrupted run left, and ends the same', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'resnet-ts-'))
      const settings = { from, recipe: 'features', changes: { epochs: 4, 'fineTuning.copies': 1 } }
      const whole = ended(await run({ data, ...settings }))
      const stop = new AbortController()
      for await (const event of train({ data, ...settings, out: folder, signal: stop.signal }))
        if (event.kind === 'step' && event.step === 5) stop.abort()
      const events = await run({ data, out: folder, resume: true })
      expect(events.filter(({ kind }) => kind === 'features')).toEqual([])
      for (const [name, values] of ended(events).model.tensors)
        expect(Buffer.compare(bytesOf(values), bytesOf(whole.model.tensors.get(name))), name).toBe(0)
      rmSync(folder, { recursive: true })
    })

    it('keeps its classifier where the classes are its own', async () => {
      const ten = await photographs({ train: 4, test: 0 })
      const changes = { epochs: 1, rate: 1e-9 }
      const { model } = ended(await run({ data: ten, from, recipe: 'features', changes }))
      const before = await readModel(from)
      for (const name of ['fc.weight', 'fc.bias']) {
        const [ours, expected] = [model.tensors.get(name), before.tensors.get(name)]
        expect(relativeDifference(ours ?? [], [...(expected ?? [])]), name).toBeLessThan(1e-5)
      }
    })
  },
)

const published = 'resnet50.keras_in1k'
/** A third of the time that 224 pixels take. */
const smaller = { crop: [128, 128] } as const
const available =
  process.env.RESNET_TS_REQUIRE_NETWORK === '1' || (await cachedModel(published)) !== undefined

describe.skipIf(!available || dataFolder === undefined)('twenty pictures a class', () => {
  let data: TrainingSet
  beforeAll(async () => {
    data = await photographs({ train: 20, test: 30 })
  })

  it('are enough for a classifier on the features of a network of ImageNet', async () => {
    const changes = { 'fineTuning.copies': 1 }
    const options = { data, from: published, recipe: 'features', preprocessing: smaller, changes }
    const { test } = ended(await run(options))
    expect(test?.images).toBe(300)
    expect(test?.top1).toBeGreaterThanOrEqual(0.6)
  }, 1_200_000)

  it.runIf(takesMinutes)(
    'do better yet where the last stage is trained on, from that classifier',
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'resnet-ts-'))
      const common = {
        data: await photographs({ train: 20, test: 50 }, undefined, 'val'),
        preprocessing: smaller,
      }
      const lastOf = (events: readonly TrainingEvent[]) =>
        events.findLast((event) => event.kind === 'epoch')?.val ?? { top1: 0, loss: 0 }
      const features = { from: published, recipe: 'features', changes: { 'fineTuning.copies': 3 } }
      const head = await run({ ...common, ...features, out: folder })
      const changes = {
        ...{ epochs: 6, batch: 50, rate: 0.01, labelSmoothing: 0 },
        'augmentation.crop.area': [0.7, 1],
        ...{ 'fineTuning.headEpochs': 0, 'fineTuning.frozen': 4, 'fineTuning.copies': 3 },
      }
      const from = join(folder, 'last.safetensors')
      const more = await run({ ...common, from, recipe: 'fine-tune', changes })
      rmSync(folder, { recursive: true })
      expect(lastOf(head).top1).toBeGreaterThan(0.62)
      expect(lastOf(more).top1).toBeGreaterThan(lastOf(head).top1)
      expect(lastOf(more).loss).toBeLessThan(lastOf(head).loss)
    },
    1_200_000,
  )

  it('are far too few for a network that starts from scratch', async () => {
    const { test } = ended(await run({ data, arch: 'cifar_resnet20', changes: { epochs: 20, batch: 50 } }))
    expect(test?.top1).toBeLessThan(0.4)
  })
})

function bytesOf(values: Float32Array | undefined): Buffer {
  if (values === undefined) return Buffer.alloc(0)
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength)
}
