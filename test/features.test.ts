/** Features of a frozen part, computed once and kept as they come; and the space that a run needs. */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildResNet } from '../src/architecture/build.ts'
import { changed } from '../src/architecture/change.ts'
import { saveModel } from '../src/checkpoint/save.ts'
import { openDataset } from '../src/datasets/open.ts'
import { type LabelledPicture, trainingSetOf } from '../src/datasets/training-set.ts'
import { initialise } from '../src/graph/initialise.ts'
import { readModel } from '../src/inference/load.ts'
import type { Ended, TrainingEvent } from '../src/training/events.ts'
import type { TrainOptions } from '../src/training/prepare.ts'
import { train } from '../src/training/train.ts'
import { writeSmallPictures } from './small-pictures.ts'

let folder = ''
let pictures = ''
let whole: Ended
/** All 30 pictures are learnt from, in eight copies: four batches. */
const rows = 30 * 8
const given = (out: string): TrainOptions => ({
  data: pictures,
  from: 'cifar10-resnet20',
  recipe: 'features',
  changes: { epochs: 2, 'fineTuning.copies': 8 },
  out: join(folder, out),
})

async function run(options: TrainOptions) {
  const events: TrainingEvent[] = []
  for await (const event of train(options)) events.push(event)
  const ended = events.at(-1)
  if (ended?.kind !== 'ended') throw new Error('the last event must be the end')
  return { ended, computed: events.flatMap((event) => (event.kind === 'features' ? [event.done] : [])) }
}

/** A run that was stopped while it computed features. */
async function stopped(out: string): Promise<string> {
  const stop = new AbortController()
  for await (const event of train({ ...given(out), signal: stop.signal })) {
    if (event.kind === 'features') stop.abort()
  }
  return join(folder, out)
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'resnet-ts-features-'))
  pictures = join(folder, 'colours')
  await writeSmallPictures(pictures, { train: 10, test: 2 })
  whole = (await run(given('whole'))).ended
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('features', () => {
  test('that were computed are not computed again, and the run ends as if it had not been stopped', async () => {
    const out = await stopped('stopped')
    expect(existsSync(join(out, 'state.safetensors'))).toBe(false)
    const { ended, computed } = await run({ data: pictures, out, resume: true })
    expect(computed).toEqual([128, 192, rows])
    expect(ended.model).toEqual(whole.model)
    expect((await run({ data: pictures, out, resume: true })).computed).toEqual([])
  })

  test('that are damaged, or of another run in that folder, are computed again', async () => {
    const out = await stopped('damaged')
    const file = join(out, 'features.bin')
    const bytes = await readFile(file)
    await writeFile(file, bytes.subarray(0, bytes.length - 10))
    const { ended, computed } = await run({ data: pictures, out, resume: true })
    expect(computed[0]).toBe(63 + 64)
    expect(ended.model).toEqual(whole.model)
    await rm(join(out, 'state.safetensors'))
    expect((await run({ ...given('damaged'), seed: 1 })).computed[0]).toBe(64)
  })
})

/** The small pictures, where those of the test are those of validation. */
async function judgedTwice() {
  const pictures: LabelledPicture[] = []
  for (const split of ['train', 'test'] as const) {
    const dataset = await openDataset(join(folder, 'colours'), { split })
    for (const { class: number, file, read } of dataset.items) {
      const picture = await read()
      const given = {
        ...{ file, label: dataset.classes[number] ?? '' },
        picture: 'bytes' in picture ? picture.bytes : picture,
      }
      for (const part of split === 'train' ? ['train' as const] : ['val' as const, 'test' as const])
        pictures.push({ ...given, split: part })
    }
    await dataset.close()
  }
  return trainingSetOf('colours', pictures, { seed: 1 })
}

test('a head of several layers learns from features, and its model answers pictures as it was trained to', async () => {
  const plain = await readModel('cifar10-resnet20')
  const config = changed(plain.config, { 'head.hidden': [{ width: 24, activation: 'relu' }] })
  const trunk = [...plain.tensors].filter(([name]) => !name.startsWith('fc.'))
  const tensors = new Map([...initialise(buildResNet(config), 5), ...trunk])
  const from = join(folder, 'hidden.safetensors')
  await saveModel(from, { ...plain, config, tensors })
  const settings = { from, recipe: 'features', changes: { 'fineTuning.copies': 2 } }
  const events: TrainingEvent[] = []
  for await (const event of train({ data: await judgedTwice(), ...settings })) events.push(event)
  const [best] = events
    .flatMap((event) => (event.kind === 'epoch' && event.best ? [event.val] : []))
    .slice(-1)
  const ended = events.at(-1)
  if (ended?.kind !== 'ended') throw new Error('the last event must be the end')
  expect(ended.test?.top1).toBeGreaterThan(0.8)
  // In training from standardised features, at the end from pictures by the model as it is saved.
  expect(ended.test?.top1).toBe(best?.top1)
  expect(ended.test?.loss).toBeCloseTo(best?.loss ?? Number.NaN, 4)
  for (const name of ['fc.0.weight', 'fc.2.weight'])
    expect(ended.model.tensors.get(name), name).not.toEqual(tensors.get(name))
  expect(ended.model.tensors.get('conv1.weight')).toEqual(tensors.get('conv1.weight'))
})

describe('a disk with too little space', () => {
  /** A small disk in memory; only the superuser may have one. */
  const disk = join(tmpdir(), `resnet-ts-disk-${process.pid}`)
  const hasDisk = () => {
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', disk], { stdio: 'ignore' })
      return true
    } catch {
      return false
    }
  }

  test('is told before a run begins, with what it needs and what there is', async ({ skip }) => {
    await mkdir(disk)
    try {
      skip(!hasDisk(), 'no disk may be mounted here')
      try {
        await expect(run({ ...given(''), out: join(disk, 'runs', 'small') })).rejects.toThrow(
          /the run needs about \S+ MB there \(two models of \S+ MB, a state of \S+ MB, features of \S+ kB, .*\), and 2\.\d+ MB are free; make room, or name a folder on another disk with --out/,
        )
        expect(existsSync(join(disk, 'runs'))).toBe(false)
      } finally {
        execFileSync('umount', [disk])
      }
    } finally {
      await rm(disk, { recursive: true })
    }
  })
})
