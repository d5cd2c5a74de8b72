/** What lies in a run's folder: who may write there, what is damaged, what goes on and under which settings. */
import { spawn } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ResNetError } from '../src/errors.ts'
import { readModel } from '../src/inference/load.ts'
import type { Ended, TrainingEvent } from '../src/training/events.ts'
import type { TrainOptions } from '../src/training/prepare.ts'
import { train } from '../src/training/train.ts'
import { resnet, root } from './command.ts'
import { writeSmallPictures } from './small-pictures.ts'

let folder = ''
let pictures = ''
const schedule = { schedule: { kind: 'constant' } }
const given = (out: string): TrainOptions => ({
  data: pictures,
  arch: 'cifar_resnet8',
  recipe: 'one-cycle',
  changes: { epochs: 2, batch: 9, ...schedule },
  seed: 3,
  out: join(folder, out),
})

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'resnet-ts-folders-'))
  pictures = join(folder, 'my pictures')
  await writeSmallPictures(pictures, { train: 10, test: 2 })
  await run(given('whole'))
  await stoppedAfter(5, given('half'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

interface Told {
  readonly ended: Ended
  readonly notes: readonly string[]
  readonly steps: readonly number[]
}

async function run(options: TrainOptions): Promise<Told> {
  const events: TrainingEvent[] = []
  for await (const event of train(options)) events.push(event)
  const ended = events.at(-1)
  if (ended?.kind !== 'ended') throw new Error('the last event must be the end')
  const notes = events.flatMap((event) => (event.kind === 'note' ? [event.text] : []))
  return { ended, notes, steps: events.flatMap((event) => (event.kind === 'step' ? [event.step] : [])) }
}

async function stoppedAfter(step: number, options: TrainOptions): Promise<void> {
  const stop = new AbortController()
  for await (const event of train({ ...options, signal: stop.signal }))
    if (event.kind === 'step' && event.step === step) stop.abort()
}

/** A copy of the run that was stopped half way. */
async function half(name: string): Promise<string> {
  const path = join(folder, name)
  await cp(join(folder, 'half'), path, { recursive: true })
  return path
}

const lock = (owner: object) =>
  JSON.stringify({ host: hostname(), started: null, since: '2026-01-01T00:00:00.000Z', ...owner })

describe('two processes', () => {
  const long = (out: string) => [
    ...['train', pictures, '--arch', 'cifar_resnet8', '--recipe', 'one-cycle', '--epochs', '2000'],
    ...['--batch', '9', '--out', out],
  ]

  /** A process that is in the midst of its steps. */
  async function training(args: readonly string[]) {
    const child = spawn(process.execPath, [join(root, 'dist/cli/main.js'), ...args, '--json'])
    const closed = new Promise<number | null>((resolve) => child.on('close', resolve))
    await new Promise((resolve) => child.stdout.once('data', resolve))
    return { child, closed }
  }

  test('do not work in one folder, whichever way it is named', { timeout: 60_000 }, async () => {
    const out = join(folder, 'shared')
    const { child, closed } = await training(long(out))
    await symlink(out, join(folder, 'link'))
    for (const path of [out, `${out}/`, relative(root, out), join(folder, 'link')]) {
      const second = await resnet(['train', pictures, '--out', path, '--resume'])
      expect(second.status).toBe(1)
      expect(second.stderr).toMatch(/process \d+ has worked in this folder since \S+; wait for it/)
    }
    const anew = await resnet(long(out))
    expect(anew.stderr).toMatch(/process \d+ has worked in this folder/)
    child.kill('SIGTERM')
    expect(await closed).toBe(143)
    expect(await readdir(out)).not.toContain('run.lock')
    expect(await readdir(out)).toContain('state.safetensors')
  })

  test('take a folder over from one that was killed, and say so', { timeout: 60_000 }, async () => {
    const out = join(folder, 'killed')
    const { child, closed } = await training(long(out))
    child.kill('SIGKILL')
    await closed
    expect(await readdir(out)).toContain('run.lock')
    await writeFile(join(out, 'last.safetensors.0a1b2c3d.part'), 'half written')
    const next = await resnet(['train', pictures, '--out', out, '--resume'], {
      meanwhile: (process) =>
        process.stdout?.once('data', () => setTimeout(() => process.kill('SIGINT'), 200)),
    })
    expect(next.stderr).toMatch(/taking \S+ over from process \d+, which began .* is gone/)
    expect((await readdir(out)).filter((name) => /lock|part/.test(name))).toEqual([])
  })

  test('of which one began both in the same moment leave one run', async () => {
    const out = join(folder, 'race')
    const outcomes = await Promise.allSettled([run(given('race')), run(given('race')), run(given('race'))])
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected')
        expect(String(outcome.reason)).toMatch(/another run of this process has worked|holds a run already/)
    }
    const lines = (await readFile(join(out, 'events.jsonl'), 'utf8')).trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line).kind).filter((kind) => kind === 'ended')).toHaveLength(1)
  })
})

