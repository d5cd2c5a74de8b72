/** Runs that are interrupted, and how they go on: as if nothing had happened. */
import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readModel } from '../src/inference/load.ts'
import type { Ended, TrainingEvent } from '../src/training/events.ts'
import type { TrainOptions } from '../src/training/prepare.ts'
import { train } from '../src/training/train.ts'
import { resnet, root } from './command.ts'
import { takesMinutes } from './minutes.ts'
import { writeSmallPictures } from './small-pictures.ts'

let folder = ''
let pictures = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'resnet-ts-runs-'))
  pictures = join(folder, 'colours')
  await writeSmallPictures(pictures, { train: 20, test: 6 })
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Everything random at once: order, crops, flips, dropped blocks, averages, micro-batches. */
const changes = {
  epochs: 3,
  batch: 12,
  microBatch: 6,
  rate: 0.05,
  average: 0.9,
  stochasticDepth: 0.3,
  labelSmoothing: 0.1,
}

const options = (out: string): TrainOptions => ({
  data: pictures,
  arch: 'cifar_resnet8',
  changes,
  seed: 7,
  out: join(folder, out),
})

async function finish(
  given: TrainOptions,
): Promise<{ readonly events: TrainingEvent[]; readonly ended: Ended }> {
  const events: TrainingEvent[] = []
  for await (const event of train(given)) events.push(event)
  const ended = events.at(-1)
  if (ended?.kind !== 'ended') throw new Error('the last event must be the end')
  return { events, ended }
}

/** What a run leaves, without its clocks. */
async function leftBy(out: string) {
  const log = await readFile(join(folder, out, 'events.jsonl'), 'utf8')
  const events = log
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  for (const event of events) {
    delete event.seconds
    delete event.imagesPerSecond
    delete event.secondsLeft
  }
  return { events, models: [await digest(out, 'best'), await digest(out, 'last')] }
}

async function digest(out: string, model: 'best' | 'last'): Promise<string> {
  return createHash('sha256')
    .update(await readFile(join(folder, out, `${model}.safetensors`)))
    .digest('hex')
}

