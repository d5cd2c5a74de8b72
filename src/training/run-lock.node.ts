/**
 * One process at a time works in a run's folder: it holds `run.lock` there, which says who it is. A lock whose process is
 * gone (killed, or its machine went down) is taken over. Nobody can look into another machine: its lock stays, and a person
 * is told how to remove it.
 */
import { randomUUID } from 'node:crypto'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import * as v from 'valibot'
import { partOf, refused } from '../disk.node.ts'
import { ResourceError, systemCode } from '../errors.ts'
import { isRunning, startOf } from '../processes.node.ts'
import { shellPath } from '../shell.ts'

const schema = v.object({
  process: v.pipe(v.number(), v.integer(), v.minValue(1)),
  host: v.string(),
  /** When the process started, as its system counts: another one that got its number later has another. */
  started: v.nullable(v.string()),
  /** When it took the folder, for people. */
  since: v.string(),
})
type Owner = v.InferOutput<typeof schema>

/** How often a lock that cannot be read is looked at again: it may be written right now. */
const looks = 5
const lookEveryMs = 100

export class RunLock {
  readonly #path: string
  readonly #text: string
  /** What a person should know of how it was got. */
  readonly notes: readonly string[]

  private constructor(folder: string, text: string, notes: readonly string[]) {
    this.#path = pathIn(folder)
    this.#text = text
    this.notes = notes
  }

  /** Takes a folder for this process. Throws `ResourceError` where another one works in it. */
  static async take(folder: string): Promise<RunLock> {
    const path = pathIn(folder)
    const owner: Owner = {
      process: process.pid,
      host: hostname(),
      started: startOf(process.pid),
      since: new Date().toISOString(),
    }
    const text = `${JSON.stringify({ ...owner, id: randomUUID() })}\n`
    const notes: string[] = []
    for (let unread = 0; !(await isMade(path, text)); ) {
      const found = await textOf(path)
      if (found === undefined) continue
      const other = ownerOf(found)
      if (other !== undefined && isHeld(other)) throw new ResourceError(held(folder, other))
      if (other === undefined && unread++ < looks) await setTimeout(lookEveryMs)
      else if (await isTakenAway(path, found)) notes.push(takenOver(folder, other))
    }
    return new RunLock(folder, text, notes)
  }

  /** Throws `ResourceError` where the lock is no longer this process's: somebody removed it, and another run may be there. */
  async check(): Promise<void> {
    const found = await textOf(this.#path)
    if (found === this.#text) return
    throw new ResourceError(
      `${this.#path}: ${found === undefined ? 'was removed' : 'is another process’s now'}; this run ends, so that two do not write into one folder, and goes on with --resume`,
    )
  }

  async release(): Promise<void> {
    const found = await readFile(this.#path, 'utf8').catch(() => undefined)
    if (found === this.#text) await rm(this.#path, { force: true })
  }
}

function pathIn(folder: string): string {
  return join(folder, 'run.lock')
}

/** Makes the file, which must not be there. */
async function isMade(path: string, text: string): Promise<boolean> {
  try {
    await writeFile(path, text, { flag: 'wx' })
    return true
  } catch (error) {
    const code = systemCode(error)
    if (code === 'EEXIST') return false
    // A full disk makes the file and not its content.
    if (code === 'ENOSPC' || code === 'EDQUOT') await rm(path, { force: true })
    throw refused(path, error)
  }
}

/** What a lock says; undefined where there is none. */
async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const code = systemCode(error)
    if (code === 'ENOENT') return undefined
    throw new ResourceError(
      `${path}: cannot be read (${code ?? error}), so that nobody knows whether another process works in the folder; if none does: rm -r ${shellPath(path)}`,
      { cause: error },
    )
  }
}

/** Removes a lock that nobody holds, unless another process was quicker and holds it now. */
async function isTakenAway(path: string, stale: string): Promise<boolean> {
  const aside = partOf(path)
  try {
    await rename(path, aside)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false
    throw new ResourceError(`${path}: cannot be removed (${systemCode(error) ?? error})`, { cause: error })
  }
  const moved = await readFile(aside, 'utf8')
  if (moved !== stale) await writeFile(path, moved, { flag: 'wx' }).catch(() => undefined)
  await rm(aside, { force: true })
  return moved === stale
}

function ownerOf(text: string): Owner | undefined {
  try {
    const owner = v.safeParse(schema, JSON.parse(text))
    return owner.success ? owner.output : undefined
  } catch {
    return undefined
  }
}

function isHeld({ process: id, host, started }: Owner): boolean {
  if (host !== hostname()) return true
  if (!isRunning(id)) return false
  const now = startOf(id)
  return started === null || now === null || now === started
}

function held(folder: string, { process: id, host, since }: Owner): string {
  const lock = shellPath(pathIn(folder))
  if (host !== hostname()) {
    return `${folder}: process ${id} on ${host} has worked in this folder since ${since}; wait for it, or name another folder with --out. If it is gone: rm ${lock}`
  }
  const who = id === process.pid ? 'another run of this process' : `process ${id}`
  return `${folder}: ${who} has worked in this folder since ${since}; wait for it, or name another folder with --out`
}

function takenOver(folder: string, owner: Owner | undefined): string {
  return owner === undefined
    ? `${pathIn(folder)} was damaged and nobody's; it is taken over`
    : `taking ${folder} over from process ${owner.process}, which began ${owner.since} and is gone without having ended its run`
}
