/** Files that are made to be handed on say nothing of the disk that they were made on. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readModel, saveModel, saveOnnx, type TrainingEvent, type TrainOptions, train } from '../src/index.ts'
import { drawConfusion } from '../src/plots/confusion.ts'
import { sharedPath } from '../src/shell.ts'
import { writeSmallPictures } from './small-pictures.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'resnet-ts-private-'))
  await writeSmallPictures(join(folder, 'colours'), { train: 6, test: 4 })
  const files = await readdir(join(folder, 'colours'), { recursive: true })
  const pictures = files.filter((file) => file.endsWith('.png')).map((file) => join(folder, 'colours', file))
  // As a table has them that a program wrote, with one that is not there.
  const rows = [...pictures, join(folder, 'gone.png')].map((path) => {
    const [label = 'moss'] = path.match(/coral|moss|slate/) ?? []
    return `${path},${label},${path.includes('test') ? 'test' : 'train'}`
  })
  await writeFile(join(folder, 'table.csv'), ['file,label,split', ...rows, ''].join('\n'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function eventsOf(options: TrainOptions): Promise<readonly TrainingEvent[]> {
  const events: TrainingEvent[] = []
  for await (const event of train(options)) events.push(event)
  return events
}

async function runIn(name: string, others: Partial<TrainOptions> = {}): Promise<string> {
  const out = join(folder, name)
  const { changes, ...rest } = others
  const options = { data: join(folder, 'table.csv'), out, preview: true, ...rest }
  for await (const event of train({
    ...options,
    changes: { epochs: 1, batch: 6, leastSteps: null, ...changes },
  }))
    if (event.kind === 'ended' && event.test !== undefined)
      await writeFile(join(out, 'confusion.svg'), await drawConfusion(event.test))
  return out
}

test('models, ONNX files, reports, drawings and TensorBoard files hold no path of the disk', async () => {
  const teacher = await runIn('teacher', { arch: 'cifar_resnet8', recipe: 'one-cycle' })
  const distillation = { weight: 0.5, temperature: 2 }
  const out = await runIn('pupil', { from: teacher, teacher, recipe: 'one-cycle', changes: { distillation } })
  const model = await readModel(out)
  await saveModel(join(out, 'copy.safetensors'), model)
  await saveOnnx(join(out, 'copy.onnx'), model)
  expect(model.provenance.get('trained from')).toBe('table-cifar_resnet8')
  expect(model.provenance.get('teacher')).toBe('table-cifar_resnet8')
  const page = await readFile(join(out, 'report.html'), 'utf8')
  expect(page).toContain('resnet train table.csv --from teacher --teacher teacher')
  expect(page).toContain('complete them in what you copy')
  // Only what a run goes on by, and what it told on the way, has paths as they were named.
  const own = ['config.json', 'events.jsonl']
  const written = (await readdir(out)).filter((file) => !own.includes(file))
  expect(written.length).toBeGreaterThan(8)
  for (const file of written) {
    const text = await readFile(join(out, file), 'latin1')
    expect(text.includes(folder), `${file} names the folder`).toBe(false)
  }
  expect(await readFile(join(out, 'config.json'), 'utf8')).toContain(JSON.stringify(teacher))
})

test('a run of before, which kept paths in the place of names, goes on', async () => {
  const config = join(folder, 'pupil', 'config.json')
  const { sources, ...settings } = JSON.parse(await readFile(config, 'utf8'))
  await writeFile(config, JSON.stringify({ ...settings, ...sources }))
  const [from, out] = [join(folder, 'teacher'), join(folder, 'pupil')]
  const said = { data: join(folder, 'table.csv'), out, resume: true, teacher: from }
  const told = await eventsOf({ ...said, from })
  expect(told[0]).toMatchObject({
    kind: 'started',
    settings: { from: 'teacher', teacher: 'teacher', sources },
  })
  expect(told.at(-1)).toMatchObject({ kind: 'ended', reason: 'finished' })
  await expect(eventsOf({ ...said, from: out })).rejects.toThrow('--from is')
})

test('of whole paths and addresses the last part is told, of others all', () => {
  expect(sharedPath('/home/ann/photos/')).toBe('photos')
  expect(sharedPath('C:\\Users\\ann\\photos')).toBe('photos')
  expect(sharedPath('\\\\server\\share\\set.csv')).toBe('set.csv')
  expect(sharedPath('~/photos')).toBe('photos')
  expect(sharedPath('https://ann:secret@host/models/a.pth?token=1')).toBe('a.pth')
  for (const name of ['runs/photos', '../photos', 'resnet50.keras_in1k', 'npm:package@1/a.safetensors', '/'])
    expect(sharedPath(name)).toBe(name)
})
