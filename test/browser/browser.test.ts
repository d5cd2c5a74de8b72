/**
 * The library in a real browser: a production build by Vite, served with the headers that isolate a page and without, in
 * headless Chromium. Without a browser it is skipped; `RESNET_TS_REQUIRE_BROWSER=1` insists on one.
 */
import { copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { build } from 'vite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  buildResNet,
  changed,
  config,
  initialise,
  loadModel,
  preprocessingNamed,
  saveModel,
} from '../../src/index.ts'
import { root } from '../command.ts'
import { relativeDifference } from '../network.ts'
import { writeSmallPictures } from '../small-pictures.ts'
import { findChromium } from './chromium.ts'
import type { Answer, Labelled, probe as Probe } from './probe.ts'
import { type Server, serve } from './server.ts'
import { trainSteps } from './train-steps.ts'

declare const probe: typeof Probe

const browserPath = await findChromium()
const required = process.env.RESNET_TS_REQUIRE_BROWSER === '1'
const picture = join(root, 'examples/pictures/balloon.png')

if (required) {
  test('a browser is there, as RESNET_TS_REQUIRE_BROWSER insists', () => {
    expect(browserPath).toBeDefined()
  })
}

const browserTest = `in Chromium${browserPath === undefined ? ' (none is installed; CHROME_PATH names one)' : ''}`
describe.skipIf(browserPath === undefined)(browserTest, () => {
  const folder = mkdtempSync(join(tmpdir(), 'resnet-ts-browser-'))
  const site = join(folder, 'site')
  const modelFile = join(site, 'small.safetensors')
  let browser: Browser
  let isolated: Server
  let plain: Server

  beforeAll(async () => {
    await build({
      root: join(root, 'examples/browser'),
      logLevel: 'silent',
      build: { outDir: site, emptyOutDir: true },
    })
    await build({
      configFile: join(root, 'examples/browser/vite.config.ts'),
      root: join(root, 'test/browser'),
      logLevel: 'silent',
      build: { outDir: join(site, 'probe'), rollupOptions: { input: join(root, 'test/browser/probe.html') } },
    })
    copyFileSync(picture, join(site, 'picture.png'))
    await saveModel(modelFile, smallModel())
    await saveModel(join(site, 'tiny.safetensors'), tinyModel())
    await writeSmallPictures(join(site, 'colours'), { train: 12, test: 1 })
    isolated = await serve(site, { isolated: true })
    plain = await serve(site, { isolated: false })
    browser = await chromium.launch({ ...(browserPath === undefined ? {} : { executablePath: browserPath }) })
  })

  afterAll(async () => {
    await browser?.close()
    await isolated?.close()
    await plain?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  /** A page, closed afterwards; what it complains about fails the test. */
  async function onPage<T>(address: string, work: (page: Page) => Promise<T>): Promise<T> {
    const page = await browser.newPage()
    const complaints: string[] = []
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text())
    })
    try {
      await page.goto(address)
      const result = await work(page)
      expect(complaints).toEqual([])
      return result
    } finally {
      await page.close()
    }
  }

  const onProbe = <T>(server: Server, work: (page: Page) => Promise<T>) =>
    onPage(`${server.address}probe/probe.html`, work)

  async function expectedLogits(): Promise<readonly number[]> {
    const loaded = await loadModel(modelFile, { engine: 'reference' })
    return [...(await loaded.logitsOf(await loaded.prepare(picture)))]
  }

  test("an isolated page answers with the reference engine's logits, on threads", async () => {
    const { runsOn, logits } = await onProbe(isolated, (page) =>
      page.evaluate(() => probe.logits('/small.safetensors', '/picture.png')),
    )
    expect(runsOn).toMatch(/^relaxed SIMD, \d+ threads?$/)
    expect(relativeDifference(logits, await expectedLogits())).toBeLessThan(1e-3)
  })

  test('a page that is not isolated answers the same on one thread, and says why', async () => {
    const { runsOn, logits } = await onProbe(plain, (page) =>
      page.evaluate(() => probe.logits('/small.safetensors', '/picture.png')),
    )
    expect(runsOn).toBe(
      'relaxed SIMD, 1 thread, as the page is not cross-origin isolated and cannot share memory',
    )
    expect(relativeDifference(logits, await expectedLogits())).toBeLessThan(1e-3)
  })

  describe('under a policy', () => {
    const strict = "script-src 'self' 'wasm-unsafe-eval'"
    const typed = `${strict}; require-trusted-types-for 'script'; trusted-types resnet-ts`
    const noWorker = /^relaxed SIMD, 1 thread, as no worker starts here: the page's policy forbids it/

    async function answerUnder(policy: string, options = {}): Promise<Answer> {
      const server = await serve(site, { isolated: true, policy })
      const page = await browser.newPage()
      try {
        await page.goto(`${server.address}probe/probe.html`)
        return await page.evaluate(
          (given) => probe.logits('/tiny.safetensors', '/picture.png', given),
          options,
        )
      } finally {
        await page.close()
        await server.close()
      }
    }

    // A worker of the tests has one processor to itself, which is said.
    const twoThreads = /^relaxed SIMD, 2 threads( on 1 processor)?$/
    test.for([
      ['of own scripts alone, threads are a file of the bundle', strict, {}, twoThreads],
      [
        'of trusted types, threads are a blob where blobs are allowed',
        `${typed}; worker-src 'self' blob:`,
        {},
        twoThreads,
      ],
      ['of trusted types without blobs, the calling thread computes', typed, {}, noWorker],
      ['without workers, the calling thread computes', `${strict}; worker-src 'none'`, {}, noWorker],
      [
        'without workers, one thread needs none',
        `${strict}; worker-src 'none'`,
        { threads: 1 },
        /, 1 thread$/,
      ],
      [
        'an address of the program that is wrong is named',
        strict,
        { threadProgram: '/none.js' },
        /, 1 thread, as no worker starts from \/none\.js: /,
      ],
    ] as const)('%s', async ([, policy, options, words]) => {
      const { runsOn, logits } = await answerUnder(policy, { threads: 2, ...options })
      expect(runsOn).toMatch(words)
      const loaded = await loadModel(join(site, 'tiny.safetensors'), { engine: 'reference' })
      const expected = await loaded.logitsOf(await loaded.prepare(picture))
      expect(relativeDifference(logits, [...expected])).toBeLessThan(1e-3)
    })

    test('that forbids WebAssembly, the error says which word is missing, and the reference engine answers', async () => {
      const policy = "script-src 'self'"
      const server = await serve(site, { isolated: true, policy })
      await onProbe(server, async (page) => {
        expect(await page.evaluate(() => probe.refusal('/tiny.safetensors'))).toMatch(
          /^EngineError: the page's policy forbids WebAssembly: add 'wasm-unsafe-eval' to its script-src; the engine "reference"/,
        )
      }).finally(() => server.close())
      expect((await answerUnder(policy, { engine: 'reference' })).logits.length).toBeGreaterThan(0)
    })
  })

  test('the shipped model comes with the page, and sees its class where it does in Node', async () => {
    const found = await onProbe(plain, (page) => page.evaluate(() => probe.shippedMap('/picture.png')))
    const loaded = await loadModel('cifar10-resnet20')
    const { index, values } = await loaded.activationMap(picture)
    await loaded.dispose()
    expect(found.index).toBe(index)
    expect(relativeDifference(found.values, values)).toBeLessThan(1e-3)
  })

  test.for([
    ['isolated', /^relaxed SIMD, \d+ threads?$/],
    ['not isolated', /1 thread, as the page is not cross-origin isolated/],
  ] as const)('ten steps of training on a page that is %s give the losses that they give in Node', async ([
    kind,
    words,
  ]) => {
    const expected = await trainSteps(10)
    const [first = 0, last = 0] = [expected.losses.at(0), expected.losses.at(-1)]
    expect(last).toBeLessThan(first / 2)
    const server = kind === 'isolated' ? isolated : plain
    const { runsOn, losses } = await onProbe(server, (page) => page.evaluate(() => probe.train(10)))
    expect(runsOn).toMatch(words)
    // The page multiplies and adds in one rounding, Node without its flag in two, and steps carry that on.
    expect(relativeDifference(losses, expected.losses)).toBeLessThan(1e-2)
  })

  test.for([
    'isolated',
    'not isolated',
  ])('a page that is %s adapts a model to a few dozen pictures and saves it', async (kind) => {
    const server = kind === 'isolated' ? isolated : plain
    const pictures = labelledPictures(join(site, 'colours', 'train'), '/colours/train')
    expect(pictures.length).toBe(36)
    const unseen = '/colours/test/moss/000.png'
    const { losses, answer, file } = await onProbe(server, (page) =>
      page.evaluate(([labelled, fresh]) => probe.fineTune('/tiny.safetensors', labelled, fresh), [
        pictures,
        unseen,
      ] as const),
    )
    expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) / 1.5)
    expect(answer).toBe('moss')
    const loaded = await loadModel(Uint8Array.from(file))
    expect(loaded.model.labels).toEqual(['coral', 'moss', 'slate'])
    const [best] = await loaded.classify(join(site, unseen), { top: 1 })
    await loaded.dispose()
    expect(best?.label).toBe('moss')
  })

  test('long tasks are noticed', async () => {
    const seen = await onProbe(isolated, (page) => page.evaluate(() => probe.busyFor(80)))
    expect(seen.length).toBe(1)
  })

  test.for(['isolated', 'not isolated'])(
    'the main thread of a page that is %s has no task over 50 ms while ResNet-50 runs',
    {
      // Tasks are timed by the clock, and a machine that does other work meanwhile stretches them.
      retry: 4,
    },
    async (kind) => {
      const server = kind === 'isolated' ? isolated : plain
      expect(await onProbe(server, (page) => page.evaluate(() => probe.longTasksOf('resnet50', 10)))).toEqual(
        [],
      )
    },
  )

  test.for([
    'isolated',
    'not isolated',
  ])('the example page that is %s opens with an answer and its map, and says what computes', async (kind) => {
    const server = kind === 'isolated' ? isolated : plain
    await onPage(`${server.address}index.html`, async (page) => {
      const first = page.locator('#answers li').first()
      expect(await first.innerText()).toMatch(/^ship\s+(9\d|100)\.\d %$/)
      await page.getByText('where it sees ship').waitFor()
      // A map has many colours, an empty canvas has one.
      expect(await page.locator('#map').evaluate(coloursOn)).toBeGreaterThan(100)
      expect(await page.locator('#engine').innerText()).toMatch(
        kind === 'isolated'
          ? /^cifar10-resnet20 on wasm: relaxed SIMD, \d+ threads?$/
          : /1 thread, as the page is not cross-origin isolated/,
      )
      await page.getByTitle('truck').click()
      await page.getByText('where it sees truck').waitFor()
    })
  })

  test('the example page opens a model file, which answers for the picture that is shown', async () => {
    const loaded = await loadModel(modelFile)
    const [best] = await loaded.classify(join(root, 'examples/browser/pictures/ship.png'))
    await loaded.dispose()
    await onPage(`${isolated.address}index.html`, async (page) => {
      await page.getByText('where it sees ship').waitFor()
      await page.setInputFiles('#model', modelFile)
      await page.getByText(`where it sees ${best?.label}`).waitFor()
      const first = await page.locator('#answers li').first().innerText()
      expect(first).toContain(`${((best?.probability ?? 0) * 100).toFixed(1)} %`)
      expect(await page.locator('#engine').innerText()).toMatch(/^small on wasm/)
    })
  })

  test.for([
    'isolated',
    'not isolated',
  ])('the example page that is %s learns drawings, answers for a new one and saves its model', async (kind) => {
    const server = kind === 'isolated' ? isolated : plain
    await onPage(`${server.address}index.html`, async (page) => {
      await page.getByText('where it sees ship').waitFor()
      expect(await page.locator('#train').isDisabled()).toBe(true)
      await page.fill('#second', 'kite')
      await page.click('#draw-some')
      await drawCross(page)
      expect(await page.locator('#drawing').evaluate(coloursOn)).toBeGreaterThan(1)
      await page.click('#add-second')
      expect(await page.locator('#count-second').innerText()).toBe('13')
      await page.click('#train')
      await page.locator('#save:not([hidden])').waitFor({ timeout: 120_000 })
      expect(await page.locator('#lesson').innerText()).toMatch(/(8\d|9\d|100) % of unseen ones right$/)

      await drawCross(page)
      await page.getByText('where it sees kite').waitFor({ timeout: 120_000 })
      await page.click('#clear')
      expect(await page.locator('#drawing').evaluate(coloursOn)).toBe(1)

      const [download] = await Promise.all([page.waitForEvent('download'), page.click('#save')])
      expect(download.suggestedFilename()).toBe('drawings.safetensors')
      const loaded = await loadModel(await download.path())
      expect(loaded.model.labels).toEqual(['circle', 'kite'])
      await loaded.dispose()
    })
  })

  test.each([1280, 390])('the example page fits a width of %i', async (width) => {
    await onPage(`${isolated.address}index.html`, async (page) => {
      await page.setViewportSize({ width, height: 800 })
      await page.getByText('where it sees ship').waitFor()
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width)
    })
  })
})

