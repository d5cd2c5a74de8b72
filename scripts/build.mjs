// Builds the package into dist: the kernels, the recipes, JavaScript and types from src, then the rows that `resnet list` must answer
// at once.
import { spawnSync } from 'node:child_process'
import { chmodSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
await import('./kernels.mjs')
await import('./recipes.mjs')
rmSync(`${root}/dist`, { recursive: true, force: true })
const compiler = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url))
const { status } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
})
if (status !== 0) process.exit(1)
// `npx resnet` runs it in a clone, where no installation has made it a program.
chmodSync(`${root}/dist/cli/main.js`, 0o755)
const { countRows } = await import('../dist/cli/list.js')
writeFileSync(`${root}/dist/cli/list.json`, JSON.stringify(await countRows()))
