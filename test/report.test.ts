/** The report of a run: a page that stands alone, of figures made up here and of runs that learn three colours. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Browser, chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TrainOptions, train } from '../src/index.ts'
import { classFigures } from '../src/training/report/classes.ts'
import { reportOf } from '../src/training/report/report.ts'
import type { Finding } from '../src/training/verdict.ts'
import { findChromium } from './browser/chromium.ts'
import { madeUp } from './made-up-run.ts'
import { writeSmallPictures } from './small-pictures.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'resnet-ts-report-'))
  await writeSmallPictures(join(folder, 'colours'), { train: 20, test: 6 })
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const hostile = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(2)>',
  "' onload='alert(3)",
  '&lt;b&gt;',
]

test('figures of classes: precision, recall and F1, the worst first', () => {
  // Three pictures of a cat, one taken for a dog; one of a dog, taken for a dog; none of a bird.
  const figures = classFigures({
    ...{ images: 4, top1: 0.75, top5: 1, correct: 3, correct5: 4, loss: 1 },
    perClass: [
      { label: 'cat', index: 0, images: 3, correct: 2, top1: 2 / 3 },
      { label: 'dog', index: 1, images: 1, correct: 1, top1: 1 },
      { label: 'bird', index: 2, images: 0, correct: 0, top1: 0 },
    ],
    confusion: [
      { truth: 0, answer: 0, count: 2 },
      { truth: 0, answer: 1, count: 1 },
      { truth: 1, answer: 1, count: 1 },
    ],
  })
  expect(figures).toEqual([
    { label: 'dog', images: 1, correct: 1, answers: 2, precision: 0.5, recall: 1, f1: 2 / 3 },
    { label: 'cat', images: 3, correct: 2, answers: 2, precision: 1, recall: 2 / 3, f1: 0.8 },
  ])
})

describe('a report', () => {
  test('shows names as they are, whatever they try', async () => {
    const page = await reportOf(madeUp(hostile, 20))
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
    expect(page).toContain('&amp;lt;b&amp;gt;')
    expect(page.match(/<script|<img src=x|<b>&#39;|<b>cats/)).toBeNull()
    const pictures = [...page.matchAll(/<figure>.*?<\/figure>/gs)].map(
      ([figure]) => figure.match(/<img /g)?.length,
    )
    expect(pictures).toEqual([...Array.from({ length: 11 }, () => 2), 1])
  })

  test('says which classes go worst, and the command that trains the network again', async () => {
    const page = await reportOf(madeUp(['ant', 'bee', 'cow', 'dog'], 20))
    const table = /worst first<\/h2>(.*?)<\/table>/s.exec(page)?.[1] ?? ''
    expect([...table.matchAll(/<tr><td>(\w+)<\/td><td>20<\/td>/g)].map(([, label]) => label)[0]).toBe('ant')
    // None of its twenty pictures is answered rightly; bees get those as well as some of their own.
    expect(table).toMatch(/<td>ant<\/td><td>20<\/td><td>0.0 %<small>0 to 16<\/small><\/td>/)
    expect(
      page
        .match(/<pre>(.*)<\/pre>/g)
        ?.at(-1)
        ?.slice(5, -6),
    ).toBe(
      'resnet train &quot;../Tom&#39;s cats&quot; --arch resnet20 --recipe one-cycle --set epochs=3 --seed 5 --validation 0.1',
    )
  })

  test('names the first pictures that could not be read, and counts them', async () => {
    const page = await reportOf(madeUp(['ant', 'bee'], 20))
    const section = /What was left out<\/h2>(.*?)<\/section>/s.exec(page)?.[1] ?? ''
    expect(section).toContain('25 pictures could not be read; the first 20 are:')
    const rows = [...section.matchAll(/<tr><td>(.*?)<\/td><td>(.*?)<\/td>/g)]
    expect(rows).toHaveLength(20)
    expect(rows[3]?.slice(1)).toEqual(['train/3&lt;script&gt;.png', 'the file is empty'])
  })

  test('whose recipe has no name says where it is', async () => {
    const data = madeUp(['ant', 'bee'], 1)
    const settings = { ...data.started.settings, recipeName: 'its own' }
    const page = await reportOf({ ...data, started: { ...data.started, settings } })
    expect(page).toContain('with the recipe in config.json as a file of its own')
    expect(page.match(/<pre>(.*)<\/pre>/g)?.at(-1)).toContain('--recipe recipe.json --seed 5')
  })

  test('says first what the run came to', async () => {
    const data = madeUp(['ant', 'bee'], 20)
    const saying = (...verdict: readonly Finding[]) =>
      reportOf({ ...data, ended: { ...data.ended, verdict } })
    const learnt = { kind: 'learnt', text: '80.0 % of the <b>test</b> pictures are right' } as const
    const page = await saying(learnt, { kind: 'few', text: 'they say little' })
    expect(page).toContain(
      '</h1><p class="verdict">80.0\u00a0% of the &lt;b&gt;test&lt;/b&gt; pictures are right.</p><p class="finding">They say little.</p>',
    )
    for (const kind of ['exploded', 'chance'] as const) {
      expect(await saying({ kind, text: 'nothing was learnt' })).toContain(
        '</h1><p class="verdict grave">Nothing was learnt.</p>',
      )
    }
  })

  test('says how to use the model, in lines that a shell takes as they are', async () => {
    const page = await reportOf(madeUp(['ant', 'bee'], 20))
    const section = /Using the model<\/h2>(.*?)<\/section>/s.exec(page)?.[1] ?? ''
    const lines = [...section.matchAll(/<pre>(.*?)<\/pre>/gs)].map(([, line = '']) =>
      line.replaceAll('&#39;', "'").replaceAll('&quot;', '"'),
    )
    expect(lines[0]).toBe(
      `resnet classify photo.jpg --model "runs/Tom's cats/best.safetensors" --cam map.png`,
    )
    expect(lines[1]).toContain(`evaluate "../Tom's cats" --model`)
    expect(lines.at(-1)).toContain('await loadModel("runs/Tom\'s cats/best.safetensors")\n')
  })

  test('counts by kind what was passed over', async () => {
    const data = madeUp(['ant', 'bee'], 20)
    const passedOver = [
      { what: 'HEIC pictures', count: 12, example: 'ant/<b>1</b>.heic' },
      { what: 'empty file', count: 1, example: 'bee/2.jpg' },
    ]
    const page = await reportOf({ ...data, started: { ...data.started, passedOver }, skipped: [] })
    const section = /What was left out<\/h2>(.*?)<\/section>/s.exec(page)?.[1] ?? ''
    expect(section).toContain('<td>12 HEIC pictures</td><td>as ant/&lt;b&gt;1&lt;/b&gt;.heic</td>')
    expect(section).toContain('<td>1 empty file</td><td>bee/2.jpg</td>')
    expect(section).not.toContain('could not be read')
  })

  test('shows what was changed in the recipe, the rest folded', async () => {
    const page = await reportOf(madeUp(['ant', 'bee'], 20))
    const [open = '', folded = ''] = (/Settings<\/h2>(.*?)<\/details>/s.exec(page)?.[1] ?? '').split(
      '<details>',
    )
    expect(open).toContain('<td>epochs</td><td>3</td><td>12</td>')
    expect(open).not.toContain('momentum')
    expect(folded).toContain('optimiser.momentum')
  })

  test('without mistakes shows right answers of which it was least sure', async () => {
    const data = madeUp(['ant', 'bee'], 20)
    const { judgement } = data
    if (judgement === undefined) throw new Error('it was judged')
    const leastSure = judgement.mistakes.slice(0, 3).map((each) => ({ ...each, answer: each.truth }))
    const page = await reportOf({ ...data, judgement: { ...judgement, mistakes: [], leastSure } })
    expect(page).toContain('No answer is wrong; of these right ones the network was least sure.')
    expect(page.match(/<figure>/g)).toHaveLength(3)
    expect(page).not.toContain('taken for <b>')
  })

  test('of a thousand classes and pictures that do not get smaller stays under 3 MB', async () => {
    const classes = Array.from({ length: 1000 }, (_, i) => `class number ${i}`)
    const page = await reportOf(madeUp(classes, 10))
    expect(page.length).toBeLessThan(3_000_000)
    expect(page).toContain('970 more classes')
  })

  test('of a run that was interrupted shows what there is', async () => {
    const { started, places, ended } = madeUp(hostile, 1)
    const { test: _, ...rest } = ended
    const interrupted = { ...rest, reason: 'interrupted', epochs: 0, best: null, verdict: [] } as const
    const page = await reportOf({
      started,
      places,
      epochs: [],
      steps: [],
      skipped: [],
      ended: interrupted,
      judgement: undefined,
    })
    expect(page).toContain('It was interrupted after step 24')
    expect(page.match(/NaN|undefined|mistakes|left out|Using the model/)).toBeNull()
    expect(page).toContain('No epoch was finished')
  })
})

const options = (out: string): TrainOptions => ({
  data: join(folder, 'colours'),
  arch: 'cifar_resnet8',
  // So slow that there are mistakes to show.
  changes: { epochs: 2, batch: 12, rate: 0.001 },
  out: join(folder, out),
})

async function finish(given: TrainOptions): Promise<void> {
  for await (const event of train(given)) if (event.kind === 'ended') expect(event.reason).toBe('finished')
}

/** With the same name for every run's folder. */
const reportIn = async (out: string) =>
  (await readFile(join(folder, out, 'report.html'), 'utf8')).replaceAll(join(folder, out), 'runs/it')
