/** Names are data: no class, file or dataset, whatever it is called, ends a run, a drawing or a report, or leaves its place. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type Counts,
  type LabelledPicture,
  loadModel,
  type Model,
  readModel,
  saveModel,
  saveOnnx,
  type TrainOptions,
  train,
  trainingSetOf,
} from '../src/index.ts'
import { escapedText } from '../src/markup.ts'
import { randomUniform } from '../src/ops/random-bits.ts'
import { drawConfusion } from '../src/plots/confusion.ts'
import { hostileNames } from './hostile-names.ts'
import { parseXml } from './xml.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'resnet-ts-names-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const pictures = hostileNames.flatMap((label, index) =>
  [0, 1, 2, 3].map((n): LabelledPicture => {
    const data = Uint8Array.from({ length: 3 * 64 }, (_, i) => 256 * randomUniform(index * 4 + n, i))
    return {
      file: `${label}/${n}`,
      label,
      split: n === 3 ? 'test' : 'train',
      picture: { data, width: 8, height: 8 },
    }
  }),
)

const options = (out: string): TrainOptions => ({
  data: trainingSetOf('<!-- \u2028 "sets" \ufffe', pictures, { seed: 1 }),
  arch: 'cifar_resnet8',
  changes: { epochs: 2, batch: 64, leastSteps: null },
  out: join(folder, out),
})

describe('a run whose classes have names that programs trip over', () => {
  test('ends with its report, which is XML and has every name; it goes on, and its model knows them', async () => {
    const stop = new AbortController()
    for await (const event of train({ ...options('run'), signal: stop.signal }))
      if (event.kind === 'epoch') stop.abort()
    let ended: { readonly test?: Counts; readonly reportError?: string; readonly model: Model } | undefined
    for await (const event of train({ ...options('run'), resume: true }))
      if (event.kind === 'ended') ended = event
    expect(ended?.reportError).toBeUndefined()
    expect(ended?.model.labels).toEqual(hostileNames.toSorted())
    const page = await readFile(join(folder, 'run', 'report.html'), 'utf8')
    await parseXml(page)
    expect(page).toContain('<p class="verdict')
    for (const name of hostileNames) expect(page).toContain(escapedText(name))
    const model = await readModel(join(folder, 'run'))
    expect(model.labels).toEqual(hostileNames.toSorted())
    // Its state says that it has ended.
    expect(model.notes.join()).not.toContain('has not ended')
  })

  test('is a model of these classes for evaluate, its confusion matrix, convert and ONNX', async () => {
    const plain = sharp({ create: { width: 8, height: 8, channels: 3, background: '#a40' } })
    const png = await plain.png().toBuffer()
    // A table can have every name that is one short line of text.
    const isLine = (name: string) =>
      !/\p{Cs}|\p{Cc}/u.test(name) && name.trim() === name && name.length <= 200
    const labels = hostileNames.filter(isLine)
    for (const index of labels.keys()) await writeFile(join(folder, `${index}.png`), png)
    const rows = labels.map((label, index) => `${index}.png,"${label.replaceAll('"', '""')}"`)
    await writeFile(join(folder, 'sets.csv'), ['file,label', ...rows, ''].join('\n'))
    const loaded = await loadModel(join(folder, 'run'))
    const evaluation = await loaded.evaluate(join(folder, 'sets.csv'))
    expect(evaluation.images).toBe(labels.length)
    expect(evaluation.perClass.map(({ label }) => label)).toEqual(labels.toSorted())
    expect(JSON.parse(JSON.stringify(evaluation)).perClass).toEqual(evaluation.perClass)
    await parseXml(await drawConfusion(evaluation))
    const [best] = await loaded.classify(png)
    expect(hostileNames).toContain(best?.label)
    await loaded.dispose()
    await saveModel(join(folder, 'copy.safetensors'), loaded.model)
    expect((await readModel(join(folder, 'copy.safetensors'))).labels).toEqual(loaded.model.labels)
    await saveOnnx(join(folder, 'copy.onnx'), loaded.model)
    expect(await readFile(join(folder, 'copy.onnx'), 'latin1')).toContain(
      Buffer.from(JSON.stringify(loaded.model.labels)).toString('latin1'),
    )
  })
})

test('a matrix of few classes shows their names, whatever they are, and is XML', async () => {
  for (let from = 0; from < hostileNames.length; from += 16) {
    const perClass = hostileNames.slice(from, from + 16).map((label, index) => ({ label, index }))
    const confusion = perClass.map(({ index: truth }) => ({ truth, answer: truth, count: 1 }))
    const svg = await drawConfusion({ perClass, confusion })
    await parseXml(svg)
    for (const { label } of perClass.filter((each) => /^[\w. ]{2,20}$/.test(each.label)))
      expect(svg.split(`>${label}</text>`), label).toHaveLength(3)
  }
})

test('a report that cannot be written leaves the run finished, and is told', async () => {
  const data = trainingSetOf('two', pictures.slice(0, 8), { seed: 1 })
  const out = join(folder, 'no-report')
  await mkdir(join(out, 'report.html', 'in the way'), { recursive: true })
  const events = []
  for await (const event of train({ ...options('no-report'), data })) events.push(event)
  const ended = events.at(-1)
  expect(ended).toMatchObject({ kind: 'ended', reason: 'finished', reportError: /report\.html/ })
  expect((await readModel(out)).notes.join()).not.toContain('has not ended')
})
