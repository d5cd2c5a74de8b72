// Puts the recipes of `recipes/` into the package, as a module: what runs in browsers too reads no files.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../recipes/', import.meta.url))
const out = fileURLToPath(new URL('../src/training/generated/', import.meta.url))

const recipes = Object.fromEntries(
  readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => [name.slice(0, -'.json'.length), JSON.parse(readFileSync(`${folder}${name}`, 'utf8'))]),
)
mkdirSync(out, { recursive: true })
writeFileSync(
  `${out}recipes.ts`,
  `/** The files of \`recipes/\`, written by scripts/recipes.mjs. */\nexport const recipeFiles: Readonly<Record<string, unknown>> = ${JSON.stringify(recipes, null, 2)}\n`,
)
