/**
 * Fetches a published dataset: its archive is downloaded beside the place where the dataset will be, checked by its hash and
 * unpacked under another name; only what is whole gets its own. The next call continues a download that broke off.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { checkFolder, makeFolder, partOf, refused, removeLeftParts } from '../disk.node.ts'
import { ArgumentError, DatasetError, HubError } from '../errors.ts'
import { download } from './download.node.ts'
import type { FetchDatasetOptions, FetchedDataset } from './fetched.ts'
import { openCatalogue } from './open.node.ts'
import { findPublishedDataset, type PublishedDataset } from './published.ts'
import { unpackFolder } from './unpack.node.ts'

/**
 * The folder of a dataset from our table, or of a row like one of its; where it is there already nothing is fetched. An
 * archive that lies in `out` under its published name is taken instead of a download, where its hash is right.
 *
 * @throws ArgumentError for a name that is not in the table, no address, or a file where `out` should be a folder.
 * @throws HubError where there is no network, or the bytes are not those that were published.
 * @throws DatasetError where something else lies at its place.
 * @throws ResourceError where the disk does not take it.
 */
export async function fetchDataset(
  dataset: string | PublishedDataset,
  { out = '.', from, progress, signal }: FetchDatasetOptions = {},
): Promise<FetchedDataset> {
  const row = typeof dataset === 'string' ? findPublishedDataset(dataset) : dataset
  const address = addressOf(from ?? row.address)
  const path = join(out, row.name)
  const archive = join(out, new URL(row.address).pathname.split('/').at(-1) ?? row.name)
  try {
    if (await exists(path)) return await measured(row, path)
    await checkFolder(out)
    await makeFolder(out)
    if (await exists(archive)) {
      await checkHash(row, archive, `remove ${archive} and run it again`)
      await unpack(row, archive, path, signal)
    } else {
      const part = `${archive}.part`
      const instead = `download ${row.address} in another way, put it at ${resolve(archive)} and run it again`
      await download({ label: row.name, address, bytes: row.bytes, part, instead, progress, signal })
      await checkHash(row, part, instead).catch(async (error: unknown) => {
        await rm(part, { force: true })
        throw error
      })
      await unpack(row, part, path, signal)
      await rm(part, { force: true })
    }
    return await measured(row, path)
  } catch (error) {
    signal?.throwIfAborted()
    throw asResourceError(error, path)
  }
}

function addressOf(text: string): URL {
  const address = URL.canParse(text) ? new URL(text) : undefined
  if (address?.protocol === 'https:' || address?.protocol === 'http:') return address
  throw new ArgumentError(
    `${text.slice(0, 200)}: no address to fetch from; give one that begins with https://`,
  )
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined
}

async function checkHash(row: PublishedDataset, path: string, instead: string): Promise<void> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  const found = hash.digest('hex')
  if (found === row.sha256) return
  throw new HubError(
    `${row.name}: the archive is not the one that was published: its SHA-256 is ${found}, expected ${row.sha256}; nothing was unpacked; ${instead}`,
  )
}

async function unpack(
  row: PublishedDataset,
  archive: string,
  path: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const temporary = partOf(path)
  try {
    await removeLeftParts(dirname(path))
    await mkdir(temporary)
    await unpackFolder(row.name, archive, row.folder, temporary)
    signal?.throwIfAborted()
    await rename(temporary, path)
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}

/** What lies at a dataset's place; throws where that is none. */
async function measured({ name }: PublishedDataset, path: string): Promise<FetchedDataset> {
  const catalogue = await openCatalogue(path).catch((error: unknown) => {
    throw new DatasetError(
      `${path}: lies where ${name} would, but is no dataset (${error instanceof Error ? error.message : error}); move it away, or choose another folder by --out`,
      { cause: error },
    )
  })
  await catalogue.close()
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  const sizes = await Promise.all(
    files.map(async ({ parentPath, name: file }) => (await stat(join(parentPath, file))).size),
  )
  return { name, path, files: files.length, bytes: sizes.reduce((sum, size) => sum + size, 0) }
}

/** The disk's refusals become ours; other errors stay as they are. */
function asResourceError(error: unknown, place: string): unknown {
  if (!(error instanceof Error && 'syscall' in error && 'code' in error)) return error
  return refused('path' in error ? String(error.path) : place, error)
}