/** Without what tells two equal runs apart: their clocks, and the folders that they lie in. */
const withoutClocks = (page: string) =>
  page.replace(/<time>[^<]*<\/time>/g, '').replace(/\b(whole|stopped)\b/g, 'RUN')

describe('the report of a run', () => {
  test('lies in its folder, with the worst mistakes and where the network saw its answers', async () => {
    await finish(options('whole'))
    const page = await reportIn('whole')
    expect(page).toContain('of 18 test pictures right')
    const mistakes = [...page.matchAll(/<figure>.*?<\/figure>/gs)].map(([figure]) => figure)
    expect(mistakes.length).toBeGreaterThan(0)
    for (const figure of mistakes) {
      expect(figure.match(/src="data:image\/png;base64,/g)).toHaveLength(2)
      expect(figure).toMatch(/<small>test\/(coral|moss|slate)\/\d+\.png<\/small>/)
    }
    const sure = mistakes.map((figure) => Number(/taken for .*\((\d+\.\d)\s%\)/.exec(figure)?.[1]))
    expect(sure).toEqual(sure.toSorted((a, b) => b - a))
  })

  test('is the same but for clocks after an interruption, which has a report of its own', async () => {
    const stop = new AbortController()
    for await (const event of train({ ...options('stopped'), signal: stop.signal })) {
      if (event.kind === 'step' && event.step === 7) stop.abort()
    }
    expect(await reportIn('stopped')).toContain('It was interrupted after step 7 ')
    const { data } = options('stopped')
    await finish({ data, out: join(folder, 'stopped'), resume: true })
    expect(withoutClocks(await reportIn('stopped'))).toBe(withoutClocks(await reportIn('whole')))
  })

  test('tells of damaged pictures, of those to be tested too', async () => {
    const data = join(folder, 'damaged')
    await writeSmallPictures(data, { train: 20, test: 6 })
    // What begins as a picture is one of the dataset's; a text would be passed over, whatever its name.
    const whole = await readFile(join(data, 'train', 'moss', '000.png'))
    for (const part of ['train', 'test'])
      await writeFile(join(data, part, 'moss', 'broken.png'), whole.subarray(0, 40))
    await finish({ ...options('with-damage'), data })
    const page = await reportIn('with-damage')
    expect(page).toContain('2 pictures could not be read:')
    for (const part of ['train', 'test']) expect(page).toContain(`<td>${part}/moss/broken.png</td><td>`)
  })

  test('of a run that ended for want of patience is written again without another step', async () => {
    const patient = { epochs: 40, batch: 12, rate: 1e-6, patience: 1 }
    const ends: unknown[] = []
    for await (const event of train({ ...options('early'), changes: patient })) {
      if (event.kind === 'ended') ends.push([event.reason, event.steps])
    }
    const { data } = options('early')
    for await (const event of train({ data, out: join(folder, 'early'), resume: true })) {
      expect(event.kind).not.toBe('step')
      if (event.kind === 'ended') ends.push([event.reason, event.steps])
    }
    expect(ends).toEqual([['early', expect.any(Number)], ends[0]])
    expect(await reportIn('early')).toContain('It ended early: no epoch was better for 1 epoch.')
  })

  test('is written again where the run had ended before', async () => {
    await rm(join(folder, 'whole', 'report.html'))
    const { data } = options('whole')
    await finish({ data, out: join(folder, 'whole'), resume: true })
    expect(withoutClocks(await reportIn('whole'))).toBe(withoutClocks(await reportIn('stopped')))
  })
})

const browserPath = await findChromium()

describe.skipIf(browserPath === undefined)('a report in Chromium', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await chromium.launch({ ...(browserPath === undefined ? {} : { executablePath: browserPath }) })
  })
  afterAll(() => browser?.close())

  test.each([
    1200, 390, 360,
  ])('asks nothing of the network, runs nothing and fits a width of %i', async (width) => {
    const path = join(folder, 'hostile.html')
    await writeFile(path, await reportOf(madeUp(hostile, 20)))
    for (const file of [path, join(folder, 'whole', 'report.html')]) {
      const page = await browser.newPage({ viewport: { width, height: 800 } })
      const told: string[] = []
      const requests: string[] = []
      page.on('console', (message) => told.push(message.text()))
      page.on('pageerror', (error) => told.push(error.message))
      page.on('dialog', (dialog) => {
        told.push(dialog.message())
        return dialog.dismiss()
      })
      page.on('request', (request) => requests.push(request.url()))
      await page.goto(pathToFileURL(file).href)
      expect(told).toEqual([])
      expect(requests.filter((address) => !address.startsWith('data:image/png;'))).toEqual([
        pathToFileURL(file).href,
      ])
      expect(await page.evaluate(() => document.scripts.length)).toBe(0)
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width)
      await page.close()
    }
  })
})
