/** How often a model is right on a dataset. */
import { spread } from '../datasets/dataset.ts'
import { type DatasetItem, openDataset } from '../datasets/open.ts'
import { CheckpointError, DatasetError, ResNetError } from '../errors.ts'
import { batchFor } from './batch-size.ts'
import { imagenetIdsFor } from './imagenet.ts'
import { matchClasses } from './labels.ts'
import type { LoadedModel } from './loaded-model.ts'
import { type Counts, Tally } from './tally.ts'

export interface EvaluateOptions {
  /** The part of the dataset: `train`, `val` or `test`. */
  readonly split?: string
  /** No more than so many images, spread evenly over the dataset. */
  readonly limit?: number
  readonly progress?: (progress: { readonly done: number; readonly total: number }) => void
  readonly signal?: AbortSignal
}

export interface Evaluation extends Counts {
  /** From opening the dataset to the last answer. */
  readonly seconds: number
  /** The engine's rate; reading and decoding are not counted. */
  readonly imagesPerSecond: number
  /** Pictures that could not be read; they are not counted. */
  readonly errors: readonly { readonly file: string; readonly error: string }[]
  /** What a person should know of how the classes were matched. */
  readonly notes: readonly string[]
}

/** Images that the engine takes at once. */
function batchOf({ model, engine }: LoadedModel): number {
  const [height, width] = model.preprocessing.crop
  return engine === 'reference' ? 1 : batchFor(height * width * model.config.inputChannels)
}

/** Runs a model over a dataset. See `LoadedModel.evaluate`. */
export async function evaluate(
  loaded: LoadedModel,
  path: string,
  options: EvaluateOptions,
): Promise<Evaluation> {
  const start = performance.now()
  const { model } = loaded
  const { split, limit, progress, signal } = options
  const dataset = await openDataset(path, split === undefined ? {} : { split })
  try {
    const { indices, notes } = matchClasses(dataset, {
      name: model.name,
      labels: model.labels,
      wordnet: imagenetIdsFor(model.labels),
      classes: model.config.classes,
    })
    const items = spread(dataset.items, limit)
    const tally = new Tally(indices, model.labels, model.config.classes)
    const errors: { file: string; error: string }[] = []
    let engineMs = 0
    for await (const batch of prepared(items, loaded, signal)) {
      const good = batch.flatMap(({ item, image }) => (image instanceof ResNetError ? [] : [{ item, image }]))
      for (const { item, image } of batch) {
        if (image instanceof ResNetError) errors.push({ file: item.file, error: image.message })
      }
      const before = performance.now()
      const images = good.map(({ image }) => image)
      const answers = await loaded.logitsOfBatch(images, batchOf(loaded), signal)
      engineMs += performance.now() - before
      good.forEach(({ item }, index) => {
        const logits = answers[index] ?? new Float32Array()
        checkScores(model.name, item.file, logits)
        tally.add(item.class, logits)
      })
      progress?.({ done: tally.images + errors.length, total: items.length })
    }
    if (tally.images === 0)
      throw new DatasetError(`${dataset.name}: none of its ${items.length} pictures could be read`)
    const seconds = (performance.now() - start) / 1000
    return { ...tally.counts(), seconds, imagesPerSecond: tally.images / (engineMs / 1000), errors, notes }
  } finally {
    await dataset.close()
  }
}

interface Prepared {
  readonly item: DatasetItem
  /** The network's input, or why there is none. */
  readonly image: Float32Array | ResNetError
}

/**
 * Batches of decoded pictures, in order. Decoding and the engine take turns: each uses all cores, and beside the other neither
 * gets done sooner.
 */
async function* prepared(
  items: readonly DatasetItem[],
  loaded: LoadedModel,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly Prepared[], void, undefined> {
  const one = async (item: DatasetItem): Promise<Prepared> => {
    try {
      return { item, image: await loaded.prepare(await item.read()) }
    } catch (error) {
      if (error instanceof ResNetError) return { item, image: error }
      throw error
    }
  }
  const size = batchOf(loaded)
  for (let start = 0; start < items.length; start += size) {
    signal?.throwIfAborted()
    yield await Promise.all(items.slice(start, start + size).map(one))
  }
}

function checkScores(model: string, file: string, logits: Float32Array): void {
  if (logits.every(Number.isFinite)) return
  throw new CheckpointError(`${model}: its scores for ${file} are no numbers; the model is damaged`)
}