/** How many colours a canvas shows; it runs in the page. */
function coloursOn(canvas: Element): number {
  if (!(canvas instanceof HTMLCanvasElement)) return 0
  const { width, height } = canvas
  const bytes = canvas.getContext('2d')?.getImageData(0, 0, width, height).data.buffer
  return new Set(bytes === undefined ? [] : new Uint32Array(bytes)).size
}

/** Draws on the example page's canvas as a person does. */
async function drawCross(page: Page): Promise<void> {
  await page.locator('#drawing').scrollIntoViewIfNeeded()
  const { x = 0, y = 0 } = (await page.locator('#drawing').boundingBox()) ?? {}
  for (const [from, to] of [
    [60, 160],
    [160, 60],
  ] as const) {
    await page.mouse.move(x + from, y + 60)
    await page.mouse.down()
    await page.mouse.move(x + to, y + 160, { steps: 8 })
    await page.mouse.up()
  }
}

/** The pictures of class folders and where the server has them. */
function labelledPictures(folder: string, address: string): readonly Labelled[] {
  return readdirSync(folder).flatMap((label) =>
    readdirSync(join(folder, label)).map((name) => ({ label, address: `${address}/${label}/${name}` })),
  )
}

/** CIFAR's ResNet-8 on pictures of 16×16, on its first weights. */
function tinyModel() {
  const network = changed(config('cifar_resnet8'), { input: [16, 16] })
  return {
    ...smallModel(),
    config: network,
    tensors: initialise(buildResNet(network), 1),
    preprocessing: preprocessingNamed('cifar10', [16, 16]),
  }
}

/** ResNet-18 on pictures of 64×64 with 10 classes, on its first weights. */
function smallModel() {
  const network = changed(config('resnet18'), { input: [64, 64], classes: 10 })
  return {
    name: 'small',
    config: network,
    tensors: initialise(buildResNet(network), 1),
    labels: Array.from({ length: 10 }, (_, index) => `kind ${index}`),
    preprocessing: preprocessingNamed('torch-imagenet', [64, 64]),
    provenance: new Map([['source', 'first weights, seed 1']]),
    notes: [],
  }
}
