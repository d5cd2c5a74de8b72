/**
 * Unpacking the wanted part of a package's tarball. What npm packs holds regular files below one root folder; anything
 * else (names that climb out, links, bombs) is refused as a whole, before a byte of it is written. Nothing of the
 * package is ever run.
 */
import { join } from 'node:path'
import { newFile } from '../bounded/new-file.node.ts'
import { TarDamage, type TarEntry, type TarSink, walkTarGz } from '../bounded/tar.node.ts'
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
  const visit = (entry: TarEntry): TarSink | undefined => {
    const inner = gate.admit(entry)
    return inner === undefined ? undefined : newFile(join(into, ...inner))
  }
  try {
    await walkTarGz(tarball, visit, { mostTimes: MAX_RATIO, signal })
  } catch (error) {
    signal?.throwIfAborted()
    if (!(error instanceof TarDamage)) throw error
    throw new HubError(
      `${packageLabel(wanted)}: its archive is damaged (${error.message}); nothing was kept`,
      {
        cause: error,
      },
    )
  }
  gate.checkFound()
}

/** Decides entry by entry from the headers. */
class Gate {
  readonly #wanted: WantedPackage
  readonly #label: string
  /** Folders with a `model.json`, to name when the wanted path is not there. */
  readonly #models: string[] = []
  readonly #files = new Set<string>()
  readonly #folders = new Set<string>()
  #bytes = 0
  #entries = 0
  #kept = 0

  constructor(wanted: WantedPackage) {
    this.#wanted = wanted
    this.#label = packageLabel(wanted)
  }

  /** The parts of a wanted file's name below the package's root; undefined for what is not wanted. */
  admit({ path, type, size }: TarEntry): readonly string[] | undefined {
    this.#entries += 1
    this.#bytes += size
    if (this.#entries > MAX_FILES) throw this.#refusal(`its archive holds more than ${MAX_FILES} entries`)
    if (this.#bytes > MAX_BYTES) throw this.#refusal(`its archive unpacks to more than ${MAX_BYTES} bytes`)
    const parts = path.split(/[\\/]/)
    if (/^(?:[\\/]|[A-Za-z]:)/.test(path) || parts.includes('..')) {
      throw this.#refusal(`its archive holds the name ${quoted(path)}, which leads out of the package`)
    }
    const inner = parts.slice(1).filter((part) => part !== '' && part !== '.')
    if (FOLDER_TYPES.has(type) || !this.#isWanted(inner.join('/'))) {
      this.#note(inner)
      return undefined
    }
    if (!FILE_TYPES.has(type)) {
      throw this.#refusal(`${quoted(path)} is a ${type} in its archive; only regular files are taken`)
    }
    if (path.includes('\\') || path.length > MAX_PATH_LETTERS || inner.some(isUnwritable)) {
      throw this.#refusal(`its archive holds the name ${quoted(path)}, which not every system can write`)
    }
    if (!this.#takePlace(inner)) {
      throw this.#refusal(`its archive holds ${quoted(path)} both as a file and as a folder`)
    }
    this.#note(inner)
    this.#kept += 1
    return inner
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

  #refusal(why: string): HubError {
    return new HubError(`${this.#label}: ${why}; nothing was kept`)
  }
}

function isUnwritable(name: string): boolean {
  return hasOddCharacter(name) || Buffer.byteLength(name) > MAX_NAME_BYTES
}

/** A name of the archive for a message: no control characters, no endless line. */
function quoted(name: string): string {
  return JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}...` : name)
}
