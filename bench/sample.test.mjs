import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { nodeCommand, runSample } from './sample.mjs'

const folder = mkdtempSync(join(tmpdir(), 'resnet-ts-sample-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function program(text) {
  const path = join(folder, 'program.mjs')
  writeFileSync(path, text)
  return nodeCommand(process.execPath, path, ['word'])
}

test('a sample is what the process said, and the most memory that it held', async () => {
  const { output, peakBytes } = await runSample(
    program(`const held = Buffer.alloc(2e8, 1); console.log(process.argv[2], held.length)`),
  )
  expect(output).toBe('word 200000000\n')
  expect(peakBytes).toBeGreaterThan(2e8)
  expect(peakBytes).toBeLessThan(5e8)
})

test('a process that fails is left out, with the last line of its errors', async () => {
  const failing = program(`console.error('some warning\\nno such network'); process.exit(2)`)
  await expect(runSample(failing)).rejects.toThrow(/^no such network$/)
  await expect(runSample([join(folder, 'nothing')])).rejects.toThrow(/ENOENT/)
})
