/** The batches of a run: pictures in the epoch's order, augmented, with their targets; made ahead while the engine works. */
import type { Preprocessing } from '../architecture/preprocessing.ts'
import type { DatasetItem } from '../datasets/dataset.ts'
import { DatasetError } from '../errors.ts'
import { augment } from '../images/augment/augment.ts'
import { erase } from '../images/augment/erase.ts'
import { mixBatch } from '../images/augment/mix.ts'
import { Random } from '../images/augment/random.ts'
import type { Picture } from '../images/picture.ts'
import { writeInput } from '../images/preprocess.ts'
import { softmax } from '../inference/predictions.ts'
import { hashName } from '../ops/random-bits.ts'
import { epochOrder, stepIndices } from './order.ts'
import type { Pictures } from './pictures.ts'
import type { Recipe } from './recipe.ts'

/** What a step is given. */
export interface Batch {
  /** [N, C, H, W] */
  readonly image: Float32Array
  /** [N, classes], rows that sum to 1. */
  readonly targets: Float32Array
  /** [N], what each image's loss counts; they sum to 1. */
  readonly weights: Float32Array
  /** What distillation asks for: a teacher's softened answers [N, classes], and what each image's count [N]. */
  readonly teacher?: { readonly targets: Float32Array; readonly weights: Float32Array }
}

export interface BatchSource {
  /** Values of one image. */
  readonly values: number
  /** The batch of a step: `epoch` and `stepOfEpoch` from 0. */
  prepare(epoch: number, stepOfEpoch: number): Promise<Batch>
}

export interface BatchOptions {
  readonly items: readonly DatasetItem[]
  readonly pictures: Pictures
  readonly recipe: Recipe
  readonly preprocessing: Preprocessing
  /** Channels that the network reads. */
  readonly channels: number
  readonly classes: number
  readonly seed: number
  readonly batch: number
  readonly teacher?: Teacher
}

/** Answers scores [N, classes] for images [N, C, H, W]. */
export type Teacher = (image: Float32Array, batch: number) => Promise<Float32Array>

const purposes = { picture: hashName('augment a picture'), batch: hashName('mix a batch') }

export class PictureBatches implements BatchSource {
  readonly values: number
  readonly #options: BatchOptions
  readonly #classWeights: Float64Array
  #order: { readonly epoch: number; readonly indices: Uint32Array } = {
    epoch: -1,
    indices: new Uint32Array(),
  }

  constructor(options: BatchOptions) {
    this.#options = options
    const [height, width] = options.preprocessing.crop
    this.values = options.channels * height * width
    this.#classWeights = classWeightsOf(options)
  }

  async prepare(epoch: number, stepOfEpoch: number): Promise<Batch> {
    const { batch, classes, recipe, seed, preprocessing, channels } = this.#options
    const order = this.#orderOf(epoch)
    const places = stepIndices(order, batch, stepOfEpoch)
    const found = await Promise.all(places.map((place) => this.#readable(place)))
    const image = new Float32Array(batch * this.values)
    const targets = new Float32Array(batch * classes)
    found.forEach(({ item, picture, place }, i) => {
      image.set(this.inputOf(picture, epoch, place), i * this.values)
      writeTarget(targets.subarray(i * classes, (i + 1) * classes), item.class, recipe.labelSmoothing)
    })
    const shape = [channels, ...preprocessing.crop] as const
    const random = new Random(purposes.batch, seed, epoch, stepOfEpoch)
    mixBatch({ images: image, targets, shape, augmentation: recipe.augmentation, random })
    return this.#distilled({ image, targets, weights: this.#weights(targets) })
  }

  /** One picture, from `place` of the training set, as an epoch has it: [C, H, W], augmented but not mixed. */
  inputOf(picture: Picture, epoch: number, place: number): Float32Array {
    const { recipe, preprocessing, seed, channels } = this.#options
    const { augmentation } = recipe
    const random = new Random(purposes.picture, seed, epoch, place)
    const input = new Float32Array(this.values)
    writeInput(augment(picture, augmentation, preprocessing, random), preprocessing, input, 0)
    if (augmentation.erasing !== null)
      erase(input, [channels, ...preprocessing.crop], augmentation.erasing, random)
    return input
  }

  /** The loss shared between the labels and the teacher; the temperature's square keeps the gradients' size (arXiv:1503.02531, section 2). */
  async #distilled(given: Batch): Promise<Batch> {
    const { teacher, recipe, batch, classes } = this.#options
    if (teacher === undefined || recipe.distillation === null) return given
    const { weight, temperature } = recipe.distillation
    const scores = await teacher(given.image, batch)
    const targets = new Float32Array(batch * classes)
    for (let start = 0; start < scores.length; start += classes)
      targets.set(softmax(scores.subarray(start, start + classes).map((score) => score / temperature)), start)
    return {
      ...given,
      weights: given.weights.map((own) => own * (1 - weight)),
      teacher: { targets, weights: given.weights.map((own) => own * weight * temperature ** 2) },
    }
  }

  #orderOf(epoch: number): Uint32Array {
    if (this.#order.epoch !== epoch) {
      const { items, seed } = this.#options
      this.#order = { epoch, indices: epochOrder(items.length, seed, epoch) }
    }
    return this.#order.indices
  }

  /** The picture at a place of the training set, or, where it cannot be read, the next one that can. */
  async #readable(
    place: number,
  ): Promise<{ readonly item: DatasetItem; readonly picture: Picture; readonly place: number }> {
    const { items, pictures } = this.#options
    for (let tried = 0; tried < items.length; tried++) {
      const item = items[(place + tried) % items.length]
      const picture = item === undefined ? undefined : await pictures.get(item)
      if (item !== undefined && picture !== undefined) return { item, picture, place }
    }
    throw new DatasetError(`none of the ${items.length} training pictures can be read`)
  }

  #weights(targets: Float32Array): Float32Array {
    const { batch, classes } = this.#options
    const weights = new Float32Array(batch)
    let sum = 0
    for (let i = 0; i < batch; i++) {
      let weight = 0
      for (let c = 0; c < classes; c++)
        weight += (targets[i * classes + c] ?? 0) * (this.#classWeights[c] ?? 1)
      weights[i] = weight
      sum += weight
    }
    return weights.map((weight) => weight / sum)
  }
}

/** Label smoothing spreads its share over all classes (arXiv:1512.00567, section 7). */
function writeTarget(target: Float32Array, label: number, smoothing: number): void {
  target.fill(smoothing / target.length)
  target[label] = 1 - smoothing + smoothing / target.length
}

/** What each class's pictures count: alike, or, balanced, in inverse proportion to how many there are. */
function classWeightsOf({ items, classes, recipe }: BatchOptions): Float64Array {
  const weights = new Float64Array(classes).fill(1)
  if (recipe.classWeights === 'none') return weights
  const counts = new Float64Array(classes)
  for (const { class: own } of items) counts[own] = (counts[own] ?? 0) + 1
  return weights.map((_, c) => ((counts[c] ?? 0) > 0 ? items.length / (classes * (counts[c] ?? 1)) : 0))
}
