// The test command: build, types, formatter and linter, unit tests, and the packed package in a project of its own. Each
// step and each unit test counts; the last line says how many passed.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onOtherNode, otherReleases } from './nodes.mjs'
import { packageSteps } from './package.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const scratch = mkdtempSync(join(tmpdir(), 'resnet-ts-test-'))
const counts = { passed: 0, failed: 0, skipped: 0 }
const failures = []

/** Runs a tool of the project; its output is shown. */
function tool(module, args) {
  const { status } = spawnSync(process.execPath, [join(root, 'node_modules', module), ...args], {
    cwd: root,
    stdio: 'inherit',
  })
  if (status !== 0) throw new Error(`${module} ended with status ${status}`)
}

async function step(name, work) {
  console.log(`\n== ${name}`)
  const start = performance.now()
  try {
    const outcome = await work()
    if (outcome?.skipped !== undefined) {
      counts.skipped++
      console.log(`skipped: ${outcome.skipped}`)
      return
    }
    counts.passed++
    console.log(`ok, ${((performance.now() - start) / 1000).toFixed(1)} s`)
  } catch (error) {
    counts.failed++
    failures.push(name)
    console.log(`FAILED: ${error instanceof Error ? error.message : error}`)
  }
}

/** Unit tests count one by one. `node` runs them, all of them or those in `files`. */
function unitTests(node = process.execPath, files = []) {
  const file = join(scratch, 'unit.json')
  rmSync(file, { force: true })
  const args = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`, ...files]
  const { status } = spawnSync(node, [join(root, 'node_modules/vitest/vitest.mjs'), ...args], {
    cwd: root,
    stdio: 'inherit',
  })
  const report = JSON.parse(readFileSync(file, 'utf8'))
  counts.passed += report.numPassedTests
  counts.failed += report.numFailedTests
  counts.skipped += report.numPendingTests + report.numTodoTests
  for (const { assertionResults } of report.testResults) {
    for (const test of assertionResults) if (test.status === 'failed') failures.push(test.fullName)
  }
  if (status !== 0) throw new Error(`${report.numFailedTests} tests failed; status ${status}`)
}

function data() {
  const folder = process.env.RESNET_TS_DATA
  const required = process.env.RESNET_TS_REQUIRE_DATA === '1'
  const missing = folder === undefined || !existsSync(join(folder, 'imagenet-200.tar'))
  if (missing && required) throw new Error(`RESNET_TS_DATA must name the folder of real data, not ${folder}`)
  if (missing) return { skipped: 'RESNET_TS_DATA names no folder of real data; what needs it is skipped' }
  return undefined
}

try {
  await step('real data', data)
  await step('build', () => tool('../scripts/build.mjs', []))
  await step('types', () => tool('typescript/bin/tsc', ['--noEmit']))
  await step('formatter and linter', () => tool('@biomejs/biome/bin/biome', ['check', '.']))
  await step('API reference', () =>
    tool('../scripts/reference/node_modules/typedoc/bin/typedoc', [
      '--options',
      'scripts/reference/typedoc.json',
    ]),
  )
  await step('unit tests', () => unitTests())
  for (const release of otherReleases)
    await step(`engine, command and training on Node ${release}`, () =>
      onOtherNode(release, scratch, unitTests),
    )
  for (const [name, work] of packageSteps({ root, scratch, tool })) await step(name, work)
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

if (failures.length > 0) console.log(`\nfailed:\n${failures.map((name) => `  ${name}`).join('\n')}`)
const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''
console.log(`\n${counts.passed} passed, ${counts.failed} failed${skipped}`)
process.exitCode = counts.failed > 0 ? 1 : 0
