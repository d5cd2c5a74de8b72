/** What a network in training reads of each picture: its pixels, or features of the part of it that is frozen. */
import type { Preprocessing } from '../architecture/preprocessing.ts'
import type { DatasetItem } from '../datasets/dataset.ts'
import type { TrainingSet } from '../datasets/training-set.ts'
import { augment } from '../images/augment/augment.ts'
import { erase } from '../images/augment/erase.ts'
import { Random } from '../images/augment/random.ts'
import { croppedPixels, writeInput } from '../images/preprocess.ts'
import { hashName } from '../ops/random-bits.ts'
import type { TrainingEvent } from './events.ts'
import type { Pictures } from './pictures.ts'
import type { Recipe } from './recipe.ts'

export interface Inputs {
  /** Of one picture: [C, H, W]; of features what their shape is. */
  readonly shape: readonly number[]
  /** Makes what is made once, before the first step, and tells how far it is; ends early where the signal is aborted. */
  prepare(signal: AbortSignal | undefined): AsyncGenerator<TrainingEvent, void, undefined>
  /** Writes the training picture at a place of the set as an epoch, from 0, has it; answers false where it cannot be read. */
  training(place: number, epoch: number, to: Float32Array): Promise<boolean>
  /** Writes a validation picture, as in inference; answers false where it cannot be read. */
  validation(place: number, to: Float32Array): Promise<boolean>
}

export interface PictureInputOptions {
  readonly set: TrainingSet
  readonly pictures: Pictures
  readonly recipe: Recipe
  readonly preprocessing: Preprocessing
  /** Channels that the network reads. */
  readonly channels: number
  readonly seed: number
}

/** Pictures, augmented anew in each epoch. */
export class PictureInputs implements Inputs {
  readonly shape: readonly [number, number, number]
  readonly #options: PictureInputOptions

  constructor(options: PictureInputOptions) {
    this.#options = options
    this.shape = [options.channels, ...options.preprocessing.crop]
  }

  async *prepare(): AsyncGenerator<TrainingEvent, void, undefined> {}

  async training(place: number, epoch: number, to: Float32Array): Promise<boolean> {
    const { set, pictures, preprocessing, recipe, seed } = this.#options
    const { augmentation } = recipe
    const item = set.train[place]
    const picture = item === undefined ? undefined : await pictures.get(item)
    if (picture === undefined) return false
    const random = new Random(hashName('augment a picture'), seed, epoch, place)
    writeInput(augment(picture, augmentation, preprocessing, random), preprocessing, to, 0)
    if (augmentation.erasing !== null) erase(to, this.shape, augmentation.erasing, random)
    return true
  }

  validation(place: number, to: Float32Array): Promise<boolean> {
    return this.asInInference(this.#options.set.val[place], to)
  }

  /** Writes any picture of the set as in inference; answers false where it cannot be read. */
  async asInInference(item: DatasetItem | undefined, to: Float32Array): Promise<boolean> {
    const { pictures, preprocessing } = this.#options
    const picture = item === undefined ? undefined : await pictures.get(item)
    if (picture === undefined) return false
    writeInput(croppedPixels(picture, preprocessing), preprocessing, to, 0)
    return true
  }
}
