/**
 * Fetching a package into the cache: found as `npm view` finds it, streamed to a temporary folder beside its final
 * place, compared with its hash, and only then unpacked, written through to the disk and renamed. So an interrupted or
 * failed fetch leaves nothing under the final name, and two at once do not disturb each other.
 */
import { writeFileSync } from 'node:fs'
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { makeFolder, partOf, removeLeftParts } from '../disk.node.ts'
import { HubError, ResNetError } from '../errors.ts'
import { cachedPackage } from './cache.node.ts'
import { type FetchedRecord, insidePackage, packageFolder } from './cache-layout.node.ts'
import { hashFor, type Integrity, parseIntegrity, startOfHash } from './integrity.node.ts'
import { Registry, type Release } from './registry.node.ts'
import { resourceFailure } from './resource-errors.node.ts'
import { unpackPackage } from './unpack.node.ts'
import { type FetchOptions, packageLabel, type WantedPackage } from './wanted.ts'

/** No model that runs here is larger. */
const MAX_TARBALL_BYTES = 4 * 2 ** 30

/**
 * The version that npm would take when none is given.
 *
 * @throws HubError when there is no network or no such package.
 */
export async function latestVersion(packageName: string, options: FetchOptions): Promise<string> {
  const registry = await Registry.of(packageName)
  return (await registry.release(undefined, options.signal)).version
}

/**
 * The path of the wanted folder or file in the cache, fetched unless it is there.
 *
 * @throws HubError when it cannot be had or its bytes do not match, ResourceError when the disk refuses, and the signal's
 * reason when it is aborted.
 */
export async function fetchPackage(wanted: WantedPackage, options: FetchOptions): Promise<string> {
  const cached = await cachedPackage(wanted)
  if (cached !== undefined) return cached
  const folder = packageFolder(wanted)
  const partial = partOf(folder)
  try {
    await removeLeftParts(dirname(folder))
    await makeFolder(partial)
    await fill(partial, wanted, options)
    options.signal?.throwIfAborted()
    return await settle(partial, wanted)
  } catch (error) {
    options.signal?.throwIfAborted()
    throw error instanceof ResNetError ? error : (resourceFailure(error, packageLabel(wanted)) ?? error)
  } finally {
    await removeFolder(partial)
  }
}

async function fill(partial: string, wanted: WantedPackage, options: FetchOptions): Promise<void> {
  const registry = await Registry.of(wanted.package)
  const release = await registry.release(wanted.version, options.signal)
  const integrity = expectedIntegrity(wanted, release)
  const inside = insidePackage(partial, wanted)
  const tarball = join(partial, 'package.tgz')
  await download(registry, release, { tarball, integrity, wanted, options })
  await mkdir(inside.files)
  await unpackPackage(tarball, inside.files, wanted, options.signal)
  await rm(tarball)
  const record: FetchedRecord = {
    package: wanted.package,
    version: wanted.version,
    path: wanted.path ?? null,
    integrity: wanted.pin?.integrity ?? release.integrity ?? '',
    pinned: wanted.pin !== undefined,
    files: await writeThrough(inside.files),
  }
  await writeFileThrough(inside.record, `${JSON.stringify(record, undefined, 2)}\n`)
  await syncFolder(partial)
}

/** Our pin where the table has one, otherwise the registry's word; without either nothing is fetched. */
function expectedIntegrity(wanted: WantedPackage, release: Release): Integrity {
  const integrity = parseIntegrity(wanted.pin?.integrity ?? release.integrity ?? '')
  if (integrity !== undefined) return integrity
  throw new HubError(
    `${packageLabel(wanted)}: the registry reports no SHA-2 integrity for it, so its bytes cannot be checked; fetch it by hand and give the folder by --model`,
  )
}

interface Download {
  readonly tarball: string
  readonly integrity: Integrity
  readonly wanted: WantedPackage
  readonly options: FetchOptions
}

/** Hashes the bytes on their way to the disk, so that nothing unchecked is ever unpacked. */
async function download(
  registry: Registry,
  release: Release,
  { tarball, integrity, wanted, options }: Download,
) {
  const hash = hashFor(integrity)
  const file = await open(tarball, 'wx')
  try {
    await registry.tarball(
      release,
      { ...options, limit: wanted.pin?.bytes ?? Math.min(release.limit, MAX_TARBALL_BYTES) },
      (chunk) => {
        hash.update(chunk)
        writeFileSync(file.fd, chunk)
      },
    )
  } finally {
    await file.close()
  }
  const digest = hash.digest('base64')
  if (integrity.digests.includes(digest)) return
  const who = wanted.pin === undefined ? 'the registry reports' : 'our table pins'
  throw new HubError(
    `${packageLabel(wanted)}: the bytes do not match: ${who} ${startOfHash(integrity.algorithm, integrity.digests[0] ?? '')}, received ${startOfHash(integrity.algorithm, digest)}; nothing was kept, try again or check npm's registry`,
  )
}

/** Gives the whole folder its final name. Who comes second finds the first one's and takes it, if it is sound. */
async function settle(partial: string, wanted: WantedPackage): Promise<string> {
  const folder = packageFolder(wanted)
  const damaged: string[] = []
  try {
    for (let attempt = 0; ; attempt++) {
      try {
        await rename(partial, folder)
        await syncFolder(dirname(folder))
        return insidePackage(folder, wanted).model
      } catch (error) {
        const cached = await cachedPackage(wanted)
        if (cached !== undefined) return cached
        if (attempt === 5) throw error
        // A virus scanner may still hold the new files open.
        if (attempt > 0) await new Promise((resolve) => setTimeout(resolve, 50 * 2 ** attempt))
        damaged.push(await setAside(folder))
      }
    }
  } finally {
    for (const aside of damaged) await removeFolder(aside)
  }
}

/**
 * A damaged folder under the final name makes room. It is removed later: between this and the next try to take its place
 * no time may pass, since another process that repairs it too may have put a whole one there.
 */
async function setAside(folder: string): Promise<string> {
  const aside = partOf(folder)
  await rename(folder, aside).catch(() => {})
  return aside
}

async function removeFolder(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 5 }).catch(() => {})
}

/** Forces all files of a folder to the disk, and lists them with `/` between the parts of their paths. */
async function writeThrough(folder: string): Promise<{ path: string; bytes: number }[]> {
  const files: { path: string; bytes: number }[] = []
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isDirectory()) {
      await syncFolder(path)
      continue
    }
    const file = await open(path, 'r+')
    try {
      await file.sync()
      files.push({ path: relative(folder, path).split(sep).join('/'), bytes: (await file.stat()).size })
    } finally {
      await file.close()
    }
  }
  await syncFolder(folder)
  return files
}

async function writeFileThrough(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx')
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Windows opens no folders, and needs not: its journal keeps names. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
