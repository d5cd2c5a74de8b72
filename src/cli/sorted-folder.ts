/** Copies pictures into a folder for each class (`classify --sort`); nothing is ever overwritten, and nothing written elsewhere. */
import { rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { makeFolder, partOf, refused, removeLeftParts, renameToNew, writeAll } from '../disk.node.ts'
import { systemCode } from '../errors.ts'

/** Names that Windows keeps for devices. */
const devices = /^(con|prn|aux|nul|com\d|lpt\d)(\..*)?$/i

/** A class's name, or a picture's, as one that every system takes: `../x` is `.._x`. */
export function safeName(name: string): string {
  const plain = cutToBytes(
    name
      .normalize('NFC')
      .replaceAll(/[\p{Cc}\p{Cf}\p{Cs}<>:"/\\|?*]/gu, '_')
      .trim(),
  )
    .trim()
    .replace(/[. ]+$/, '')
  if (plain === '' || /^\.+$/.test(plain)) return '_'
  return devices.test(plain) ? `_${plain}` : plain
}

/** Of a name's 255 bytes that file systems have, so many leave room for a number and for what unfinished files are called. */
const mostBytes = 150

/** A long name without its last letters, but for a file's ending. */
function cutToBytes(name: string): string {
  if (Buffer.byteLength(name) <= mostBytes) return name
  const [ending = ''] = name.match(/\.[a-z0-9]{1,5}$/i) ?? []
  const room = mostBytes - ending.length
  let kept = ''
  let bytes = 0
  for (const letter of name) {
    bytes += Buffer.byteLength(letter)
    if (bytes > room) break
    kept += letter
  }
  return kept + ending
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
      return await copyInto(folder, safeName(basename(file.split(/[\\/:]/).at(-1) ?? file)), bytes)
    } catch (error) {
      throw systemCode(error) === undefined ? error : refused(this.#root, error)
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
    await makeFolder(folder)
    await removeLeftParts(folder)
    this.#folders.set(label, folder)
    return folder
  }
}

/** Writes a file under a name that nothing has: where `tom.jpg` is taken, `tom-2.jpg`. */
async function copyInto(folder: string, name: string, bytes: Uint8Array): Promise<string> {
  const dot = name.lastIndexOf('.')
  const [stem, ending] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, '']
  const part = partOf(join(folder, name))
  try {
    await writeAll(part, [bytes])
    for (let count = 1; ; count++) {
      const path = join(folder, count === 1 ? name : `${stem}-${count}${ending}`)
      if (await renameToNew(part, path)) return path
    }
  } finally {
    await rm(part, { force: true }).catch(() => undefined)
  }
}
