/** Where `--cam` writes class activation maps: the file that is named, for one picture, or a folder with one for each. */
import { realpath } from 'node:fs/promises'
import { extname, join, parse, resolve } from 'node:path'
import { checkFolder, checkTarget, makeFolder, refused } from '../disk.node.ts'
import { ArgumentError } from '../errors.ts'
import type { Picture } from '../images/picture.ts'
import { pathKind } from '../inference/paths.node.ts'
import { pixelEndings, savePixels } from './picture-file.ts'

export class MapFiles {
  readonly #out: string
  readonly #taken = new Set<string>()

  private constructor(out: string) {
    this.#out = out
  }

  /** For the pictures that these paths name. Throws `ArgumentError` where one file is to hold the maps of several. */
  static async open(out: string, paths: readonly string[]): Promise<MapFiles> {
    const files = new MapFiles(out)
    const [path = ''] = paths
    const isOne =
      paths.length === 1 && !path.toLowerCase().endsWith('.tar') && (await pathKind(path)) !== 'folder'
    const ending = extname(out)
    if (isOne && !files.#isFile && ending !== '' && (await pathKind(out)) === 'missing')
      throw new ArgumentError(
        `${out}: a map is written as .png, .jpg or .webp, or into a folder, whose name has no ending`,
      )
    if (!isOne && files.#isFile)
      throw new ArgumentError(`${out}: one file holds the map of one picture; name a folder for several`)
    await (files.#isFile ? checkTarget(out) : checkFolder(out))
    return files
  }

  /**
   * Writes the map of a picture and answers its path.
   *
   * @throws ArgumentError where it would replace the picture itself; ResourceError where the disk does not take it.
   */
  async save(picture: string, map: Picture): Promise<string> {
    const path = this.#isFile ? this.#out : join(this.#out, this.#nameFor(picture))
    if ((await realpathOf(path)) === (await realpathOf(picture)))
      throw new ArgumentError(`${path}: the map would replace the picture; name another place with --cam`)
    if (!this.#isFile) await this.#makeFolder()
    await savePixels(path, map)
    return path
  }

  get #isFile(): boolean {
    return pixelEndings.test(this.#out)
  }

  /** After the picture; where two have one name, the second becomes `NAME-2.png`. */
  #nameFor(picture: string): string {
    // In an archive, `photos.tar:cats/tom.jpg`. Some systems read other characters as something else than a name, and take
    // a and A for the same.
    const [last = ''] = picture.split(/[/\\:]/).slice(-1)
    const name = parse(last).name.replaceAll(/[^\p{L}\p{N} ._()+-]/gu, '_')
    for (let count = 1; ; count++) {
      const file = count === 1 ? `${name}.png` : `${name}-${count}.png`
      if (this.#taken.has(file.toLowerCase())) continue
      this.#taken.add(file.toLowerCase())
      return file
    }
  }

  async #makeFolder(): Promise<void> {
    await makeFolder(this.#out).catch((error: unknown) => {
      throw refused(this.#out, error)
    })
  }
}

/** The path without links, or as it is where nothing is there yet. */
function realpathOf(path: string): Promise<string> {
  return realpath(path).catch(() => resolve(path))
}
