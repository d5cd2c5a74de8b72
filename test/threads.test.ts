/** What a program pays for the engine's threads: they sleep when idle, let it end, and give back what they held. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { root } from './command.ts'

const library = JSON.stringify(pathToFileURL(`${root}/dist/index.js`).href)

/** Runs a module over the built library until it ends by itself, and answers the JSON that it prints. */
async function program(code: string): Promise<unknown> {
  const child = spawn(process.execPath, ['--expose-gc', '--input-type=module', '--eval', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [output, [status]] = await Promise.all([text(child.stdout), once(child, 'exit')])
  expect(status).toBe(0)
  return JSON.parse(output)
}

const network = `
  import { buildResNet, changed, config, initialise, wasmEngine } from ${library}
  const graph = buildResNet(changed(config('resnet20'), { input: [16, 16], 'stages.0.blocks': 1 }))
  const state = initialise(graph, 1)
  const image = new Map([['image', new Float32Array(3 * 16 * 16)]])
`

test('idle threads sleep, and a program that never disposes of them ends by itself', async () => {
  const { busyShare } = Object(
    await program(`${network}
      const session = await wasmEngine.open(state, { threads: 2 })
      await session.add('infer', graph, { batch: 1 })
      await session.run('infer', image)
      await new Promise((resolve) => setTimeout(resolve, 200))
      const before = process.cpuUsage()
      const start = performance.now()
      await new Promise((resolve) => setTimeout(resolve, 1000))
      const { user, system } = process.cpuUsage(before)
      console.log(JSON.stringify({ busyShare: (user + system) / 1000 / (performance.now() - start) }))
    `),
  )
  expect(busyShare).toBeLessThan(0.2)
})

test('eighty rounds of open, add, run and dispose hold no memory', async () => {
  const { residentMB } = Object(
    await program(`${network}
      const residentMB = []
      for (let round = 0; round <= 80; round++) {
        const session = await wasmEngine.open(state, { threads: 2 })
        await session.add('infer', graph, { batch: 1 })
        await session.run('infer', image)
        await session.dispose()
        if (round % 20 === 0) {
          gc()
          await new Promise((resolve) => setTimeout(resolve, 50))
          residentMB.push(process.memoryUsage.rss() / 2 ** 20)
        }
      }
      console.log(JSON.stringify({ residentMB }))
    `),
  )
  const [, warm = 0, , , last = Number.NaN] = residentMB
  expect(last, residentMB.map(Math.round).join(' ')).toBeLessThan(warm + 60)
})
