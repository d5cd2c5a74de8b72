// Measures ours or a peer on the page in headless Chromium.
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { preview } from 'vite'
import { answer } from './answer.mjs'
import { work } from './arguments.mjs'

await answer(async () => {
  const server = await preview({
    configFile: fileURLToPath(new URL('../page/vite.config.mjs', import.meta.url)),
    build: { outDir: work.material },
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
