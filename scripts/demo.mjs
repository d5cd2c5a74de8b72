// The main job from a fresh clone, without a download: pictures of shapes and textures are drawn, a small network learns
// them in about a minute, and then names new ones. What it leaves lies in `runs/`.
import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { drawPicture, drawShapes, kinds } from './demo/draw.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const pictures = join('build', 'demo', 'shapes')
const fresh = join('build', 'demo', 'new')
const run = join('runs', 'demo')

/** Runs the command as a user would, from the clone. */
function resnet(...args) {
  console.log(`\n$ resnet ${args.join(' ')}\n`)
  const { status } = spawnSync(process.execPath, ['dist/cli/main.js', ...args], {
    cwd: root,
    stdio: 'inherit',
  })
  if (status !== 0) process.exit(status ?? 1)
}

process.chdir(root)
for (const folder of [pictures, fresh, run]) rmSync(folder, { recursive: true, force: true })
console.log(`drawing pictures of ${kinds.length} kinds: ${kinds.join(', ')}`)
const drawn = await drawShapes({ out: pictures, train: 300, test: 100, seed: 1 })
console.log(`${drawn} pictures in ${pictures}`)

resnet(
  ...['train', pictures, '--arch', 'cifar_resnet8', '--recipe', 'one-cycle'],
  ...['--epochs', '18', '--batch', '32', '--rate', '0.2', '--out', run],
)

mkdirSync(fresh, { recursive: true })
const files = ['spiral', 'star', 'waves'].map((kind) => ({ kind, file: join(fresh, `${kind}.png`) }))
for (const { kind, file } of files) writeFileSync(file, await drawPicture(kind, 2))
resnet(
  ...['classify', ...files.map(({ file }) => file), '--model', join(run, 'best.safetensors')],
  ...['--top', '3', '--cam', join(run, 'maps')],
)
console.log(`\nOpen ${join(run, 'report.html')} to see how it learnt and where it errs.`)
