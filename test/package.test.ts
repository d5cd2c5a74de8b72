/** What the package says of itself on the registry's page, and what it does to those who install it: nothing. */
import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import * as v from 'valibot'
import { expect, test } from 'vitest'
import { root } from './command.ts'

const manifest = v.parse(
  v.looseObject({
    main: v.string(),
    types: v.string(),
    exports: v.looseObject({ '.': v.object({ types: v.string(), default: v.string() }) }),
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

/** What Node prints for a program. */
function printed(program: string): string {
  return spawnSync(process.execPath, ['-e', program], { encoding: 'utf8' }).stdout
}

test('the built package is imported where there is no TextEncoder, as in jsdom', () => {
  const bare = 'delete globalThis.TextEncoder; delete globalThis.TextDecoder;'
  const address = JSON.stringify(pathToFileURL(join(root, manifest.main)).href)
  expect(printed(`${bare} import(${address}).then(({ loadModel }) => console.log(typeof loadModel))`)).toBe(
    'function\n',
  )
})

test('CommonJS requires the built package by its folder', () => {
  expect(printed(`console.log(typeof require(${JSON.stringify(root)}).loadModel)`)).toBe('function\n')
})

test('the types are checked with lib es2020, and without those of Node', () => {
  const folder = mkdtempSync(join(tmpdir(), 'types-'))
  try {
    mkdirSync(join(folder, 'node_modules'))
    symlinkSync(root, join(folder, 'node_modules/resnet-ts'), 'junction')
    writeFileSync(
      join(folder, 'main.ts'),
      `import { loadModel, ResNetError } from 'resnet-ts'
export async function best(picture: Uint8Array): Promise<string> {
  try {
    const [first] = await (await loadModel('cifar10-resnet20')).classify(picture)
    return first?.label ?? ''
  } catch (error) {
    return error instanceof ResNetError ? error.message : ''
  }
}
`,
    )
    const compiler = join(root, 'node_modules/typescript/bin/tsc')
    const options = [
      '--noEmit',
      '--strict',
      '--target',
      'es2020',
      '--lib',
      'es2020,dom',
      '--module',
      'esnext',
    ]
    const { status, stdout } = spawnSync(
      process.execPath,
      [compiler, ...options, '--moduleResolution', 'bundler', 'main.ts'],
      { cwd: folder, encoding: 'utf8' },
    )
    expect(stdout).toBe('')
    expect(status).toBe(0)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('old tools that know no exports find the entry and its types', () => {
  expect(manifest).toMatchObject({ main: manifest.exports['.'].default, types: manifest.exports['.'].types })
  for (const path of [manifest.main, manifest.types]) expect(existsSync(join(root, path)), path).toBe(true)
})

test('nothing in the built package asks for `this` outside of classes, of which Rollup warns', () => {
  const dist = join(root, 'dist')
  const files = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.js'),
  )
  expect(files.filter((file) => readFileSync(join(dist, file), 'utf8').includes('this && this'))).toEqual([])
})
