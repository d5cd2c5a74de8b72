/**
 * The logs of a run's folder, which only grow. A run that goes on brings them to where they were when its state was saved:
 * what was told after that is told again. Logs are for people and the weights are whole without them, so that damage (a line
 * torn by a machine that went down, another program's writing) costs the damaged lines alone, which are set aside.
 */
import { appendFile, type FileHandle, open, readFile } from 'node:fs/promises'
import { formatCount } from '../analysis/format.ts'
import { linesOf, sizeOf } from '../bounded/lines.node.ts'
import { saveFile } from '../checkpoint/save.node.ts'
import { refused } from '../disk.node.ts'
import { CheckpointError, ResourceError } from '../errors.ts'
import { shellPath } from '../shell.ts'
import { isTold, toldAt } from './report/history.ts'
import { wholeRecords } from './tensorboard.ts'

/** A file that grows. */
export class Log {
  readonly #path: string
  readonly #file: FileHandle
  #length: number

  private constructor(path: string, file: FileHandle, length: number) {
    this.#path = path
    this.#file = file
    this.#length = length
  }

  /** Opens the file and cuts it off after `length` bytes, which it has at least. */
  static async open(path: string, length: number): Promise<Log> {
    const file = await open(path, length === 0 ? 'w' : 'r+').catch((error: unknown) => failed(path, error))
    await file.truncate(length)
    return new Log(path, file, length)
  }

  get length(): number {
    return this.#length
  }

  async write(bytes: Uint8Array): Promise<void> {
    let written = 0
    while (written < bytes.length) {
      const { bytesWritten } = await this.#file
        .write(bytes, written, bytes.length - written, this.#length)
        .catch((error: unknown) => failed(this.#path, error))
      written += bytesWritten
      this.#length += bytesWritten
    }
  }

  /** Waits until the disk has it; answers its length. */
  async flush(): Promise<number> {
    await this.#file.sync().catch((error: unknown) => failed(this.#path, error))
    return this.#length
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}

function failed(path: string, error: unknown): never {
  const { message } = refused(path, error)
  throw new ResourceError(`${message}; the run goes on with --resume once it can be written again`, {
    cause: error,
  })
}

/** Where the run stood when its state was saved. */
export interface SavedPlace {
  /** Bytes of the log. */
  readonly length: number
  readonly step: number
  readonly epoch: number
}

export interface Mended {
  /** Bytes to go on after. */
  readonly length: number
  /** What a person should know. */
  readonly notes: readonly string[]
}

/**
 * Makes the events whole up to where the state was saved. Damaged lines go to the file `aside`. Without the file the run goes
 * on: who removed it meant to.
 *
 * @throws CheckpointError where the file is shorter than it was then, or cannot be read; ResourceError where the disk does not
 * take it.
 */
export async function mendEvents(path: string, aside: string, saved: SavedPlace): Promise<Mended> {
  const size = await sizeOf(path)
  if (size !== undefined && size < saved.length) throw new CheckpointError(tooShort(path, size, saved.length))
  if (await isWhole(path, saved.length)) return { length: saved.length, notes: [] }
  const [kept, damaged]: [string[], Buffer[]] = [[], []]
  const seen = new Set<string>()
  for await (const line of linesOf(path)) {
    const event = eventIn(line)
    if (event === undefined) {
      // Empty lines, and the zeros that a machine leaves that went down, hold nothing.
      if (line.some((byte) => byte > space)) damaged.push(line)
      continue
    }
    const at = toldAt(event)
    const isLater = (at?.step ?? 0) > saved.step || (at?.epoch ?? 0) > saved.epoch
    const name = at === undefined ? undefined : JSON.stringify(at)
    if (isLater || (name !== undefined && seen.has(name))) continue
    if (name !== undefined) seen.add(name)
    kept.push(`${JSON.stringify(event)}\n`)
  }
  for (const line of damaged) await appendFile(aside, Buffer.concat([line, Buffer.from('\n')]))
  const length = await saveFile(path, [new TextEncoder().encode(kept.join(''))])
  const lines = `${damaged.length} damaged ${damaged.length === 1 ? 'line' : 'lines'}`
  const kind = size === undefined ? 'it is gone' : 'parts of it are missing'
  const what = damaged.length === 0 ? kind : `${lines} set aside in ${aside}`
  return {
    length,
    notes: [
      `${path} is not as it was when the run was saved: ${what}; curves may lack something, the weights are whole`,
    ],
  }
}

function tooShort(path: string, size: number, length: number): string {
  const [has, had] = [size, length].map((bytes) => formatCount(bytes))
  return `${path}: has ${has} bytes, and had ${had} when the run was saved: it was cut off, or not copied to its end. Bring the whole file back; or go on without what it told, for the weights are whole: rm ${shellPath(path)}`
}

/** Whether so many bytes are there, and whole lines of events. */
async function isWhole(path: string, length: number): Promise<boolean> {
  if (length === 0) return true
  let bytes = 0
  for await (const line of linesOf(path, length)) {
    if (eventIn(line) === undefined) return false
    bytes += line.length + 1
  }
  // The sum counts a newline for the last line too.
  return bytes === length
}

const space = 32

/** The event of a line; undefined where it is none. An editor's byte order mark and line ends are no damage. */
export function eventIn(line: Buffer): unknown {
  try {
    const event: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(line))
    return isTold(event) ? event : undefined
  } catch {
    return undefined
  }
}

/** Makes TensorBoard's records whole, of the first bytes of the file at most. */
export async function mendRecords(path: string, length: number): Promise<Mended> {
  const found = await readFile(path).catch(() => Buffer.alloc(0))
  const whole = wholeRecords(found.subarray(0, length))
  if (whole === length) return { length, notes: [] }
  return {
    length: whole,
    notes: [
      `${path} was damaged after ${whole} bytes and is cut off there: TensorBoard lacks what came between`,
    ],
  }
}
