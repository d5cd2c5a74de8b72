// Measures ours or a peer on a page in headless Chromium, isolated so that it may share memory between threads.
import { chromium } from 'playwright-core'
import { preview } from 'vite'
import { answer } from './answer.mjs'
import { work } from './arguments.mjs'

const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
}

await answer(async () => {
  const server = await preview({
    configFile: false,
    logLevel: 'silent',
    root: work.material,
    build: { outDir: '.' },
    preview: { host: '127.0.0.1', port: 0, headers: isolation },
  })
  const browser = await chromium.launch({ executablePath: process.env.CHROME_PATH ?? '/usr/bin/chromium' })
  try {
    const page = await browser.newPage()
    await page.goto(server.resolvedUrls.local[0])
    await page.waitForFunction(() => 'measure' in globalThis)
    const { ms, runsOn } = await page.evaluate((asked) => globalThis.measure(asked), work)
    return { ms, runsOn: `Chromium ${browser.version()}: ${runsOn}` }
  } finally {
    await browser.close()
  }
})
