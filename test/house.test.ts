/** The rules of the house: which folder may import which, where Node's modules may stand, sizes, the public list. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { describe, expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')

const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'))
  .map((path) => ({ path, text: readFileSync(join(root, 'src', path), 'utf8') }))

const isTest = (path: string) => path.endsWith('.test.ts')
const folderOf = (path: string) => (path.includes('/') ? (path.split('/')[0] ?? '') : '')

/** What a file imports, with the names of files inside `src` as paths from there. */
function importsOf({ path, text }: { readonly path: string; readonly text: string }): readonly string[] {
  const found = [...text.matchAll(/^\s*(?:import|export)\b[^'"`]*?\bfrom\s+['"]([^'"]+)['"]/gms)]
  const bare = [...text.matchAll(/^\s*import\s+['"]([^'"]+)['"]/gm)]
  const dynamic = [...text.matchAll(/\bimport\(\s*['"]([^'"]+)['"]\s*\)/g)]
  return [...found, ...bare, ...dynamic].map(([, from = '']) => {
    if (from.startsWith('#platform/')) return from.slice('#platform/'.length)
    return from.startsWith('.') ? posix.join(dirname(path), from) : from
  })
}

/** The files without which a file does not run: no types, and nothing that is imported when it is needed. */
function needs({ path, text }: { readonly path: string; readonly text: string }): readonly string[] {
  const values = text.replace(/^\s*(?:import|export) type\b.*?\bfrom\b/gms, '').replace(/\bimport\(/g, '')
  return importsOf({ path, text: values }).flatMap((from) =>
    from.endsWith('.ts') ? [from] : [`${from}.node.ts`, `${from}.browser.ts`],
  )
}

/** The folders from bottom to top; each imports only from lines below its own. */
const floors: readonly (readonly string[])[] = [
  ['bounded'],
  ['ops'],
  ['graph'],
  ['architecture'],
  ['images', 'checkpoint'],
  ['export'],
  ['analysis', 'datasets', 'engines', 'hub'],
  ['inference', 'plots'],
  ['training'],
  ['cli'],
]

describe('the house', () => {
  test('every folder has its floor', () => {
    const folders = new Set(sources.map(({ path }) => folderOf(path)).filter((folder) => folder !== ''))
    expect([...folders].filter((folder) => !floors.flat().includes(folder))).toEqual([])
  })

  test('imports run downwards only', () => {
    const floorOf = (folder: string) => floors.findIndex((floor) => floor.includes(folder))
    const upwards = sources.flatMap((source) => {
      const own = folderOf(source.path)
      if (own === '' || isTest(source.path)) return []
      const others = importsOf(source).filter((from) => floors.flat().includes(folderOf(from)))
      return others
        .filter((from) => folderOf(from) !== own && floorOf(folderOf(from)) >= floorOf(own))
        .map((from) => `${source.path} imports ${from}`)
    })
    expect(upwards).toEqual([])
  })

  test('no file needs itself by way of others, of which bundlers warn', () => {
    const needed = new Map(
      sources.filter(({ path }) => !isTest(path)).map((each) => [each.path, needs(each)]),
    )
    const circles: string[] = []
    const done = new Set<string>()
    const visit = (path: string, way: readonly string[]) => {
      if (way.includes(path)) circles.push([...way.slice(way.indexOf(path)), path].join(' -> '))
      if (done.has(path) || way.includes(path)) return
      for (const next of needed.get(path) ?? []) visit(next, [...way, path])
      done.add(path)
    }
    for (const path of needed.keys()) visit(path, [])
    expect(circles).toEqual([])
  })

  test('nothing imports the command, and errors import nothing', () => {
    const wrong = sources.flatMap((source) =>
      importsOf(source)
        .filter((from) => folderOf(from) === 'cli' && folderOf(source.path) !== 'cli')
        .map((from) => `${source.path} imports ${from}`),
    )
    expect(wrong).toEqual([])
    expect(sources.filter(({ path }) => path === 'errors.ts').flatMap(importsOf)).toEqual([])
  })

  test('modules of Node and packages that need it stand only in Node-only files', () => {
    const everywhere = new Set(['valibot', 'fastest-levenshtein', 'vega'])
    const wrong = sources.flatMap((source) => {
      const { path } = source
      if (path.endsWith('.node.ts') || folderOf(path) === 'cli' || isTest(path)) return []
      return importsOf(source)
        .filter((from) => !sources.some((other) => other.path === from || other.path === `${from}.node.ts`))
        .filter((from) => !everywhere.has(from))
        .map((from) => `${path} imports ${from}`)
    })
    expect(wrong).toEqual([])
  })

  test('files for Node alone are imported by each other and by the command only', () => {
    const wrong = sources.flatMap((source) => {
      if (source.path.endsWith('.node.ts') || folderOf(source.path) === 'cli' || isTest(source.path))
        return []
      return importsOf(source)
        .filter((from) => from.endsWith('.node.ts'))
        .map((from) => `${source.path} imports ${from}`)
    })
    expect(wrong).toEqual([])
  })

  test('what is imported by platform has both twins, with the same exports', () => {
    const names = new Set(
      sources.flatMap(({ text }) =>
        [...text.matchAll(/['"]#platform\/([^'"]+)['"]/g)].map(([, name = '']) => name),
      ),
    )
    const exportsOf = (path: string) => {
      const text = sources.find((source) => source.path === path)?.text
      if (text === undefined) return 'missing'
      const declared = [...text.matchAll(/^export (?:async )?(?:function|const|class)\*? ?(\w+)/gm)].map(
        ([, name = '']) => name,
      )
      const listed = [...text.matchAll(/^export \{([^}]*)\}/gm)].flatMap(([, list = '']) =>
        list
          .split(',')
          .map((entry) => entry.trim())
          .filter((entry) => entry !== '' && !entry.startsWith('type ')),
      )
      return [...declared, ...listed].sort()
    }
    for (const name of names)
      expect(exportsOf(`${name}.browser.ts`), name).toEqual(exportsOf(`${name}.node.ts`))
  })

  test('files are shorter than 400 lines', () => {
    const long = sources
      .filter(({ path, text }) => !path.includes('/generated/') && text.split('\n').length > 400)
      .map(({ path }) => path)
    expect(long).toEqual([])
  })

  test('no type is given up and no check is silenced', () => {
    const given = /:\s*any\b|\bas any\b|<any>/
    const silenced = /@ts-ignore|@ts-expect-error|biome-ignore|\bTODO\b|\bFIXME\b/
    const code = (text: string) => text.replace(/\/\*\*[\s\S]*?\*\/|^\s*\/\/ .*$/gm, '')
    const wrong = sources.filter(({ text }) => given.test(code(text)) || silenced.test(text))
    expect(wrong.map(({ path }) => path)).toEqual([])
  })
})

describe('the public list', () => {
  const index = sources.find(({ path }) => path === 'index.ts')?.text ?? ''

  test('explains every group of exports', () => {
    const exports = [...index.matchAll(/^(.*)\nexport /gm)].map(([, before = '']) => before.trim())
    expect(exports.length).toBeGreaterThan(10)
    expect(exports.filter((line) => !line.endsWith('*/'))).toEqual([])
  })

  test('names only what exists, and functions with documentation', async () => {
    const names = Object.keys(await import('../src/index.ts'))
    expect(names).toContain('buildResNet')
    const undocumented = names.filter((name) => {
      const declaration = new RegExp(
        `\\*/\\nexport (?:abstract )?(?:async )?(?:function\\*?|const|class) ${name}\\b`,
      )
      return !sources.some(({ text }) => declaration.test(text))
    })
    expect(undocumented).toEqual([])
  })
})

describe('dependencies', () => {
  test('docs/dependencies.md lists each of them exactly', () => {
    const page = readFileSync(join(root, 'docs/dependencies.md'), 'utf8')
    const listed = [...page.matchAll(/^\| `([^`]+)` *\|/gm)].map(([, name]) => name)
    expect(listed.sort()).toEqual(
      [
        ...new Set(
          ['package.json', 'bench/package.json', 'scripts/reference/package.json'].flatMap(dependenciesOf),
        ),
      ].sort(),
    )
  })
})

function dependenciesOf(path: string): readonly string[] {
  const manifest: unknown = JSON.parse(readFileSync(join(root, path), 'utf8'))
  const kinds = ['dependencies', 'peerDependencies', 'devDependencies', 'optionalDependencies']
  return kinds.flatMap((kind) => namesIn(manifest, kind))
}

function namesIn(manifest: unknown, key: string): readonly string[] {
  if (typeof manifest !== 'object' || manifest === null) return []
  const entry: unknown = Reflect.get(manifest, key)
  return typeof entry === 'object' && entry !== null ? Object.keys(entry) : []
}
