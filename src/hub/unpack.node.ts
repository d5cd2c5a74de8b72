/**
 * Unpacking the wanted part of a package's tarball. What npm packs holds regular files below one root folder; anything
 * else (names that climb out, links, bombs) is refused as a whole, before a byte of it is written. Nothing of the
 * package is ever run.
 */
import { createReadStream } from 'node:fs'
import { ReadEntry, Unpack } from 'tar'
import { HubError } from '../errors.ts'
import { hasOddCharacter } from './reference.ts'
import { packageLabel, type WantedPackage } from './wanted.ts'

/** Far above any ResNet's weights; the counts are those that the archive's headers claim. */
const MAX_BYTES = 8 * 2 ** 30
const MAX_FILES = 10_000

/** Weights hardly compress; a hundredfold is a bomb. */
const MAX_RATIO = 100

/** Longest name between two slashes that every file system takes, in bytes; and longest path in letters. */
const MAX_NAME_BYTES = 255
const MAX_PATH_LETTERS = 1000

const FILE_TYPES = new Set(['File', 'OldFile', 'ContiguousFile'])
const FOLDER_TYPES = new Set(['Directory', 'GNUDumpDir'])

/**
 * Writes the files under `wanted.path` into the empty folder `into`, under their names inside the package.
 *
 * @throws HubError for a hostile or damaged archive, and when it holds nothing under that path.
 */
export async function unpackPackage(
  tarball: string,
  into: string,
  wanted: WantedPackage,
  signal: AbortSignal | undefined,
): Promise<void> {
  const gate = new Gate(wanted)
  const source = createReadStream(tarball)
  const unpack = new Unpack({
    cwd: into,
    strip: 1,
    strict: true,
    preserveOwner: false,
    noMtime: true,
    fmode: 0o644,
    dmode: 0o755,
    maxDecompressionRatio: MAX_RATIO,
    filter: (path, entry) => {
      if (gate.refusal !== undefined) return false
      const isKept = entry instanceof ReadEntry && gate.admits(path, entry)
      if (gate.refusal !== undefined) unpack.abort(gate.refusal)
      return isKept
    },
  })
  const stop = () => unpack.abort(new Error('aborted'))
  signal?.addEventListener('abort', stop, { once: true })
  try {
    await new Promise<void>((resolve, reject) => {
      unpack.on('error', reject)
      unpack.on('close', resolve)
      source.on('error', reject)
      source.pipe(unpack)
    })
  } catch (error) {
    signal?.throwIfAborted()
    throw gate.refusal ?? asHubError(error, wanted)
  } finally {
    source.destroy()
    signal?.removeEventListener('abort', stop)
  }
  gate.checkFound()
}

/** Decides entry by entry from the headers, and keeps the reason of the first refusal. */
class Gate {
  readonly #wanted: WantedPackage
  readonly #label: string
  /** Folders with a `model.json`, to name when the wanted path is not there. */
  readonly #models: string[] = []
  readonly #files = new Set<string>()
  readonly #folders = new Set<string>()
  #refusal: HubError | undefined
  #bytes = 0
  #entries = 0
  #kept = 0

  constructor(wanted: WantedPackage) {
    this.#wanted = wanted
    this.#label = packageLabel(wanted)
  }

  get refusal(): HubError | undefined {
    return this.#refusal
  }

  admits(path: string, entry: ReadEntry): boolean {
    this.#entries += 1
    this.#bytes += entry.size
    if (this.#entries > MAX_FILES) return this.#refuse(`its archive holds more than ${MAX_FILES} entries`)
    if (this.#bytes > MAX_BYTES) return this.#refuse(`its archive unpacks to more than ${MAX_BYTES} bytes`)
    const parts = path.split(/[\\/]/)
    if (/^(?:[\\/]|[A-Za-z]:)/.test(path) || parts.includes('..')) {
      return this.#refuse(`its archive holds the name ${quoted(path)}, which leads out of the package`)
    }
    const inner = parts.slice(1).filter((part) => part !== '' && part !== '.')
    if (FOLDER_TYPES.has(entry.type) || !this.#isWanted(inner.join('/'))) {
      this.#note(inner)
      return false
    }
    if (!FILE_TYPES.has(entry.type)) {
      return this.#refuse(`${quoted(path)} is a ${entry.type} in its archive; only regular files are taken`)
    }
    if (path.includes('\\') || path.length > MAX_PATH_LETTERS || inner.some(isUnwritable)) {
      return this.#refuse(`its archive holds the name ${quoted(path)}, which not every system can write`)
    }
    if (!this.#takePlace(inner)) {
      return this.#refuse(`its archive holds ${quoted(path)} both as a file and as a folder`)
    }
    this.#note(inner)
    this.#kept += 1
    // Whatever the archive says, the cache must be able to read and remove it.
    entry.mode = 0o644
    return true
  }

  /** Throws where nothing lay under the wanted path, or it is the package's root and the models lie deeper. */
  checkFound(): void {
    const { path } = this.#wanted
    const models = this.#models.map((folder) => `npm:${this.#label}/${folder}`).join(', ')
    if (this.#kept === 0) {
      const hint = models === '' ? 'no folder of it has a model.json' : `it has ${models}`
      throw new HubError(`${this.#label}: the package holds no ${quoted(path ?? 'file')}; ${hint}`)
    }
    if (path === undefined && models !== '' && !this.#models.includes('')) {
      throw new HubError(
        `${this.#label}: the package has no model.json at its root; say which model: ${models}`,
      )
    }
  }

  #isWanted(inner: string): boolean {
    const { path } = this.#wanted
    return inner !== '' && (path === undefined || inner === path || inner.startsWith(`${path}/`))
  }

  /** Whether a file may stand there: no folder bears its name, and no file that of a folder above it. */
  #takePlace(inner: readonly string[]): boolean {
    const file = inner.join('/')
    const above = inner.slice(1).map((_, index) => inner.slice(0, index + 1).join('/'))
    if (this.#folders.has(file) || above.some((folder) => this.#files.has(folder))) return false
    this.#files.add(file)
    for (const folder of above) this.#folders.add(folder)
    return true
  }

  #note(inner: readonly string[]): void {
    if (inner.at(-1) !== 'model.json' || this.#models.length >= 10) return
    if (!inner.some(hasOddCharacter)) this.#models.push(inner.slice(0, -1).join('/'))
  }

  #refuse(why: string): false {
    this.#refusal ??= new HubError(`${this.#label}: ${why}; nothing was kept`)
    return false
  }
}

function isUnwritable(name: string): boolean {
  return hasOddCharacter(name) || Buffer.byteLength(name) > MAX_NAME_BYTES
}

/** A name of the archive for a message: no control characters, no endless line. */
function quoted(name: string): string {
  return JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}...` : name)
}

/** The disk's errors stay as they are; the rest is the archive's fault. */
function asHubError(error: unknown, wanted: WantedPackage): unknown {
  if (error instanceof Error && 'syscall' in error) return error
  const detail = error instanceof Error ? (error.message.split('\n')[0] ?? '') : ''
  return new HubError(`${packageLabel(wanted)}: its archive is damaged (${detail}); nothing was kept`, {
    cause: error,
  })
}
