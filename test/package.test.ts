/** What the package says of itself on the registry's page, and what it does to those who install it: nothing. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import * as v from 'valibot'
import { expect, test } from 'vitest'
import { root } from './command.ts'

const manifest = v.parse(
  v.looseObject({
    scripts: v.record(v.string(), v.string()),
    keywords: v.array(v.string()),
    repository: v.object({ type: v.literal('git'), url: v.string() }),
    homepage: v.pipe(v.string(), v.url()),
    bugs: v.object({ url: v.pipe(v.string(), v.url()) }),
  }),
  JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')),
)

test('no script runs where the package is installed', () => {
  const names = ['preinstall', 'install', 'postinstall', 'prepare', 'preprepare', 'postprepare']
  expect(Object.keys(manifest.scripts).filter((name) => names.includes(name))).toEqual([])
})

test('the registry finds the repository, and people find the package', () => {
  const address = manifest.repository.url.replace(/^git\+|\.git$/g, '')
  expect(manifest.homepage).toBe(`${address}#readme`)
  expect(manifest.bugs.url).toBe(`${address}/issues`)
  expect(manifest.keywords).toEqual(expect.arrayContaining(['resnet', 'image-classification', 'webassembly']))
})

test("the README's pictures are of a kind that the registry's page shows", () => {
  // It takes them from the repository as raw files, where an SVG is served as text.
  const pictures = [...readFileSync(join(root, 'README.md'), 'utf8').matchAll(/!\[[^\]]*\]\(([^)]+)\)/g)]
  expect(pictures.length).toBeGreaterThan(0)
  for (const [, path = ''] of pictures) expect(path).toMatch(/^[\w/-]+\.(png|jpg|gif)$/)
})

test('the program that saves a model in a page is the one that the example page runs', () => {
  const program = readFileSync(join(root, 'examples/browser/save.ts'), 'utf8')
  expect(readFileSync(join(root, 'docs/training.md'), 'utf8')).toContain(`\`\`\`ts\n${program}\`\`\`\n`)
})

test("the pages' links lead to files that are there", () => {
  const pages = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'))
  for (const page of ['README.md', 'CONTRIBUTING.md', ...pages.map((name) => `docs/${name}`)]) {
    const links = readFileSync(join(root, page), 'utf8').matchAll(/\]\(([^)#\s]+)[^)]*\)/g)
    for (const [, path = ''] of links) {
      if (/^https?:/.test(path)) continue
      expect(existsSync(join(root, dirname(page), path)), `${page}: ${path}`).toBe(true)
    }
  }
})
