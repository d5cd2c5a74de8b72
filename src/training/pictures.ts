/**
 * Decoded pictures of a training run: read and decoded ahead on other threads, kept decoded while the cache has room, left
 * out where they cannot be read.
 */
import { decodePicture } from '#platform/images/decode'
import type { DatasetItem } from '../datasets/dataset.ts'
import { DatasetError, ResNetError } from '../errors.ts'
import type { Picture } from '../images/picture.ts'

export interface PictureLimits {
  /** Bytes of decoded pictures that are kept. */
  readonly cacheBytes: number
  /** The greatest share of pictures that may be unreadable. */
  readonly unreadable: number
}

export const pictureLimits: PictureLimits = { cacheBytes: 256 * 2 ** 20, unreadable: 0.01 }

/** So few may be unreadable in any case, so that one bad file of fifty does not stop a run. */
const alwaysAllowed = 5

export interface Unreadable {
  readonly file: string
  readonly error: string
}

export class Pictures {
  readonly #limits: PictureLimits
  readonly #total: number
  readonly #kept = new Map<DatasetItem, Picture>()
  readonly #unreadable = new Map<DatasetItem, Unreadable>()
  readonly #told: (unreadable: Unreadable) => void
  readonly #underWay = new Map<DatasetItem, Promise<Picture | undefined>>()
  /** What was asked for last: copies of one picture follow each other, however large it is. */
  #latest: { readonly item: DatasetItem; readonly picture: Promise<Picture | undefined> } | undefined
  #bytes = 0

  /** `told` hears of each unreadable picture once; `total` counts all pictures of the run. */
  constructor(total: number, told: (unreadable: Unreadable) => void, limits: PictureLimits = pictureLimits) {
    this.#total = total
    this.#told = told
    this.#limits = limits
  }

  /**
   * The decoded picture; undefined where it cannot be read.
   *
   * @throws DatasetError where more than the allowed share of pictures cannot be read.
   */
  async get(item: DatasetItem): Promise<Picture | undefined> {
    const kept = this.#kept.get(item)
    if (kept !== undefined) return kept
    if (this.#unreadable.has(item)) return undefined
    if (this.#latest?.item === item) return this.#latest.picture
    const underWay = this.#underWay.get(item)
    const picture = underWay ?? this.#decode(item).finally(() => this.#underWay.delete(item))
    this.#underWay.set(item, picture)
    this.#latest = { item, picture }
    return picture
  }

  async #decode(item: DatasetItem): Promise<Picture | undefined> {
    try {
      const read = await item.read()
      const picture = 'bytes' in read ? await decodePicture(read) : read
      this.#keep(item, picture)
      return picture
    } catch (error) {
      if (!(error instanceof ResNetError)) throw error
      this.#leaveOut(item, error)
      return undefined
    }
  }

  #keep(item: DatasetItem, picture: Picture): void {
    if (this.#bytes + picture.data.length > this.#limits.cacheBytes) return
    this.#bytes += picture.data.length
    this.#kept.set(item, picture)
  }

  #leaveOut(item: DatasetItem, error: ResNetError): void {
    if (this.#unreadable.has(item)) return
    const unreadable = { file: item.file, error: error.message }
    this.#unreadable.set(item, unreadable)
    this.#told(unreadable)
    const count = this.#unreadable.size
    if (count > Math.max(alwaysAllowed, this.#limits.unreadable * this.#total)) {
      throw new DatasetError(
        `${count} of ${this.#total} pictures cannot be read, more than ${this.#limits.unreadable * 100} %; the last: ${error.message}`,
        { cause: error },
      )
    }
  }
}
