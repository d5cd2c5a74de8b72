/**
 * Places that lack what engines use: WebAssembly, its SIMD, memory to share, a number of processors, workers. Each says what is
 * missing, and computes by what is left. In Chromium, from which it is taken away.
 */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'
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
import { findChromium } from './chromium.ts'
import type { Answer, probe as Probe } from './probe.ts'
import { type Server, serve } from './server.ts'

declare const probe: typeof Probe

const browserPath = await findChromium()
const picture = join(root, 'examples/pictures/balloon.png')

describe.skipIf(browserPath === undefined)('in Chromium that lacks', () => {
  const folder = mkdtempSync(join(tmpdir(), 'resnet-ts-lacking-'))
  let browser: Browser
  let server: Server
  let expected: readonly number[]

  beforeAll(async () => {
    const common = {
      configFile: join(root, 'examples/browser/vite.config.ts'),
      root: join(root, 'test/browser'),
      logLevel: 'silent',
    } as const
    const input = join(root, 'test/browser/probe.html')
    await build({ ...common, build: { outDir: folder, emptyOutDir: false, rollupOptions: { input } } })
    const lib = {
      entry: 'service.ts',
      formats: ['iife' as const],
      name: 'service',
      fileName: () => 'service.js',
    }
    await build({ ...common, build: { outDir: folder, emptyOutDir: false, lib } })
    const network = changed(config('cifar_resnet8'), { input: [16, 16] })
    await saveModel(join(folder, 'tiny.safetensors'), {
      name: 'tiny',
      config: network,
      tensors: initialise(buildResNet(network), 1),
      labels: Array.from({ length: 10 }, (_, index) => `kind ${index}`),
      preprocessing: preprocessingNamed('cifar10', [16, 16]),
      provenance: new Map(),
      notes: [],
    })
    copyFileSync(picture, join(folder, 'picture.png'))
    const loaded = await loadModel(join(folder, 'tiny.safetensors'), { engine: 'reference' })
    expected = [...(await loaded.logitsOf(await loaded.prepare(picture)))]
    server = await serve(folder, { isolated: true })
    browser = await chromium.launch(browserPath === undefined ? {} : { executablePath: browserPath })
  })

  afterAll(async () => {
    await browser?.close()
    await server?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  /** On an isolated page where a script ran before all others. */
  async function onPageAfter<T>(script: string, work: () => Promise<T>): Promise<T> {
    const page = await browser.newPage()
    try {
      await page.addInitScript(script)
      await page.goto(`${server.address}probe.html`)
      return await page.evaluate(work)
    } finally {
      await page.close()
    }
  }

  const answer = () => probe.logits('/tiny.safetensors', '/picture.png')
  const byReference = () => probe.logits('/tiny.safetensors', '/picture.png', { engine: 'reference' })
  const refusal = () => probe.refusal('/tiny.safetensors')

  function expectRight({ logits }: Answer) {
    expect(relativeDifference(logits, expected)).toBeLessThan(1e-3)
  }

  test.for([
    [
      'WebAssembly',
      'delete globalThis.WebAssembly',
      /^EngineError: there is no WebAssembly here; .*"reference"/,
    ],
    [
      'SIMD',
      'WebAssembly.validate = () => false',
      /^EngineError: WebAssembly here has no SIMD; a newer browser has, .*"reference"/,
    ],
  ] as const)('%s: the error says so, and the reference engine answers', async ([, script, message]) => {
    expect(await onPageAfter(script, refusal)).toMatch(message)
    expectRight(await onPageAfter(script, byReference))
  })

  test('memory to share, as WebKitGTK does on isolated pages: one thread, which says why', async () => {
    const found = await onPageAfter('delete globalThis.SharedArrayBuffer', answer)
    expect(found.runsOn).toMatch(
      /, 1 thread, as this browser gives no memory to share \(SharedArrayBuffer\), though the page is cross-origin isolated$/,
    )
    expectRight(found)
  })

  test.for(['undefined', '0'])('a number of processors (%s): one thread', async (value) => {
    const script = `Object.defineProperty(Navigator.prototype, 'hardwareConcurrency', { get: () => ${value} })`
    const found = await onPageAfter(script, answer)
    expect(found.runsOn).toMatch(/, 1 thread$/)
    expectRight(found)
  })

  test('workers, as an isolated service worker does: the calling thread computes, which says why', async () => {
    const found = await onPageAfter('', async () => {
      const { active, installing } = await navigator.serviceWorker.register('/service.js')
      const worker = active ?? installing
      const { port1, port2 } = new MessageChannel()
      const message = new Promise<Answer>((resolve) => {
        port1.onmessage = ({ data }) => resolve(data)
      })
      worker?.postMessage({ model: '/tiny.safetensors', picture: '/picture.png' }, [port2])
      return message
    })
    expect(found.runsOn).toMatch(
      /, 1 thread, as a service worker and its like start no workers; isolated: true$/,
    )
    expectRight(found)
  })
})
