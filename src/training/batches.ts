/** The batches of a run: pictures in the epoch's order with their targets; made ahead while the engine works. */
import type { DatasetItem } from '../datasets/dataset.ts'
import { DatasetError, TrainingError } from '../errors.ts'
import { mixBatch } from '../images/augment/mix.ts'
import { Random } from '../images/augment/random.ts'
import { softmax } from '../inference/predictions.ts'
import { allFinite } from '../ops/finite.ts'
import { hashName } from '../ops/random-bits.ts'
import { elements } from '../ops/shape.ts'
import type { Inputs } from './inputs.ts'
import { epochOrder, stepIndices } from './order.ts'
import type { Recipe } from './recipe.ts'

/** What a step is given. */
export interface Batch {
  /** [N, C, H, W], or features of that many images; the batch after the next one overwrites it. */
  readonly image: Float32Array
  /** [N, classes], rows that sum to 1. */
  readonly targets: Float32Array
  /** [N], what each image's loss counts; they sum to 1. */
  readonly weights: Float32Array
  /** What distillation asks for: a teacher's softened answers [N, classes], and what each image's count [N]. */
  readonly teacher?: { readonly targets: Float32Array; readonly weights: Float32Array }
}

export interface BatchOptions {
  readonly items: readonly DatasetItem[]
  readonly inputs: Inputs
  readonly recipe: Recipe
  readonly classes: number
  readonly seed: number
  readonly batch: number
  readonly teacher?: Teacher
}

/** Answers scores [N, classes] for images [N, C, H, W]. */
export type Teacher = (image: Float32Array, batch: number) => Promise<Float32Array>

export class Batches {
  readonly #options: BatchOptions
  readonly #classWeights: Float64Array
  /** One is made while the other is learnt from: new ones for each step would be megabytes for the collector to find. */
  #image: Float32Array
  #otherImage: Float32Array
  #order: { readonly epoch: number; readonly indices: Uint32Array } = {
    epoch: -1,
    indices: new Uint32Array(),
  }

  constructor(options: BatchOptions) {
    this.#options = options
    this.#classWeights = classWeightsOf(options)
    const values = options.batch * elements(options.inputs.shape)
    this.#image = new Float32Array(values)
    this.#otherImage = new Float32Array(values)
  }

  /** The batch of a step: `epoch` and `stepOfEpoch` from 0. */
  async prepare(epoch: number, stepOfEpoch: number): Promise<Batch> {
    const { inputs, batch, classes, recipe, seed } = this.#options
    const values = elements(inputs.shape)
    const places = stepIndices(this.#orderOf(epoch), batch, stepOfEpoch)
    const image = this.#nextImage()
    const targets = new Float32Array(batch * classes)
    await Promise.all(
      places.map(async (place, i) => {
        const label = await this.#write(place, epoch, image.subarray(i * values, (i + 1) * values))
        writeTarget(targets.subarray(i * classes, (i + 1) * classes), label, recipe.labelSmoothing)
      }),
    )
    const [channels = 1, height = 1, width = 1] = inputs.shape
    const random = new Random(hashName('mix a batch'), seed, epoch, stepOfEpoch)
    mixBatch({
      images: image,
      targets,
      shape: [channels, height, width],
      augmentation: recipe.augmentation,
      random,
    })
    return { image, targets, weights: this.#weights(targets) }
  }

  /**
   * The batch with what a teacher asks for, where the recipe distils: the loss is shared between the labels and the teacher,
   * and the temperature's square keeps the gradients' size (arXiv:1503.02531, section 2). For between steps: the teacher's
   * threads would only take the cores from the network's.
   */
  async distilled(given: Batch): Promise<Batch> {
    const { teacher, recipe, batch, classes } = this.#options
    if (teacher === undefined || recipe.distillation === null) return given
    const { weight, temperature } = recipe.distillation
    const scores = await teacher(given.image, batch)
    if (!allFinite(scores))
      throw new TrainingError('the teacher’s answers are not finite; look at its weights')
    const targets = new Float32Array(batch * classes)
    for (let start = 0; start < scores.length; start += classes)
      targets.set(softmax(scores.subarray(start, start + classes).map((score) => score / temperature)), start)
    return {
      ...given,
      weights: given.weights.map((own) => own * (1 - weight)),
      teacher: { targets, weights: given.weights.map((own) => own * weight * temperature ** 2) },
    }
  }

  #nextImage(): Float32Array {
    ;[this.#image, this.#otherImage] = [this.#otherImage, this.#image]
    return this.#image
  }

  #orderOf(epoch: number): Uint32Array {
    if (this.#order.epoch !== epoch) {
      const { items, seed } = this.#options
      this.#order = { epoch, indices: epochOrder(items.length, seed, epoch) }
    }
    return this.#order.indices
  }

  /** Writes the picture at a place of the training set, or, where it cannot be read, the next one that can; answers its class. */
  async #write(place: number, epoch: number, to: Float32Array): Promise<number> {
    const { items, inputs } = this.#options
    for (let tried = 0; tried < items.length; tried++) {
      const at = (place + tried) % items.length
      const item = items[at]
      if (item !== undefined && (await inputs.training(at, epoch, to))) return item.class
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
