/**
 * Files and folders that are being written have a name of their own beside the final one, `NAME.OWNER.ID.part`. The owner is
 * a process of this machine, so that what a killed one left can be told from what another one is writing.
 */
import { createHash, randomUUID } from 'node:crypto'
import { mkdirSync, readlinkSync, statSync } from 'node:fs'
import { link, lstat, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { ArgumentError, ResourceError, systemCode } from './errors.ts'
import { isRunning } from './processes.node.ts'

export type Chunks = Iterable<Uint8Array> | AsyncIterable<Uint8Array>

/** A new name for what becomes `path`. */
export function partOf(path: string): string {
  return `${path}.${home()}-${process.pid}.${randomUUID().slice(0, 8)}.part`
}

/** An owner of another machine or container cannot be asked: what nobody has written to for a day is nobody's. */
const longestPauseMs = 24 * 60 * 60 * 1000

/** Folders that this process has looked through: once is enough, and a folder may hold a million files. */
const lookedThrough = new Set<string>()

/** Removes the parts in a folder whose process is gone. Where the folder cannot be read or written they stay. */
export async function removeLeftParts(folder: string): Promise<void> {
  const path = resolve(folder)
  if (lookedThrough.has(path)) return
  lookedThrough.add(path)
  for (const name of await readdir(path).catch(() => [])) {
    const [, where, id] = /\.([0-9a-f]{8})-(\d+)\.[0-9a-f]{8}\.part$/.exec(name) ?? []
    if (where === undefined) continue
    const part = join(path, name)
    const isOwnerGone = where === home() && !isRunning(Number(id))
    if (isOwnerGone || (await isForgotten(part)))
      await rm(part, { recursive: true, force: true }).catch(() => undefined)
  }
}

async function isForgotten(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  return found !== undefined && Date.now() - found.mtimeMs > longestPauseMs
}

/** Where numbers of processes mean the same: a machine, and in Linux a container. */
function home(): string {
  return createHash('sha256').update(`${hostname()} ${numbersOfProcesses()}`).digest('hex').slice(0, 8)
}

function numbersOfProcesses(): string {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return ''
  }
}

/**
 * Makes a folder and those that it lies in. Node's own way never comes back where the system will not make a folder whose
 * parent is there, and says that the parent is not (ENOENT, as in /proc).
 */
export function makeFolderSync(path: string): void {
  if (isFolder(path)) return
  if (dirname(path) !== path) makeFolderSync(dirname(path))
  try {
    mkdirSync(path)
  } catch (error) {
    // Another process may have been quicker.
    if (!isFolder(path)) throw error
  }
}

/** The same, whose refusal is a rejected promise. */
export async function makeFolder(path: string): Promise<void> {
  makeFolderSync(path)
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    return false
  }
}

/** Enough for most tables and drawings. */
const trialBytes = 65_536

/**
 * Whether a file can be written at a path, found out before the work whose result it will hold: bytes are written beside it
 * and removed again.
 *
 * @throws ArgumentError where the path is a folder; ResourceError where nothing can be written.
 */
export async function checkTarget(path: string): Promise<void> {
  const there = await stat(path).catch(() => undefined)
  if (there?.isDirectory()) throw new ArgumentError(`${path}: is a folder; name a file`)
  await tryOut(path, path)
}

/**
 * Whether files can be written into a folder, which need not be there yet.
 *
 * @throws ArgumentError where a file has its name; ResourceError where nothing can be written.
 */
export async function checkFolder(path: string): Promise<void> {
  for (let nearest = path; ; nearest = dirname(nearest)) {
    const there = await stat(nearest).catch(() => undefined)
    if (there?.isDirectory()) return tryOut(path, join(nearest, 'trial'))
    if (there !== undefined) throw new ArgumentError(`${nearest}: is a file; name a folder`)
    if (await isLink(nearest)) throw new ArgumentError(`${nearest}: is a link to nothing; name a folder`)
    if (dirname(nearest) === nearest) return
  }
}

async function isLink(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined))?.isSymbolicLink() === true
}

/** Writes a trial beside a file; what is refused is said of `path`. */
async function tryOut(path: string, beside: string): Promise<void> {
  const temporary = partOf(beside)
  try {
    await removeLeftParts(dirname(beside))
    await writeAll(temporary, [new Uint8Array(trialBytes)])
  } catch (error) {
    throw systemCode(error) === undefined ? error : refused(path, error)
  } finally {
    await rm(temporary, { force: true }).catch(() => undefined)
  }
}

/** The disk's refusal of a file or folder, as what is wrong and what to do. */
export function refused(path: string, error: unknown): ResourceError {
  const code = systemCode(error) ?? String(error)
  const reason = refusals.get(code) ?? 'the system refuses it'
  const advice = code === 'ENOENT' ? 'make it first' : 'mend that, or name another place'
  return new ResourceError(`${path}: cannot be written: ${reason} (${code}); ${advice}`, { cause: error })
}

/** What the system's refusals of files mean, by their codes. */
export const refusals: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'its folder is not there'],
  ['ENOSPC', 'the disk is full'],
  ['EDQUOT', 'the disk quota is used up'],
  ['EACCES', 'no permission to write there'],
  ['EPERM', 'no permission to write there'],
  ['EROFS', 'the disk is read-only'],
  ['ENOTDIR', 'a part of the path is a file'],
  ['EEXIST', 'a part of the path is a file'],
  ['EMFILE', 'too many files are open'],
  ['ENFILE', 'too many files are open'],
  ['EIO', 'the disk failed'],
  ['ELOOP', 'a part of the path is a link that leads to itself'],
  ['ENAMETOOLONG', 'the path is too long for this system'],
  ['EFBIG', 'the file is too large for this disk'],
])

/** Writes a file that is not there yet, to the disk; answers its bytes. */
export async function writeAll(path: string, chunks: Chunks, signal?: AbortSignal): Promise<number> {
  const file = await open(path, 'wx')
  try {
    let bytes = 0
    for await (const chunk of chunks) {
      await file.writeFile(chunk, { signal })
      bytes += chunk.byteLength
    }
    await file.sync()
    return bytes
  } finally {
    await file.close()
  }
}

/** Gives what was written its name, unless something has that name; answers whether nothing had. */
export async function renameToNew(part: string, path: string): Promise<boolean> {
  try {
    await link(part, path)
    await rm(part)
    return true
  } catch (error) {
    const code = systemCode(error)
    if (code === 'EEXIST') return false
    // Some disks have no second names for a file (FAT): two processes at once may then meet in one name.
    if (code === 'ENOENT' || (await lstat(path).catch(() => undefined)) !== undefined) throw error
    await rename(part, path)
    return true
  }
}
