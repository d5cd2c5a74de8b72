/** The report of a run: real answers to real pictures, made into one page that a browser shows without asking for anything. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { totalsOf } from '../src/analysis/summary.ts'
import { buildResNet } from '../src/architecture/build.ts'
import { spread } from '../src/datasets/dataset.ts'
import { openDataset } from '../src/datasets/open.ts'
import { loadModel } from '../src/inference/load.ts'
import type { LoadedModel } from '../src/inference/loaded-model.ts'
import { elements } from '../src/ops/shape.ts'
import { PictureInputs } from '../src/training/inputs.ts'
import { Pictures } from '../src/training/pictures.ts'
import { recipeNamed } from '../src/training/recipes.ts'
import { classFigures } from '../src/training/report/classes.ts'
import type { Judgement, ReportData } from '../src/training/report/data.ts'
import { WorstMistakes } from '../src/training/report/mistakes.ts'
import { reportOf } from '../src/training/report/report.ts'
import { validate } from '../src/training/validate.ts'
import { findChromium } from './browser/chromium.ts'
import { dataFile, dataFolder } from './data.ts'

const hostile = '<script>document.title = "taken over"</script>'
const hostileFile = `"><img src="http://localhost:9/x.png" onerror='document.title = "taken over"'>.png`

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
      [2, 1, 0],
      [0, 1, 0],
      [0, 0, 0],
    ],
  })
  expect(figures).toEqual([
    { label: 'dog', images: 1, precision: 0.5, recall: 1, f1: 2 / 3 },
    { label: 'cat', images: 3, precision: 1, recall: 2 / 3, f1: 0.8 },
  ])
})

describe.skipIf(dataFolder === undefined)('a report', () => {
  const folder = mkdtempSync(join(tmpdir(), 'resnet-ts-report-'))
  let data: ReportData
  let page: string

  beforeAll(async () => {
    data = await reportData()
    page = await reportOf(data)
  })

  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test('shows the surest mistakes first, each with its map', () => {
    const { counts, mistakes = [] } = data.judgement ?? {}
    expect(mistakes).toHaveLength(12)
    expect(counts?.images).toBe(1000)
    mistakes.forEach(({ probability, truthProbability, map }, i) => {
      expect(probability).toBeGreaterThan(truthProbability)
      expect(probability).toBeLessThanOrEqual(mistakes[i - 1]?.probability ?? 1)
      expect(map?.length).toBeGreaterThan(100)
    })
  })

  test('is the same for the same run, and small', async () => {
    expect(await reportOf(data)).toBe(page)
    expect(page.length).toBeLessThan(4e6)
  })

  test('holds no markup of names', () => {
    expect(page).not.toContain('<script')
    expect(page).not.toContain('<img src="http')
    expect(page).toContain('&lt;script&gt;')
  })

  test('of a thousand classes stays small', async () => {
    const labels = Array.from({ length: 1000 }, (_, i) => `class ${i}`)
    const confusion = labels.map((_, row) =>
      labels.map((_, column) => (row === column ? 30 : Number((row * 7 + column) % 50 === 0))),
    )
    const counts = {
      ...{ images: 50_000, top1: 0.6, top5: 0.9, correct: 30_000, correct5: 45_000, loss: 1 },
      perClass: labels.map((label, index) => ({ label, index, images: 50, correct: 30, top1: 0.6 })),
      confusion,
    }
    const large = await reportOf({ ...data, judgement: { on: 'val', counts, mistakes: [] } })
    expect(large.length).toBeLessThan(3e6)
  })

  test('opens in a browser that has nothing to fetch and nothing to complain of', async ({ skip }) => {
    const executablePath = await findChromium()
    if (executablePath === undefined) return skip('no browser is installed; CHROME_PATH names one')
    const file = join(folder, 'report.html')
    writeFileSync(file, page)
    const browser = await chromium.launch({ executablePath })
    try {
      const shown = await browser.newPage({ viewport: { width: 390, height: 844 } })
      const requests: string[] = []
      const complaints: string[] = []
      shown.on('request', (request) => requests.push(request.url()))
      shown.on('console', (message) => complaints.push(message.text()))
      shown.on('pageerror', (error) => complaints.push(error.message))
      await shown.goto(pathToFileURL(file).href)
      expect(requests.filter((url) => !url.startsWith('data:'))).toEqual([pathToFileURL(file).href])
      expect(complaints).toEqual([])
      expect(await shown.title()).toBe('cifar_resnet20 on cifar10')
      expect(await shown.locator('script').count()).toBe(0)
      expect(await shown.locator('figure').count()).toBe(12)
      expect(await shown.getByText(hostileFile).count()).toBe(1)
      // Nothing sticks out of a phone's screen.
      expect(await shown.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
    } finally {
      await browser.close()
    }
  })
})

/** A checkpoint's answers to CIFAR pictures, and the events of an imagined training. */
async function reportData(): Promise<ReportData> {
  const loaded = await loadModel(dataFile('resnet20-12fca82f.th'))
  try {
    const { config, preprocessing, labels } = loaded.model
    const epochs = Array.from({ length: 12 }, (_, i) => {
      const loss = 1.6 / (1 + 0.25 * i)
      const val = { loss: loss * (i === 11 ? 1.2 : 0.9), top1: 1 - loss / 3 }
      return { epoch: i + 1, best: i < 11, val, train: { loss, accuracy: 1 - loss / 2.8 } }
    })
    const { parameters, macs } = totalsOf(buildResNet(config))
    return {
      started: {
        kind: 'started',
        settings: {
          ...{ arch: 'cifar_resnet20', config, preprocessing, classes: labels },
          ...{
            recipeName: 'one-cycle',
            recipe: recipeNamed('one-cycle'),
            seed: 1,
            from: null,
            teacher: null,
          },
          dataset: {
            ...{ name: 'cifar10', train: 45_000, val: 5000, test: 10_000 },
            ...{ valFrom: 'share', validation: 0.1, fingerprint: '' },
          },
        },
        ...{ parameters, trained: parameters, macs, stepsPerEpoch: 352, runsOn: '2 threads', resumedAt: 0 },
      },
      epochs,
      steps: Array.from({ length: 400 }, (_, i) => ({
        step: i + 1,
        rate: Math.min(i / 100, (400 - i) / 300),
      })),
      ended: {
        ...{ kind: 'ended', reason: 'finished', epochs: 12, steps: 4224, seconds: 745 },
        best: { epoch: 11, loss: 0.41, top1: 0.848 },
      },
      judgement: await judgementOf(loaded),
    }
  } finally {
    await loaded.dispose()
  }
}

