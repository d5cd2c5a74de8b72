/**
 * Fetches npm packages into the cache: streamed, hashed on the way, unpacked with limits into a folder beside the final
 * one, and renamed when whole. No script of a package is run.
 */
import { randomBytes } from 'node:crypto'
import { mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { type ReadEntry, Unpack } from 'tar'
import { HubError, ResNetError } from '../errors.ts'
import { cachedPackage } from './cache.node.ts'
import { type FetchedRecord, insidePackage, packageFolder, packagesFolder } from './cache-layout.node.ts'
import { hashFor, type Integrity, parseIntegrity, startOfHash } from './integrity.node.ts'
import { hasOddCharacter } from './reference.ts'
import { Registry, type Release } from './registry.node.ts'
import { resourceFailure } from './resource-errors.node.ts'
import { type FetchOptions, packageLabel, type WantedPackage } from './wanted.ts'

/** Largest tarball that is taken where our table does not know its size. */
const maxTarballBytes = 4 * 2 ** 30
/** Bytes and files that a package may unpack to. */
const maxUnpackedBytes = 8 * 2 ** 30
const maxFiles = 20_000

/** The version under the user's default tag. Throws `HubError` when it cannot be asked. */
export async function latestVersion(packageName: string, { signal }: FetchOptions): Promise<string> {
  const registry = await Registry.of(packageName)
  return (await registry.release(undefined, signal)).version
}

/**
 * The path of the wanted folder or file, fetched unless it is cached.
 *
 * @throws HubError when there is no network, no such package, no such path inside, or when the bytes do not match;
 * ResourceError when the disk does not take them.
 */
export async function fetchPackage(wanted: WantedPackage, options: FetchOptions): Promise<string> {
  const cached = await cachedPackage(wanted)
  if (cached !== undefined) return cached
  const registry = await Registry.of(wanted.package)
  const release = await registry.release(wanted.version, options.signal)
  const integrity = expectedIntegrity(wanted, release)
  const temporary = join(packagesFolder(), `.fetching-${process.pid}-${randomBytes(6).toString('hex')}`)
  try {
    await mkdir(insidePackage(temporary, wanted).files, { recursive: true })
    await receive(registry, release, { wanted, integrity, folder: temporary }, options)
    await writeRecord(temporary, wanted, integrity)
    return await moveIntoPlace(temporary, wanted)
  } catch (error) {
    options.signal?.throwIfAborted()
    if (error instanceof ResNetError) throw error
    throw (
      resourceFailure(error, packageLabel(wanted)) ??
      new HubError(`${packageLabel(wanted)}: its archive cannot be unpacked (${firstLine(error)})`, {
        cause: error,
      })
    )
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}

/** The hash that our table pins, or else the registry's own; without any, nothing is fetched. */
function expectedIntegrity(wanted: WantedPackage, release: Release): Integrity & { readonly text: string } {
  const text = wanted.pin?.integrity ?? release.integrity
  const parsed = text === undefined ? undefined : parseIntegrity(text)
  if (text === undefined || parsed === undefined) {
    throw new HubError(
      `${packageLabel(wanted)}: the registry gives no hash (SHA-256 or longer) to check its bytes by; give a file or folder by --model`,
    )
  }
  return { ...parsed, text }
}

interface Target {
  readonly wanted: WantedPackage
  readonly integrity: Integrity
  readonly folder: string
}

/** Streams the tarball through the hash and the unpacker at once. */
async function receive(
  registry: Registry,
  release: Release,
  target: Target,
  options: FetchOptions,
): Promise<void> {
  const { wanted, integrity, folder } = target
  const hash = hashFor(integrity)
  const source = new Readable({ read() {} })
  const unpacker = unpackerFor(wanted, insidePackage(folder, wanted).files)
  const unpacking = pipeline(source, createGunzip(), unpacker.stream)
  // The pipeline's failure is looked at below; until then it must not count as unhandled.
  unpacking.catch(() => undefined)
  try {
    await registry.tarball(
      release,
      { ...options, limit: wanted.pin?.bytes ?? maxTarballBytes },
      async (chunk) => {
        hash.update(chunk)
        if (!source.push(chunk)) await new Promise((resolve) => setImmediate(resolve))
      },
    )
  } finally {
    source.push(null)
  }
  const digest = hash.digest('base64')
  if (!integrity.digests.includes(digest)) {
    const expected = startOfHash(integrity.algorithm, integrity.digests[0] ?? '')
    throw new HubError(
      `${packageLabel(wanted)}: its bytes do not match: expected ${expected}, received ${startOfHash(integrity.algorithm, digest)}; nothing was kept`,
    )
  }
  await unpacking
  if (unpacker.refused !== undefined) throw unpacker.refused
}

/** Writes regular files below the wanted path and nothing else. */
function unpackerFor(wanted: WantedPackage, folder: string) {
  const state: { refused: HubError | undefined; bytes: number; files: number } = {
    refused: undefined,
    bytes: 0,
    files: 0,
  }
  const refuse = (reason: string) => {
    state.refused ??= new HubError(`${packageLabel(wanted)}: ${reason}; nothing was kept`)
    return false
  }
  const filter = (path: string, entry: ReadEntry | import('node:fs').Stats) => {
    const inside = path.split('/').slice(1)
    if (inside.some((part) => part === '..' || hasOddCharacter(part)))
      return refuse(`the name "${path.slice(0, 80)}" in its archive leads outside`)
    if (!isWanted(inside.join('/'), wanted.path)) return false
    const type = 'type' in entry ? entry.type : 'File'
    if (type !== 'File' && type !== 'OldFile')
      return type === 'Directory'
        ? false
        : refuse(`"${path.slice(0, 80)}" in its archive is a link or a device`)
    state.bytes += entry.size
    state.files++
    if (state.bytes > maxUnpackedBytes || state.files > maxFiles)
      return refuse('it unpacks to more than a model has')
    return true
  }
  const stream = new Unpack({
    cwd: folder,
    strip: 1,
    strict: true,
    preserveOwner: false,
    noMtime: true,
    filter,
  })
  return {
    stream,
    get refused() {
      return state.refused
    },
  }
}

function isWanted(path: string, wanted: string | undefined): boolean {
  return wanted === undefined || path === wanted || path.startsWith(`${wanted}/`)
}

/** Tells what was fetched, with each file's size, and has the disk keep it. */
async function writeRecord(
  folder: string,
  wanted: WantedPackage,
  integrity: { readonly text: string },
): Promise<void> {
  const { record, files } = insidePackage(folder, wanted)
  const listed = await listFiles(files)
  if (listed.length === 0) {
    throw new HubError(
      `${packageLabel(wanted)}: there is no ${wanted.path ?? 'file'} in the package; check the path`,
    )
  }
  const content: FetchedRecord = {
    package: wanted.package,
    version: wanted.version,
    path: wanted.path ?? null,
    integrity: integrity.text,
    pinned: wanted.pin !== undefined,
    files: [...listed],
  }
  await writeFile(record, JSON.stringify(content, undefined, 2))
  for (const { path } of listed) await sync(join(files, ...path.split('/')))
  await sync(record)
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r+')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function listFiles(folder: string): Promise<readonly { path: string; bytes: number }[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async (entry) => {
        const full = join(entry.parentPath, entry.name)
        const path = full.slice(folder.length + 1).replaceAll('\\', '/')
        return { path, bytes: (await stat(full)).size }
      }),
  )
}

/** Gives the folder its final name; where another fetch was first, its folder stays. */
async function moveIntoPlace(temporary: string, wanted: WantedPackage): Promise<string> {
  const final = packageFolder(wanted)
  const model = insidePackage(final, wanted).model
  try {
    await rename(temporary, final)
    return model
  } catch (error) {
    if ((await cachedPackage(wanted)) !== undefined) return model
    // What stands there is damaged: it makes room.
    await rm(final, { recursive: true, force: true })
    await rename(temporary, final).catch(() => Promise.reject(error))
    return model
  }
}

function firstLine(error: unknown): string {
  return error instanceof Error ? (error.message.split('\n')[0] ?? '') : 'unknown reason'
}
