// Puts the package's version into the command, as a module: a bundle of it is far from package.json, or near another one.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const out = fileURLToPath(new URL('../src/cli/generated/', import.meta.url))
mkdirSync(out, { recursive: true })
writeFileSync(
  `${out}version.ts`,
  `/** The package's version, written by scripts/version.mjs. */\nexport const version = '${version}'\n`,
)