describe('a run', () => {
  test('learns, and leaves its settings, its events and its models', async () => {
    const { events, ended } = await finish(options('whole'))
    expect(ended).toMatchObject({ reason: 'finished', epochs: 3, steps: 15 })
    expect(ended.test?.images).toBe(18)
    expect(ended.test?.top1).toBeGreaterThan(0.6)
    const losses = events.flatMap((event) => (event.kind === 'epoch' ? [event.train.loss] : []))
    expect(losses.at(-1)).toBeLessThan(losses[0] ?? 0)
    const model = await readModel(join(folder, 'whole', 'best.safetensors'))
    expect(model.labels).toEqual(['coral', 'moss', 'slate'])
    expect(model.tensors).toEqual(ended.model.tensors)
    const names = await readdir(join(folder, 'whole'))
    expect(names).toEqual(expect.arrayContaining(['config.json', 'events.jsonl', 'last.safetensors']))
    expect(names.filter((name) => name.endsWith('.part'))).toEqual([])
  })

  test('that is told to stop anywhere goes on bit for bit as if it had not been', async () => {
    const whole = await leftBy('whole')
    for (const stopAfter of [1, 5, 8, 14]) {
      const out = `stopped-${stopAfter}`
      const stop = new AbortController()
      for await (const event of train({ ...options(out), signal: stop.signal })) {
        if (event.kind === 'step' && event.step === stopAfter) stop.abort()
      }
      const { data, out: path } = options(out)
      const { ended } = await finish({ data, ...(path === undefined ? {} : { out: path }), resume: true })
      expect(ended.reason).toBe('finished')
      const resumed = await leftBy(out)
      expect(resumed.models).toEqual(whole.models)
      const told = (kind: string, { events }: typeof whole) => events.filter((event) => event.kind === kind)
      expect(told('step', resumed)).toEqual(told('step', whole))
      expect(told('epoch', resumed)).toEqual(told('epoch', whole))
      expect(told('ended', resumed).at(-1)).toEqual(told('ended', whole).at(-1))
    }
  })

  test('saves a state after every step where it is asked to, and each is one to go on from', async () => {
    const out = 'every-step'
    for await (const event of train({ ...options(out), saveEverySeconds: 0 })) {
      // The process would be gone here: nothing more is written.
      if (event.kind === 'saved' && event.step === 7) break
    }
    const { data, out: path = '' } = options(out)
    await finish({ data, out: path, resume: true })
    expect((await leftBy(out)).models).toEqual((await leftBy('whole')).models)
  })

  test('is not begun over another one, and goes on with its own pictures only', async () => {
    await expect(finish(options('whole'))).rejects.toThrow(/holds a run already; continue it with --resume/)
    const others = join(folder, 'others')
    await writeSmallPictures(others, { train: 21, test: 6 })
    await expect(finish({ data: others, out: join(folder, 'whole'), resume: true })).rejects.toThrow(
      /is not the dataset that the run began with \(colours\): it has 57 pictures to train on, .*; then 54/,
    )
  })

  test('ends early when its patience runs out, and is then over for good', async () => {
    const restless = { ...changes, epochs: 40, rate: 0.4, 'schedule.rise': 0, 'schedule.end': 1, patience: 1 }
    const given = { ...options('early'), changes: restless }
    const { events, ended } = await finish(given)
    expect(ended.reason).toBe('early')
    expect(ended.epochs).toBeLessThan(40)
    // The last epoch was no better; of few pictures it may be kept all the same, as one that cannot be told from the best.
    const kept = events.flatMap((event) => (event.kind === 'epoch' && event.best ? [event.epoch] : []))
    expect(ended.best?.epoch).toBe(kept.at(-1))
    expect(ended.best?.epoch).toBeGreaterThanOrEqual(ended.epochs - 1)
    const again = await finish({ data: pictures, out: join(folder, 'early'), resume: true })
    expect(again.ended).toMatchObject({ reason: 'early', epochs: ended.epochs, best: ended.best })
  })

  test('learns a teacher’s answers, whose classes must be the same', async () => {
    const teacher = join(folder, 'whole', 'best.safetensors')
    const distilling = { ...changes, epochs: 4, distillation: { weight: 1, temperature: 2 } }
    const { ended } = await finish({ ...options('pupil'), changes: distilling, teacher })
    expect(ended.test?.top1).toBeGreaterThan(0.6)
    await expect(
      finish({ ...options('stranger'), changes: distilling, teacher: 'cifar10-resnet20' }),
    ).rejects.toThrow(/the teacher \S+ has other classes than the pictures/)
  })

  test.for([
    { kind: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
    { kind: 'lamb', beta1: 0.9, beta2: 0.999, epsilon: 1e-6 },
  ] as const)('adapts a network by $kind, its head first, and goes on from between the two', async (optimiser) => {
    const out = `adapted-${optimiser.kind}`
    const from = join(folder, 'whole', 'best.safetensors')
    const two = { ...changes, epochs: 2, rate: 0.002, optimiser, 'fineTuning.headEpochs': 1 }
    const given: TrainOptions = { data: pictures, from, recipe: 'fine-tune', changes: two, seed: 3 }
    const { ended } = await finish({ ...given, out: join(folder, out) })
    expect(ended.test?.top1).toBeGreaterThan(0.9)
    const stop = new AbortController()
    const half = `${out}-half`
    for await (const event of train({ ...given, out: join(folder, half), signal: stop.signal })) {
      if (event.kind === 'epoch') stop.abort()
    }
    await finish({ data: pictures, out: join(folder, half), resume: true })
    expect(await digest(half, 'last')).toBe(await digest(out, 'last'))
  })

  test('whose numbers stop being finite says at which step and where, and keeps the last good model', async () => {
    const out = 'exploded'
    const wild = {
      ...options(out),
      changes: {
        ...changes,
        epochs: 300,
        rate: 1000,
        'schedule.start': 1e-6,
        'schedule.rise': 1,
        average: null,
      },
    }
    await expect(finish(wild)).rejects.toThrow(
      /^(step \d+|validation after epoch \d+): .* is not finite.* Lower the rate/,
    )
    const model = await readModel(join(folder, out, 'best.safetensors'))
    for (const values of model.tensors.values()) expect(values.every(Number.isFinite)).toBe(true)
  })
})

const command = [
  '--arch',
  'cifar_resnet8',
  '--seed',
  '7',
  ...Object.entries(changes).flatMap(([key, value]) => ['--set', `${key}=${value}`]),
]

describe('resnet train', () => {
  test('saves on Ctrl-C, says how to go on, and then ends as if nothing had happened', async () => {
    const out = join(folder, 'ctrl-c')
    const long = ['train', pictures, ...command, '--set', 'epochs=50', '--out', out]
    const interrupted = await resnet(long, {
      meanwhile: (child) => child.stdout?.once('data', () => setTimeout(() => child.kill('SIGINT'), 300)),
    })
    expect(interrupted.status).toBe(130)
    expect(interrupted.stderr).toMatch(
      /interrupted after step \d+, and saved; continue with: resnet train \S+ --out \S+ --resume/,
    )
    const resumed = await resnet(['train', pictures, '--out', out, '--resume', '--json'])
    expect(resumed.status).toBe(0)
    const uninterrupted = join(folder, 'not-interrupted')
    await resnet([...long.slice(0, -1), uninterrupted])
    expect(await digest('ctrl-c', 'best')).toBe(await digest('not-interrupted', 'best'))
  })

  test('ends the same however often it is killed', async () => {
    const kills = takesMinutes ? '20' : '8'
    const out = join(folder, 'killed')
    const long = ['train', pictures, ...command, '--set', 'epochs=50', '--out', out]
    await promisify(execFile)(process.execPath, ['scripts/kill.mjs', kills, ...long], { cwd: root })
    expect(await digest('killed', 'last')).toBe(await digest('not-interrupted', 'last'))
  })

  test(
    'tells a full disk, and goes on once there is space',
    { skip: process.platform === 'win32' },
    async () => {
      const out = join(folder, 'full')
      const { status, stderr } = await inLittleSpace(['train', pictures, ...command, '--out', out])
      expect(status).toBe(1)
      expect(stderr).toMatch(/\S+: cannot be written: .* \(E\w+\)/)
      expect((await readdir(out)).filter((name) => name.endsWith('.part'))).toEqual([])
    },
  )
})

/** Runs the command in a shell that lets no file grow beyond 200 kB. */
function inLittleSpace(args: readonly string[]): Promise<{ status: number | null; stderr: string }> {
  const line = ['ulimit -f 400; exec "$0" "$@"', process.execPath, join(root, 'dist/cli/main.js'), ...args]
  const child = spawn('bash', ['-c', ...line])
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk
  })
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, stderr })))
}
