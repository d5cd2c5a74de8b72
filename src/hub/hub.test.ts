/** Fetching from a real registry on this machine: what is kept, and what is asked of whom. */
import { mkdir, readdir, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as tar from 'tar'
import { describe, expect, it } from 'vitest'
import { modelEntries, npm, shard, useLocalHub, weights } from '../../test/local-hub.ts'
import { type PublishedPackage, serveRegistry, sha512 } from '../../test/local-registry.ts'
import { HubError } from '../errors.ts'
import * as cacheInBrowser from './cache.browser.ts'
import * as cacheInNode from './cache.node.ts'
import { fetchModel } from './hub.ts'
import * as npmInBrowser from './npm.browser.ts'
import * as npmInNode from './npm.node.ts'
import type { FetchProgress } from './wanted.ts'

const hub = useLocalHub()

describe('fetching a package', () => {
  it('keeps the wanted folder alone, tells of progress, and needs no network afterwards', async () => {
    const server = await hub.publish([weights()])
    const told: FetchProgress[] = []
    const first = await fetchModel(npm('npm:weights@1.0.0/net'), { progress: (one) => told.push(one) })
    expect((await readdir(first.path)).sort()).toEqual(['group1-shard1of1.bin', 'model.json'])
    expect(await readFile(join(first.path, 'group1-shard1of1.bin'))).toEqual(shard)
    expect(first.notes).toEqual([expect.stringMatching(/weights@1.0.0: its hash is the registry's own/)])
    const bytes = weights().tarball.length
    expect(told.at(-1)).toEqual({ received: bytes, total: bytes })
    expect(await hub.cached()).toHaveLength(1)
    await server.close()
    expect((await fetchModel(npm('npm:weights@1.0.0/net'))).path).toBe(first.path)
    expect(server.requests).toHaveLength(2)
  })

  it('tells of no total where the registry does not', async () => {
    const send: PublishedPackage['send'] = (response, tarball) => {
      response.write(tarball)
      response.end()
    }
    await hub.publish([weights(modelEntries, { send })])
    const told: FetchProgress[] = []
    await fetchModel(npm('npm:weights@1.0.0/net'), { progress: (one) => told.push(one) })
    expect(told.at(-1)).toEqual({ received: weights().tarball.length, total: undefined })
  })

  it('takes one file where the path names one', async () => {
    await hub.publish([weights()])
    const { path } = await fetchModel(npm('npm:weights@1.0.0/other/file.txt'))
    expect(await readFile(path, 'utf8')).toBe('not wanted')
  })

  it('takes the latest version where none is given, says it, and falls back on the cache', async () => {
    const server = await hub.publish([weights(), weights(modelEntries, { version: '1.1.0' })])
    const { path, notes } = await fetchModel(npm('npm:weights/net'))
    expect(notes[0]).toMatch(/weights.*1\.1\.0/)
    await server.close()
    const later = await fetchModel(npm('npm:weights/net'))
    expect(later.path).toBe(path)
    expect(later.notes[0]).toMatch(/version 1\.1\.0 from the cache: npm cannot be asked/)
  })

  it('sends the credentials that npm has for the registry, and no others', async () => {
    const server = await hub.publish([weights()])
    await hub.configure(server.url, [
      `//${server.host}/:_authToken=secret`,
      '//example.org/:_authToken=other',
    ])
    await fetchModel(npm('npm:weights@1.0.0/net'))
    expect(server.requests.map((request) => request.authorization)).toEqual([
      'Bearer secret',
      'Bearer secret',
    ])
  })

  it('keeps the credentials from the other host where a tarball lies', async () => {
    const packed = weights()
    const elsewhere = await serveRegistry([packed])
    try {
      const dist = { tarball: `${elsewhere.url}weights/-/1.0.0.tgz`, integrity: sha512(packed.tarball) }
      const metadata = JSON.stringify({ versions: { '1.0.0': { dist } } })
      const server = await hub.publishAnswer((response) => response.end(metadata))
      await hub.configure(server.url, [`//${server.host}/:_authToken=secret`])
      await fetchModel(npm('npm:weights@1.0.0/net'))
      expect(server.requests.map((request) => request.authorization)).toEqual(['Bearer secret'])
      expect(elsewhere.requests.map((request) => request.authorization)).toEqual([undefined])
    } finally {
      await elsewhere.close()
    }
  })

  it('asks the registry of a scope for its packages', async () => {
    const server = await hub.publish([weights(modelEntries, { name: '@lab/weights' })])
    await hub.configure('http://127.0.0.1:9/', [`@lab:registry=${server.url}`])
    const { path } = await fetchModel(npm('npm:@lab/weights@1.0.0/net'))
    expect(await readdir(path)).toHaveLength(2)
  })

  it('runs no script of the package', async () => {
    const marker = join(hub.folder, 'ran')
    const source = join(hub.folder, 'source')
    await mkdir(join(source, 'package'), { recursive: true })
    const run = `node -e "require('fs').writeFileSync('${marker.replaceAll('\\', '/')}', '')"`
    const scripts = { preinstall: run, install: run, postinstall: run, prepare: run }
    await writeFile(
      join(source, 'package', 'package.json'),
      JSON.stringify({ name: 'weights', version: '1.0.0', scripts }),
    )
    await writeFile(join(source, 'package', 'model.json'), '{}')
    const file = join(hub.folder, 'packed.tgz')
    await tar.create({ gzip: true, cwd: source, file }, ['package'])
    await hub.publish([weights([], { tarball: await readFile(file) })])
    const { path } = await fetchModel(npm('npm:weights@1.0.0'))
    expect((await readdir(path)).sort()).toEqual(['model.json', 'package.json'])
    await expect(stat(marker)).rejects.toThrow(/ENOENT/)
  })

  it('leaves one whole folder when several fetch at once', async () => {
    await hub.publish([weights()])
    const both = await Promise.all([1, 2, 3].map(() => fetchModel(npm('npm:weights@1.0.0/net'))))
    expect(new Set(both.map((one) => one.path)).size).toBe(1)
    expect(await hub.cached()).toHaveLength(1)
    expect(await readdir(both[0]?.path ?? '')).toHaveLength(2)
  })

  it('fetches again what lost a part of a file in the cache', async () => {
    await hub.publish([weights()])
    const { path } = await fetchModel(npm('npm:weights@1.0.0/net'))
    await truncate(join(path, 'group1-shard1of1.bin'), 10)
    await fetchModel(npm('npm:weights@1.0.0/net'))
    expect((await stat(join(path, 'group1-shard1of1.bin'))).size).toBe(300_000)
    expect(await hub.cached()).toHaveLength(1)
  })

  it.each<[string, (record: string) => Promise<void>]>([
    ['is cut short', (record) => truncate(record, 20)],
    ['is another shape', (record) => writeFile(record, '{"files":[]}')],
    ['is gone', (record) => rm(record)],
  ])('fetches again, even several at once, where the record in the cache %s', async (_, damage) => {
    await hub.publish([weights()])
    const first = await fetchModel(npm('npm:weights@1.0.0/net'))
    await damage(join(first.path, '..', '..', 'fetched.json'))
    const again = await Promise.all(
      [1, 2, 3].map(async () => readdir((await fetchModel(npm('npm:weights@1.0.0/net'))).path)),
    )
    expect(again.map((names) => names.length)).toEqual([2, 2, 2])
    expect(await hub.cached()).toHaveLength(1)
  })

  it('clears what a process of another machine left a day ago, and nothing newer', async () => {
    await hub.publish([weights()])
    const left = (id: number) => `weights@1.0.0-0.00000000-${id}.0a1b2c3d.part`
    const folder = join(hub.folder, 'cache', 'npm')
    await mkdir(join(folder, left(1)), { recursive: true })
    await mkdir(join(folder, left(2)))
    const twoDaysAgo = new Date(Date.now() - 2 * 24 * 60 * 60 * 1000)
    await utimes(join(folder, left(1)), twoDaysAgo, twoDaysAgo)
    await fetchModel(npm('npm:weights@1.0.0/net'))
    const names = await hub.cached()
    expect(names).toContain(left(2))
    expect(names).not.toContain(left(1))
  })

  it('takes a pinned package whose bytes match the pin, whatever the registry claims', async () => {
    const packed = weights(modelEntries, { integrity: sha512(Buffer.from('lie')) })
    await hub.publish([packed])
    const pin = { integrity: sha512(packed.tarball), bytes: packed.tarball.length }
    const path = await npmInNode.fetchPackage({ package: 'weights', version: '1.0.0', path: 'net', pin }, {})
    expect(await readdir(path)).toHaveLength(2)
  })
})

describe('a browser', () => {
  it('has the same functions, which say that packages are fetched in Node', async () => {
    expect(Object.keys(npmInBrowser).sort()).toEqual(Object.keys(npmInNode).sort())
    expect(Object.keys(cacheInBrowser).sort()).toEqual(Object.keys(cacheInNode).sort())
    const wanted = { package: 'weights', version: '1.0.0', path: 'net' }
    const message = /fetched by Node alone; .*"resnet convert npm:weights@1.0.0\/net model.safetensors"/
    await expect(npmInBrowser.fetchPackage(wanted, {})).rejects.toThrow(message)
    await expect(npmInBrowser.latestVersion('weights', {})).rejects.toThrow(HubError)
    expect(await cacheInBrowser.cachedPackage(wanted)).toBeUndefined()
    expect(await cacheInBrowser.cachedVersions('weights', () => wanted)).toEqual([])
    expect(() => cacheInBrowser.cacheFolder()).toThrow(HubError)
  })
})
