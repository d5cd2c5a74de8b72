/** Fetching a published dataset from a real server on this machine: one that serves it, and ones that fail in their ways. */
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cifar10Files, writeFiles } from '../../test/cifar-files.ts'
import { type PackedEntry, pack } from '../../test/local-registry.ts'
import { ArgumentError, DatasetError, HubError } from '../errors.ts'
import { download } from './download.node.ts'
import { fetchDataset } from './fetch.node.ts'
import type { DownloadProgress } from './fetched.ts'
import { openDataset } from './open.ts'
import { findPublishedDataset, PUBLISHED_DATASETS, type PublishedDataset } from './published.ts'

type Answer = (request: IncomingMessage, response: ServerResponse, archive: Buffer) => void

let out = ''
let closeServer = async () => {}
beforeEach(async () => {
  out = await mkdtemp(join(tmpdir(), 'resnet-ts-fetch-'))
})
afterEach(async () => {
  await closeServer()
  await rm(out, { recursive: true, force: true })
})

const files: readonly PackedEntry[] = cifar10Files(1).map(({ path, content }) => ({
  path: `tiny/${path}`,
  content,
}))

/** Serves an archive, and gives its row and the ranges that were asked for. */
async function serve(answer: Answer, entries: readonly PackedEntry[] = files) {
  const archive = pack(entries)
  const ranges: (string | undefined)[] = []
  const server = createServer((request, response) => {
    ranges.push(request.headers.range)
    answer(request, response, archive)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closeServer = () =>
    new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const row: PublishedDataset = {
    name: 'tiny',
    description: 'a small CIFAR-10',
    address: `http://127.0.0.1:${port}/tiny-binary.tar.gz`,
    bytes: archive.length,
    sha256: createHash('sha256').update(archive).digest('hex'),
    folder: 'tiny',
    source: 'this test',
  }
  const half = Math.floor(archive.length / 2)
  /** Watches a download, and acts when half of it has come. */
  const atHalf = (act: () => void) => (progress: DownloadProgress) => {
    if (progress.received === half) act()
  }
  return { row, archive, ranges, half, atHalf, breakOff: () => server.closeAllConnections() }
}

const whole: Answer = (_request, response, archive) => response.end(archive)

/** As servers do that know ranges. */
const ranged: Answer = (request, response, archive) => {
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
  if (start === 0) return whole(request, response, archive)
  response.writeHead(206, { 'content-range': `bytes ${start}-${archive.length - 1}/${archive.length}` })
  response.end(archive.subarray(start))
}

/** The first time half of it, and then nothing more until the connection is broken; later as `answer` does. */
function afterHalf(answer: Answer): Answer {
  let isFirst = true
  return (request, response, archive) => {
    if (!isFirst) return answer(request, response, archive)
    isFirst = false
    response.writeHead(200, { 'content-length': archive.length })
    response.write(archive.subarray(0, archive.length / 2))
  }
}

async function failure(promise: Promise<unknown>): Promise<Error> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (error instanceof Error) return error
  throw new Error('expected an error')
}

describe('a dataset', () => {
  it('is fetched, unpacked and then opened; a second call asks nobody', async () => {
    const { row, ranges } = await serve(whole)
    const seen: DownloadProgress[] = []
    const fetched = await fetchDataset(row, { out, progress: (progress) => seen.push(progress) })
    expect(fetched).toEqual({ name: 'tiny', path: join(out, 'tiny'), files: 7, bytes: 6 * 30_730 + 61 })
    expect(seen.at(-1)).toEqual({ received: row.bytes, kept: 0, total: row.bytes })
    expect(await readdir(out)).toEqual(['tiny'])
    const dataset = await openDataset(fetched.path, { split: 'train' })
    expect(dataset.items).toHaveLength(50)
    await dataset.close()
    expect(await fetchDataset(row, { out })).toEqual(fetched)
    expect(ranges).toHaveLength(1)
  })

  it('comes from a mirror where one is named', async () => {
    const { row, ranges } = await serve(whole)
    const published = { ...row, address: 'http://127.0.0.1:1/tiny-binary.tar.gz' }
    await fetchDataset(published, { out, from: row.address })
    expect(ranges).toHaveLength(1)
  })

  it('of which a person put the archive there is not downloaded, and the archive stays', async () => {
    const { row, archive, ranges } = await serve(whole)
    await writeFile(join(out, 'tiny-binary.tar.gz'), archive)
    await fetchDataset(row, { out })
    expect(ranges).toEqual([])
    expect(await readdir(out)).toEqual(['tiny', 'tiny-binary.tar.gz'])
  })

  it('of which a person put another file there is refused by its hash', async () => {
    const { row } = await serve(whole)
    await writeFile(join(out, 'tiny-binary.tar.gz'), 'another')
    const error = await failure(fetchDataset(row, { out }))
    expect(error).toBeInstanceOf(HubError)
    expect(error.message).toContain('tiny: the archive is not the one that was published: its SHA-256 is')
    expect(error.message).toContain(`remove ${join(out, 'tiny-binary.tar.gz')}`)
  })

  it('unpacks nothing but plain files of its folder', async () => {
    const { row } = await serve(whole, [
      ...files,
      { path: '../outside.txt', content: 'x' },
      { path: 'tiny/../../outside.txt', content: 'x' },
      { path: 'tiny/deeper/file.txt', content: 'x' },
      { path: 'tiny/link.bin', type: 'SymbolicLink', linkpath: '/etc/hostname' },
      { path: 'other/file.txt', content: 'x' },
    ])
    await fetchDataset(row, { out })
    expect(await readdir(out)).toEqual(['tiny'])
    expect((await readdir(join(out, 'tiny'))).sort()).toEqual(
      cifar10Files(1)
        .map(({ path }) => path)
        .sort(),
    )
  })
})

describe('a server that drips', () => {
  it('is given up, and what has come is kept', async () => {
    const { row, archive } = await serve((_, response, whole) => {
      let at = 0
      const timer = setInterval(() => response.write(whole.subarray(at, ++at)), 5)
      response.on('close', () => clearInterval(timer))
    })
    const part = join(out, 'tiny.part')
    const wanted = { label: 'tiny', address: new URL(row.address), bytes: archive.length, part }
    const failing = download({
      ...wanted,
      instead: 'wait',
      progress: undefined,
      signal: undefined,
      patienceMs: 400,
    })
    await expect(failing).rejects.toThrow(
      /sends less than 1000 bytes a second, after \d+ of \d+ bytes; run it again/,
    )
    expect((await readFile(part)).length).toBeGreaterThan(0)
  })
})

describe('a download that breaks off', () => {
  it('is kept, and the next call asks for the rest only', async () => {
    const { row, ranges, half: kept, atHalf, breakOff } = await serve(afterHalf(ranged))
    const error = await failure(fetchDataset(row, { out, progress: atHalf(breakOff) }))
    expect(error).toBeInstanceOf(HubError)
    expect(error.message).toContain(`after ${kept} of ${row.bytes} bytes; run it again to go on from there`)
    expect(error.message).toContain(`put it at ${join(out, 'tiny-binary.tar.gz')}`)
    expect(await readdir(out)).toEqual(['tiny-binary.tar.gz.part'])
    const seen: DownloadProgress[] = []
    await fetchDataset(row, { out, progress: (progress) => seen.push(progress) })
    expect(ranges).toEqual([undefined, `bytes=${kept}-`])
    expect(seen.at(-1)).toEqual({ received: row.bytes, kept, total: row.bytes })
    expect(await readdir(out)).toEqual(['tiny'])
  })

  it('begins anew where the server ignores the range', async () => {
    const { row, ranges, half, atHalf, breakOff } = await serve(afterHalf(whole))
    await failure(fetchDataset(row, { out, progress: atHalf(breakOff) }))
    await fetchDataset(row, { out })
    expect(ranges[1]).toBe(`bytes=${half}-`)
    expect(await readdir(out)).toEqual(['tiny'])
  })

  it('because it was stopped goes on just so', async () => {
    const { row, ranges, half, atHalf } = await serve(afterHalf(ranged))
    const stop = new AbortController()
    const progress = atHalf(() => stop.abort())
    const error = await failure(fetchDataset(row, { out, signal: stop.signal, progress }))
    expect(error.name).toBe('AbortError')
    await fetchDataset(row, { out })
    expect(ranges[1]).toBe(`bytes=${half}-`)
    expect(await readdir(out)).toEqual(['tiny'])
  })

  it('when all had come needs no network any more', async () => {
    const { row, archive, ranges } = await serve(whole)
    await writeFile(join(out, 'tiny-binary.tar.gz.part'), archive)
    await fetchDataset(row, { out })
    expect(ranges).toEqual([])
  })
})

describe('a server', () => {
  it('that lies about the contents gets nothing unpacked', async () => {
    const { row } = await serve((_request, response, archive) => {
      const other = Buffer.from(archive)
      other[other.length - 9] = (other[other.length - 9] ?? 0) ^ 1
      response.end(other)
    })
    const error = await failure(fetchDataset(row, { out }))
    expect(error).toBeInstanceOf(HubError)
    expect(error.message).toContain(`expected ${row.sha256}; nothing was unpacked`)
    expect(await readdir(out)).toEqual([])
  })

  it.each<readonly [string, Answer]>([
    [
      'tells of another size',
      (_request, response) => {
        response.writeHead(200, { 'content-length': 1_000_000_000 })
        response.write('long')
      },
    ],
    [
      'sends more than it should',
      (_request, response, archive) => {
        response.write(archive)
        response.end(archive)
      },
    ],
  ])('that %s is refused', async (_title, answer) => {
    const { row } = await serve(answer)
    const error = await failure(fetchDataset(row, { out }))
    expect(error).toBeInstanceOf(HubError)
    expect(error.message).toMatch(/has another file there, of .* where \d+ are expected; download http/)
  })

  it('that has no such file, or cannot be reached, gets a person told what to do', async () => {
    const { row } = await serve((_request, response) => response.writeHead(404).end())
    const put = `download ${row.address} in another way, put it at ${join(out, 'tiny-binary.tar.gz')} and run it again`
    expect((await failure(fetchDataset(row, { out }))).message).toContain(`answers with status 404; ${put}`)
    await closeServer()
    closeServer = async () => {}
    const error = await failure(fetchDataset(row, { out }))
    expect(error).toBeInstanceOf(HubError)
    expect(error.message).toMatch(/no network, or 127\.0\.0\.1:\d+ cannot be reached \(ECONNREFUSED\)/)
    expect(error.message).toContain(put)
  })
})

describe('what cannot be fetched', () => {
  it('is a name or an address that is none', async () => {
    await expect(fetchDataset('CIFAR-10', { out })).rejects.toThrow('did you mean cifar10?')
    await expect(fetchDataset('imagenet', { out })).rejects.toThrow('there are: cifar10, cifar100')
    await expect(fetchDataset('cifar10', { out, from: 'file:///x' })).rejects.toThrow(ArgumentError)
  })

  it('is a dataset at whose place something else lies', async () => {
    const { row } = await serve(whole)
    await writeFiles(join(out, 'tiny'), [{ path: 'notes.txt', content: 'mine' }])
    const error = await failure(fetchDataset(row, { out }))
    expect(error).toBeInstanceOf(DatasetError)
    expect(error.message).toContain('lies where tiny would, but is no dataset')
    expect(await readFile(join(out, 'tiny/notes.txt'), 'utf8')).toBe('mine')
  })

  it('is one for which there is no folder', async () => {
    const { row } = await serve(whole)
    await writeFile(join(out, 'file'), '')
    expect(await failure(fetchDataset(row, { out: join(out, 'file/in') }))).toBeInstanceOf(ArgumentError)
  })
})

describe('the table', () => {
  it.each(PUBLISHED_DATASETS.map((row) => [row.name, row] as const))('has all of %s', (name, row) => {
    expect(findPublishedDataset(name)).toBe(row)
    expect(row.address).toMatch(/^https:\/\/.*\.tar\.gz$/)
    expect(row.sha256).toMatch(/^[0-9a-f]{64}$/)
    expect(row.bytes).toBeGreaterThan(160_000_000)
  })
})
