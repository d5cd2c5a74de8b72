/** `resnet data` as a person runs it: stopped half way, gone on with, and refused. */
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findPublishedDataset } from '../src/datasets/published.ts'
import { onlyLine, resnet } from './command.ts'

const { bytes } = findPublishedDataset('cifar10')
const megabyte = 1_000_000

/** Sends a megabyte of zeros of the published size, and all of them where the rest is asked for: the wrong contents. */
const ranges: (string | undefined)[] = []
const server = createServer((request, response) => {
  const { range } = request.headers
  ranges.push(range)
  if (range === undefined) {
    response.writeHead(200, { 'content-length': bytes })
    response.write(Buffer.alloc(megabyte))
    return
  }
  const start = Number(/^bytes=(\d+)-$/.exec(range)?.[1])
  response.writeHead(206, { 'content-range': `bytes ${start}-${bytes - 1}/${bytes}` })
  response.end(Buffer.alloc(bytes - start))
})

let out = ''
let from = ''
beforeAll(async () => {
  out = await mkdtemp(join(tmpdir(), 'resnet-ts-data-command-'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  from = `http://127.0.0.1:${typeof address === 'object' ? address?.port : undefined}/cifar-10-binary.tar.gz`
})
afterAll(() => rm(out, { recursive: true, force: true }))

describe('resnet data', () => {
  const part = () => join(out, 'cifar-10-binary.tar.gz.part')

  test('keeps what has come when Ctrl-C stops it', async () => {
    const outcome = await resnet(['data', 'cifar10', '--out', out, '--from', from], {
      meanwhile: async (child) => {
        while ((await stat(part()).catch(() => undefined))?.size !== megabyte) await setTimeout(20)
        child.kill('SIGINT')
      },
    })
    expect(outcome).toMatchObject({ status: 130, stdout: '', stderr: '' })
    expect((await stat(part())).size).toBe(megabyte)
  })

  test('asks for the rest the next time, and keeps nothing of another hash', async () => {
    const outcome = await resnet(['data', 'cifar10', '--out', out, '--from', from, '--json'])
    expect(ranges).toEqual([undefined, `bytes=${megabyte}-`])
    expect(outcome).toMatchObject({ status: 1, stdout: '' })
    // On a busy machine a line of progress stands before it.
    expect(outcome.stderr.trimEnd().split('\n').at(-1)).toMatch(
      /^resnet: cifar10: the archive is not the one that was published: its SHA-256/,
    )
    expect(await readdir(out)).toEqual([])
  })

  test('says without a network what to download, and where to put it', async () => {
    await new Promise((resolve) => {
      server.close(resolve)
      server.closeAllConnections()
    })
    const outcome = await resnet(['data', 'cifar10', '--out', out, '--from', from])
    expect(outcome.status).toBe(1)
    expect(onlyLine(outcome)).toMatch(/no network, or 127\.0\.0\.1:\d+ cannot be reached \(ECONNREFUSED\)/)
    expect(onlyLine(outcome)).toContain('download https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz')
    expect(onlyLine(outcome)).toContain(`put it at ${join(out, 'cifar-10-binary.tar.gz')}`)
  })
})
