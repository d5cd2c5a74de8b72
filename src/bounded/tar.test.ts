/**
 * Damaged and hostile tar archives through everything that reads one: datasets in archives, shards, packages from a registry
 * and published datasets. Whatever a header holds, only this package's own errors come out, and nothing is written elsewhere.
 */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pack } from '../../test/local-registry.ts'
import { casesOr, mutations } from '../../test/mutations.ts'
import { openDataset } from '../datasets/open.ts'
import { unpackFolder } from '../datasets/unpack.node.ts'
import { DatasetError, HubError, ResNetError } from '../errors.ts'
import { unpackPackage } from '../hub/unpack.node.ts'
import { TarDamage, TarWalk, tarBlock } from './tar.node.ts'

const cases = casesOr(250)
const timeLimit = 60_000 + 50 * cases

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'resnet-ts-tar-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const files = ['cat/1.jpg', 'cat/2.jpg', 'dog/1.jpg', `dog/${'long'.repeat(40)}.jpg`, 'a.jpg', 'a.cls']
const archive = new Uint8Array(
  gunzipSync(pack(files.map((path) => ({ path: `package/${path}`, content: `bytes of ${path}` })))),
)

/** Makes the checksums of all headers right again, so that what was changed inside them is looked at. */
function withChecksums(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice()
  for (let at = 0; at + tarBlock <= copy.length; at += tarBlock) {
    const header = copy.subarray(at, at + tarBlock)
    if (String.fromCharCode(...header.subarray(257, 262)) !== 'ustar') continue
    header.fill(0x20, 148, 156)
    const sum = header.reduce((total, byte) => total + byte, 0)
    header.set(new TextEncoder().encode(`${sum.toString(8).padStart(6, '0')}\0 `), 148)
  }
  return copy
}

/** An archive with one field of one header overwritten. */
function withField(offset: number, bytes: readonly number[]): Uint8Array {
  const copy = archive.slice()
  copy.set(bytes, offset)
  return withChecksums(copy)
}

const changed = mutations.map((mutate) => withChecksums(mutate(archive)))

/** Numbers in base 256 that a header may hold where digits are usual (GNU's form). */
const numbers: readonly (readonly [string, readonly number[]])[] = [
  ['no base 256', [0x81, 1, 2, 3]],
  ['beyond what JavaScript counts', [0x80, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
  ['negative', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe]],
  ['not digits', [0x7a, 0x7a, 0x7a]],
]
const fields: readonly (readonly [string, number])[] = [
  ['mode', 100],
  ['uid', 108],
  ['gid', 116],
  ['size', 124],
  ['mtime', 136],
  ['device', 329],
]

describe('a header with numbers that are none', () => {
  const odd = fields.flatMap(([field, offset]) =>
    numbers.map(([what, bytes]) => [field, what, withField(offset, bytes)] as const),
  )

  it.each(odd)('%s: %s', async (_, __, bytes) => {
    await everyReader(bytes)
  })
})

it('an archive that holds a file twice gives the later one, as where it was added to', async () => {
  const twice = gunzipSync(pack([1, 2].map((n) => ({ path: 'package/a', content: `version ${n}` }))))
  await writeFile(join(folder, 'twice.tgz'), gzipSync(twice))
  await mkdir(join(folder, 'twice'))
  await unpackFolder('tiny', join(folder, 'twice.tgz'), 'package', join(folder, 'twice'))
  expect(await readFile(join(folder, 'twice/a'), 'utf8')).toBe('version 2')
  await rm(join(folder, 'twice'), { recursive: true })
  await rm(join(folder, 'twice.tgz'))
})

describe('changed archives are read or refused', () => {
  it(
    'by the walk, with its own error',
    () => {
      fc.assert(
        fc.property(changed, (bytes) => {
          try {
            const walk = new TarWalk(() => ({ write: () => undefined, end: () => undefined }))
            walk.write(bytes)
            walk.end()
          } catch (error) {
            if (!(error instanceof TarDamage)) throw error
          }
        }),
        { numRuns: 4 * cases },
      )
    },
    60_000 + 50 * cases,
  )

  it(
    'by every reader, with the errors of this package',
    () => fc.assert(fc.asyncProperty(changed, everyReader), { numRuns: cases }),
    timeLimit,
  )

  it(
    'compressed bytes that are changed, too',
    () =>
      fc.assert(
        fc.asyncProperty(mutations, async (mutate) => unpackers(mutate(new Uint8Array(gzipSync(archive))))),
        { numRuns: cases },
      ),
    timeLimit,
  )
})

/** Through the dataset, and the two that unpack. */
async function everyReader(bytes: Uint8Array): Promise<void> {
  const path = join(folder, 'set.tar')
  await writeFile(path, bytes)
  await outcome(async () => {
    const dataset = await openDataset(path)
    try {
      for (const item of dataset.items) await item.read()
    } finally {
      await dataset.close()
    }
  }, DatasetError)
  await unpackers(new Uint8Array(gzipSync(bytes)))
}

async function unpackers(compressed: Uint8Array): Promise<void> {
  const path = join(folder, 'set.tgz')
  await writeFile(path, compressed)
  const into = join(folder, 'into')
  const unpack = async (work: () => Promise<void>, type: typeof HubError | typeof DatasetError) => {
    await mkdir(into)
    await outcome(work, type)
    await rm(into, { recursive: true })
  }
  const wanted = { package: 'weights', version: '1.0.0' }
  await unpack(() => unpackPackage(path, into, wanted, undefined), HubError)
  await unpack(() => unpackFolder('tiny', path, 'package', into), DatasetError)
  expect((await readdir(folder)).every((name) => ['set.tar', 'set.tgz'].includes(name))).toBe(true)
}

async function outcome(
  work: () => Promise<void>,
  type: typeof HubError | typeof DatasetError,
): Promise<void> {
  const start = performance.now()
  try {
    await work()
  } catch (error) {
    if (!(error instanceof ResNetError)) throw error
    expect(error).toBeInstanceOf(type)
    expect(error.message).toMatch(/^[^\n]{10,1000}$/)
  }
  expect(performance.now() - start).toBeLessThan(5000)
}
