/** Where `--cam` writes class activation maps: one PNG file, or a folder with one for each picture. */
import { mkdir, realpath } from 'node:fs/promises'
import { join, parse, resolve } from 'node:path'
import { saveFile } from '../checkpoint/save.node.ts'
import { ArgumentError, ResourceError } from '../errors.ts'
import { encodePng } from '../images/encode.node.ts'
import type { Picture } from '../images/picture.ts'

export class MapFiles {
  readonly #out: string
  readonly #taken = new Set<string>()

  /** Throws `ArgumentError` where one file is named for the maps of several pictures. */
  constructor(out: string, pictures: number) {
    this.#out = out
    if (pictures > 1 && this.#isFile) throw this.#oneForMany()
  }

  /**
   * Writes the map of a picture and answers its path.
   *
   * @throws ArgumentError where it would replace the picture itself; ResourceError where the disk does not take it.
   */
  async save(picture: string, map: Picture): Promise<string> {
    const path = this.#pathFor(picture)
    if ((await realpathOf(path)) === (await realpathOf(picture)))
      throw new ArgumentError(`${path}: the map would replace the picture; name another place with --cam`)
    if (!this.#isFile) await this.#makeFolder()
    await saveFile(path, [await encodePng(map)])
    return path
  }

  get #isFile(): boolean {
    return /\.png$/i.test(this.#out)
  }

  /** Named after the picture; where two have one name, the second becomes `NAME-2.png`. */
  #pathFor(picture: string): string {
    if (this.#isFile) {
      if (this.#taken.size > 0) throw this.#oneForMany()
      this.#taken.add(this.#out)
      return this.#out
    }
    // Some systems read other characters as something else than a name, and take a and A for the same.
    const name = parse(picture).name.replaceAll(/[^\p{L}\p{N} ._()+-]/gu, '_')
    for (let count = 1; ; count++) {
      const file = count === 1 ? `${name}.png` : `${name}-${count}.png`
      if (this.#taken.has(file.toLowerCase())) continue
      this.#taken.add(file.toLowerCase())
      return join(this.#out, file)
    }
  }

  async #makeFolder(): Promise<void> {
    await mkdir(this.#out, { recursive: true }).catch((error: unknown) => {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
      throw new ResourceError(`${this.#out}: the folder of the maps cannot be made (${code})`, {
        cause: error,
      })
    })
  }

  #oneForMany(): ArgumentError {
    return new ArgumentError(`${this.#out}: is one file for the maps of several pictures; name a folder`)
  }
}

/** The path without links, or as it is where nothing is there yet. */
function realpathOf(path: string): Promise<string> {
  return realpath(path).catch(() => resolve(path))
}
