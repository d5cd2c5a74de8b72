/** Copies pictures into a folder for each class (`classify --sort`); nothing is ever overwritten, and nothing written elsewhere. */
import { mkdir, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { ResourceError, systemCode } from '../errors.ts'

/** Names that Windows keeps for devices. */
const devices = /^(con|prn|aux|nul|com\d|lpt\d)(\..*)?$/i

/** A class's name, or a picture's, as one that every system takes: `../x` is `.._x`. */
export function safeName(name: string): string {
  const plain = name
    .normalize('NFC')
    .replaceAll(/[\p{Cc}\p{Cf}<>:"/\\|?*]/gu, '_')
    .trim()
    .replace(/[. ]+$/, '')
    .slice(0, 100)
  if (plain === '' || /^\.+$/.test(plain)) return '_'
  return devices.test(plain) ? `_${plain}` : plain
}

export class SortedFolder {
  readonly #root: string
  /** The folders of the classes by their names, since two names may become one. */
  readonly #folders = new Map<string, string>()
  readonly #taken = new Set<string>()

  constructor(root: string) {
    this.#root = root
  }

  /** Copies a picture into its class's folder and answers the path. Throws `ResourceError` where the disk does not take it. */
  async add(file: string, bytes: Uint8Array, label: string): Promise<string> {
    try {
      const folder = await this.#folderOf(label)
      // In an archive, `photos.tar:cats/tom.jpg`.
      const name = safeName(basename(file.split(/[\\/:]/).at(-1) ?? file))
      const dot = name.lastIndexOf('.')
      const [stem, ending] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, '']
      for (let count = 1; ; count++) {
        const path = join(folder, count === 1 ? name : `${stem}-${count}${ending}`)
        if (await written(path, bytes)) return path
      }
    } catch (error) {
      const code = systemCode(error)
      if (code === undefined) throw error
      throw new ResourceError(`${this.#root}: pictures cannot be sorted into it (${code})`, { cause: error })
    }
  }

  async #folderOf(label: string): Promise<string> {
    const known = this.#folders.get(label)
    if (known !== undefined) return known
    const wanted = safeName(label)
    let name = wanted
    for (let count = 2; this.#taken.has(name.toLowerCase()); count++) name = `${wanted}-${count}`
    this.#taken.add(name.toLowerCase())
    const folder = join(this.#root, name)
    await mkdir(folder, { recursive: true })
    this.#folders.set(label, folder)
    return folder
  }
}

/** Writes a file that is not there yet; false where one is. */
async function written(path: string, bytes: Uint8Array): Promise<boolean> {
  try {
    await writeFile(path, bytes, { flag: 'wx' })
    return true
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false
    throw error
  }
}