describe('a lock', () => {
  const goOn = async (name: string, text: string) => {
    const out = await half(name)
    await writeFile(join(out, 'run.lock'), text)
    return run({ data: pictures, out, resume: true })
  }

  test('of another machine is left to a person, who is told how to remove it', async () => {
    await expect(goOn('elsewhere', lock({ process: 1, host: 'gpu7' }))).rejects.toThrow(
      /process 1 on gpu7 has worked in this folder .* If it is gone: rm \S+run\.lock$/,
    )
  })

  test.skipIf(process.platform !== 'linux')(
    'whose number another process has got since is taken over',
    async () => {
      const { notes } = await goOn('reused', lock({ process: process.ppid, started: 'another boot 1' }))
      expect(notes.join()).toMatch(/taking \S+ over from process \d+/)
    },
  )

  test.each([
    ['', 'empty'],
    ['\0\0\0\0', 'zeros'],
    ['{"process": 4', 'torn'],
  ])('that is damaged is nobody’s (%#)', async (text, name) => {
    const { notes, ended } = await goOn(`lock-${name}`, text)
    expect(notes.join()).toMatch(/run\.lock was damaged and nobody's|taking/)
    expect(ended.reason).toBe('finished')
  })

  test('that is removed under a run ends it before it writes into another’s folder', async () => {
    const out = join(folder, 'removed')
    const removing = async () => {
      for await (const event of train({ ...given('removed'), saveEverySeconds: 0 }))
        if (event.kind === 'step' && event.step === 2) await rm(join(out, 'run.lock'))
    }
    await expect(removing()).rejects.toThrow(/run\.lock: was removed; this run ends/)
  })
})

describe('a damaged log', () => {
  test('costs its damaged lines alone: the run ends with the same model, and stays mended', async () => {
    const out = await half('aside')
    const log = join(out, 'events.jsonl')
    const lines = (await readFile(log, 'utf8')).split('\n')
    lines.splice(3, 1, 'no event')
    await writeFile(log, lines.join('\n'))
    const { notes, ended } = await run({ data: pictures, out, resume: true })
    expect(notes.join()).toMatch(
      /events\.jsonl is not as it was .*: 1 damaged line set aside in \S+events\.damaged\.jsonl; .*the weights are whole/,
    )
    expect(await readFile(join(out, 'events.damaged.jsonl'), 'utf8')).toBe('no event\n')
    expect(ended.model.tensors).toEqual((await readModel(join(folder, 'whole'))).tensors)
    expect((await run({ data: pictures, out, resume: true })).notes.join()).not.toMatch(/damaged/)
  })

  test('that is TensorBoard’s is cut off where it is damaged', async () => {
    const out = await half('board')
    const log = join(out, 'events.out.tfevents.resnet')
    await truncate(log, 500)
    const { notes } = await run({ data: pictures, out, resume: true })
    expect(notes.join()).toMatch(/tfevents\.resnet was damaged after \d+ bytes/)
  })

  test.each([
    [
      'config.json',
      '{',
      /config\.json.*the run cannot go on without it, but another can begin from its model: --from /,
    ],
    ['state.safetensors', 'x', /state\.safetensors.*another can begin from its model/],
    ['best.safetensors', 'x', /best\.safetensors.*another can begin from its model/],
  ])('and %s, which a run needs, say what is to be done', async (name, text, message) => {
    const out = await half(`needs-${name}`)
    await writeFile(join(out, name), text)
    await expect(run({ data: pictures, out, resume: true })).rejects.toThrow(message)
    expect(await readdir(out)).not.toContain('run.lock')
  })

  test.each([
    'config.json',
    'state.safetensors',
    'events.jsonl',
    'best.safetensors',
    'run.lock',
  ])('and %s, where it cannot be read, are told by a typed error', async (name) => {
    const out = await half(`unreadable-${name}`)
    await rm(join(out, name), { force: true })
    await mkdir(join(out, name))
    const going = run({ data: pictures, out, resume: true })
    await expect(going).rejects.toThrow(ResNetError)
    await expect(going).rejects.toThrow(name)
  })

  test.each(['config.json', 'best.safetensors'])('and %s, where it is gone, say so', async (name) => {
    const out = await half(`gone-${name}`)
    await rm(join(out, name))
    await expect(run({ data: pictures, out, resume: true })).rejects.toThrow(
      /the run cannot go on without it, but another can begin from its model/,
    )
  })
})

describe('--resume', () => {
  const line = [
    ...[
      '--arch',
      'cifar_resnet8',
      '--recipe',
      'one-cycle',
      '--set',
      'schedule={"kind":"constant"}',
      '--seed',
      '3',
    ],
    ...['--epochs', '2', '--batch', '9'],
  ]

  test('begins, goes on and answers again by one and the same line', { timeout: 60_000 }, async () => {
    const out = join(folder, 'restart script')
    const begun = await resnet(['train', pictures, ...line, '--out', out, '--resume'])
    expect(begun.status).toBe(0)
    expect(begun.stderr).toMatch(/there is no run in .* yet; it begins/)
    const again = await resnet(['train', pictures, ...line, '--out', out, '--resume', '--threads', '1'])
    expect(again.status).toBe(0)
    expect(again.stderr).toMatch(/the run has ended, after its 2 epochs; --epochs with more than 2 trains on/)
  })

  test('goes on with the settings of a run that was stopped before it saved', async () => {
    const out = join(folder, 'unsaved')
    await mkdir(out)
    await cp(join(folder, 'whole', 'config.json'), join(out, 'config.json'))
    const { ended } = await run({ data: pictures, out, resume: true })
    expect(ended.model.tensors).toEqual((await readModel(join(folder, 'whole'))).tensors)
  })

  test.each<[string, Partial<TrainOptions>, RegExp]>([
    ['epochs', { changes: { epochs: 1 } }, /^--epochs is 2 in the run, 1 here/],
    ['batch', { changes: { batch: 18 } }, /^--batch is 9 in the run, 18 here/],
    [
      'a field',
      { changes: { 'augmentation.flip': 0 } },
      /^--set augmentation\.flip is 0\.5 in the run, 0 here/,
    ],
    ['arch', { arch: 'cifar_resnet14' }, /^--arch is cifar_resnet8 in the run, cifar_resnet14 here/],
    ['seed', { seed: 4 }, /^--seed is 3 in the run, 4 here/],
    ['validation', { validation: 0.3 }, /^--validation is 0\.1 in the run, 0\.3 here/],
    ['from', { from: 'cifar10-resnet20' }, /^--from is none in the run, cifar10-resnet20 here/],
    ['recipe', { recipe: 'photos' }, /^--recipe is one-cycle in the run, photos here/],
    ['mean', { preprocessing: { mean: [0.1, 0.2, 0.3] } }, /^--mean is \S+ in the run, 0\.1,0\.2,0\.3 here/],
    ['crop', { preprocessing: { crop: [24, 24] } }, /^--crop is 32,32 in the run, 24,24 here/],
    ['two', { seed: 4, changes: { rate: 1 } }, /^--seed is .*; --rate is .* leave them out/],
  ])('names %s by its flag where it differs', async (_, options, message) => {
    const out = await half(`differs-${_}`)
    await expect(run({ data: pictures, out, resume: true, ...options })).rejects.toThrow(message)
  })

  test('accepts everything that the run has, said again', async () => {
    await half('again')
    const preprocessing = { crop: [32, 32] } as const
    // Of the recipe's own twelve epochs nothing is said here.
    const told = { ...given('again'), changes: { batch: 9 }, validation: 0.1, preprocessing, resume: true }
    expect((await run(told)).steps).toEqual([6])
  })

  test('knows the model that it began from by every name, and another as another', async () => {
    const own = join(folder, 'own from')
    const [model, link] = [join(folder, 'whole/best.safetensors'), join(folder, 'link.safetensors')]
    await symlink(model, link)
    const recipe = { recipe: 'features', changes: { epochs: 1, 'fineTuning.copies': 1 } }
    await run({ data: pictures, from: join(folder, 'whole'), out: own, ...recipe })
    for (const from of [`${join(folder, 'whole')}/`, model, relative('.', model), link])
      await run({ data: pictures, from, out: own, resume: true })
    await expect(
      run({ data: pictures, from: join(folder, 'whole/last.safetensors'), out: own, resume: true }),
    ).rejects.toThrow(/^--from is .* in the run, .*last\.safetensors here/)
  })

  test('trains on for more epochs, as if they had been asked for at first', async () => {
    await run(given('extended'))
    const { steps, ended } = await run({
      data: pictures,
      out: join(folder, 'extended'),
      changes: { epochs: 4 },
      resume: true,
    })
    expect(steps).toEqual([7, 8, 9, 10, 11, 12])
    const longer = await run({ ...given('longer'), changes: { ...given('').changes, epochs: 4 } })
    expect(ended.model.tensors).toEqual(longer.ended.model.tensors)
    const config = JSON.parse(await readFile(join(folder, 'extended', 'config.json'), 'utf8'))
    expect(config.recipe.epochs).toBe(4)
  })

  test('offers a new run where more epochs would have changed the first', async () => {
    const out = join(folder, 'my cycle')
    await run({ ...given('my cycle'), changes: { epochs: 2, batch: 9 } })
    await expect(run({ data: pictures, out, changes: { epochs: 5 }, resume: true })).rejects.toThrow(
      `--epochs is 2 in the run, 5 here: its one-cycle schedule spreads the rate over 2 epochs, and more of them would have changed the first; train on from its best model: resnet train "${pictures}" --from "${out}" --epochs 3`,
    )
  })

  test('waits anew for a run that ended early and is asked for more', async () => {
    const restless = {
      ...given('restless'),
      changes: { ...given('').changes, epochs: 40, rate: 0.4, patience: 1 },
    }
    const first = await run(restless)
    expect(first.ended.reason).toBe('early')
    const out = restless.out ?? ''
    const again = await run({ data: pictures, out, resume: true })
    expect(again.steps).toEqual([])
    expect(again.notes.join()).toMatch(/ended early, 1 epochs after its best/)
    const more = await run({ data: pictures, out, changes: { patience: 2 }, resume: true })
    expect(more.ended.epochs).toBeGreaterThan(first.ended.epochs)
  })

  test('says what a folder is that is none', async () => {
    const out = join(folder, 'a file')
    await writeFile(out, '')
    await expect(run({ ...given('a file'), resume: true })).rejects.toThrow(
      /a file: is a file; name a folder/,
    )
  })
})

describe('a run’s folder', () => {
  test('is a model: its best, and its last where there is none', async () => {
    const out = await half('as-model')
    const best = await readModel(join(folder, 'whole', 'best.safetensors'))
    expect(await readModel(join(folder, 'whole'))).toEqual(best)
    expect((await readModel(out)).notes.join()).toMatch(
      /its run has not ended; this is its best model so far/,
    )
    await rm(join(out, 'best.safetensors'))
    expect((await readModel(`${out}/`)).notes.join()).toMatch(/there is no best\.safetensors; taking last/)
    await rm(join(out, 'last.safetensors'))
    await expect(readModel(out)).rejects.toThrow(
      /its run has no model yet; go on with it .*--out \S+ --resume/,
    )
  })

  test('is what another run begins from, whose model has a name of its own', async () => {
    const options = {
      data: pictures,
      from: join(folder, 'whole'),
      recipe: 'features',
      changes: { epochs: 1 },
    }
    const { ended } = await run({ ...options, out: join(folder, 'child') })
    expect(ended.model.name).toBe('my-pictures-cifar_resnet8')
    expect(ended.model.provenance.get('trained from')).toBe('my-pictures-cifar_resnet8')
    const grandchild = await run({ ...options, from: join(folder, 'child') })
    expect(grandchild.ended.model.name).toBe('my-pictures-cifar_resnet8')
  })
})
