/**
 * Files and folders that are being written have a name of their own beside the final one, `NAME.OWNER.ID.part`. The owner is
 * a process of this machine, so that what a killed one left can be told from what another one is writing.
 */
import { createHash, randomUUID } from 'node:crypto'
import { readlinkSync } from 'node:fs'
import { open, readdir, rm, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { ArgumentError, ResourceError, systemCode } from './errors.ts'

export type Chunks = Iterable<Uint8Array> | AsyncIterable<Uint8Array>

/** A new name for what becomes `path`. */
export function partOf(path: string): string {
  return `${path}.${home()}-${process.pid}.${randomUUID().slice(0, 8)}.part`
}

/** Removes parts of this path whose process is gone. Where the folder cannot be read or written they stay. */
export async function removeLeftParts(path: string): Promise<void> {
  const folder = dirname(path)
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.startsWith(`${basename(path)}.`)) continue
    const [, where, id] = /\.([0-9a-f]{8})-(\d+)\.[0-9a-f]{8}\.part$/.exec(name) ?? []
    if (where !== home() || isRunning(Number(id))) continue
    await rm(join(folder, name), { recursive: true, force: true }).catch(() => undefined)
  }
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

function isRunning(id: number): boolean {
  try {
    process.kill(id, 0)
    return true
  } catch (error) {
    return systemCode(error) !== 'ESRCH'
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
    if (there?.isDirectory()) return tryOut(join(nearest, 'trial'), path)
    if (there !== undefined) throw new ArgumentError(`${nearest}: is a file; name a folder`)
    if (dirname(nearest) === nearest) return
  }
}

/** Writes a trial beside a file; what is refused is said of `path`. */
async function tryOut(beside: string, path: string): Promise<void> {
  const temporary = partOf(beside)
  try {
    await writeAll(temporary, [new Uint8Array(trialBytes)])
  } catch (error) {
    throw systemCode(error) === undefined ? error : refused(path, error, dirname(beside))
  } finally {
    await rm(temporary, { force: true }).catch(() => undefined)
  }
}

/** The disk's refusal of a file, as what is wrong and what to do. */
export function refused(path: string, error: unknown, folder: string = dirname(path)): ResourceError {
  const code = systemCode(error)
  const reason = reasons.get(code ?? '')?.(folder) ?? 'check the folder, its permissions and the space'
  return new ResourceError(`${path}: cannot be written (${code}); ${reason}`, { cause: error })
}

/** By the system's code. */
const reasons: ReadonlyMap<string, (folder: string) => string> = new Map([
  ['ENOENT', (folder) => `there is no folder ${folder}; make it first`],
  ['ENOTDIR', (folder) => `${folder} is no folder`],
  ['EACCES', (folder) => `you may not write into ${folder}`],
  ['EPERM', (folder) => `you may not write into ${folder}`],
  ['EROFS', (folder) => `${folder} lies on a disk that is read-only`],
  ['ENOSPC', (folder) => `the disk that holds ${folder} is full`],
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