/** Of every tenth test picture; one class and one file have hostile names. */
async function judgementOf(loaded: LoadedModel): Promise<Judgement> {
  const { preprocessing, labels } = loaded.model
  const dataset = await openDataset(dataFile('cifar10-jpeg.tar'), { split: 'test' })
  try {
    const items = spread(dataset.items, 1000)
    const pictures = new Pictures(items.length, ({ error }) => expect.fail(error))
    const worst = new WorstMistakes()
    const set = { train: [], val: items }
    const recipe = recipeNamed('one-cycle')
    const inputs = new PictureInputs({ set, pictures, recipe, preprocessing, channels: 3, seed: 0 })
    const counts = await validate({
      items,
      classes: labels,
      values: elements(inputs.shape),
      write: (place, to) => inputs.validation(place, to),
      scores: async (image, batch) => {
        const size = image.length / batch
        const images = Array.from({ length: batch }, (_, i) => image.subarray(i * size, (i + 1) * size))
        const scores = await loaded.logitsOfBatch(images, batch)
        return Float32Array.from(scores.flatMap((row) => [...row]))
      },
      onAnswer: (item, logits) => worst.add(item, logits),
    })
    const mistakes = await worst.draw(loaded, pictures)
    return {
      on: 'test',
      counts: {
        ...counts,
        perClass: counts.perClass.map((row, i) => (i === 3 ? { ...row, label: hostile } : row)),
      },
      mistakes: mistakes.map((mistake, i) =>
        i === 0 ? { ...mistake, truth: hostile, file: hostileFile } : mistake,
      ),
    }
  } finally {
    await dataset.close()
  }
}
