// Builds the package into dist: the kernels, the recipes, the version, JavaScript and types from src, then the rows that
// `resnet list` must answer at once.
import { spawnSync } from 'node:child_process'
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
await import('./kernels.mjs')
await import('./recipes.mjs')
await import('./version.mjs')
rmSync(`${root}/dist`, { recursive: true, force: true })
const compiler = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url))
const { status } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
})
if (status !== 0) process.exit(1)
tidy(`${root}/dist`)
// `npx resnet` runs it in a clone, where no installation has made it a program.
chmodSync(`${root}/dist/cli/main.js`, 0o755)
const { countRows } = await import('../dist/cli/list.js')
writeFileSync(`${root}/dist/cli/list.json`, JSON.stringify(await countRows()))

/** What the compiler writes, as bundlers and old tools take it. */
function tidy(dist) {
  const files = readdirSync(dist, { recursive: true }).map((name) => join(dist, name))
  // Its helper for imports by a computed name asks for `this`, of which Rollup warns: a module has none.
  for (const file of files.filter((name) => name.endsWith('.js')))
    change(file, (text) => text.replaceAll('(this && this.__rewriteRelativeImportExtension) || ', ''))
  // Twins have the same types, so those of Node's serve tools that know no `imports` (moduleResolution node).
  for (const file of files.filter((name) => name.endsWith('.d.ts')))
    change(file, (text) =>
      text.replaceAll(/'#platform\/([^']+)'/g, (_, name) => {
        const path = relative(dirname(file), join(dist, `${name}.node.js`)).replaceAll('\\', '/')
        return `'${path.startsWith('.') ? path : `./${path}`}'`
      }),
    )
}

function change(file, how) {
  const text = readFileSync(file, 'utf8')
  const changed = how(text)
  if (changed !== text) writeFileSync(file, changed)
}
