/** How often a model is right on a dataset. */
import { spread } from '../datasets/dataset.ts'
import { type DatasetItem, openDataset } from '../datasets/open.ts'
import { passedOverNotes } from '../datasets/passed-over.ts'
import { DatasetError, ResNetError } from '../errors.ts'
import { answersOf } from './batches.ts'
import { imagenetIdsFor } from './imagenet.ts'
import { type MatchedClasses, matchClasses } from './labels.ts'
import type { LoadedModel } from './loaded-model.ts'
import { bestClasses, labelOf } from './predictions.ts'
import { type Counts, Tally, type Target } from './tally.ts'

export interface EvaluateOptions {
  /** The part of the dataset: `train`, `val` or `test`. */
  readonly split?: string
  /** No more than so many images, spread evenly over the dataset. */
  readonly limit?: number
  /** Hears how many images are done. */
  readonly progress?: (progress: { readonly done: number; readonly total: number }) => void
  /** Hears what is answered for each image that could be read. */
  readonly answered?: (answer: JudgedImage) => void
  readonly signal?: AbortSignal
}

/** What a model answers for one image of a dataset. */
export interface JudgedImage {
  readonly file: string
  /** The class that the dataset gives it, as the model calls it. */
  readonly label: string
  /** The model's best class and its probability, and that of the right one. */
  readonly answer: string
  readonly probability: number
  readonly probabilityOfLabel: number
  readonly correct: boolean
}

export interface Evaluation extends Counts {
  /** From opening the dataset to the last answer. */
  readonly seconds: number
  /** The engine's rate; reading and decoding are not counted. */
  readonly imagesPerSecond: number
  /** Pictures that could not be read; they are not counted. */
  readonly errors: readonly { readonly file: string; readonly error: string }[]
  /** What a person should know: how the dataset was read, what was passed over, how the classes were matched. */
  readonly notes: readonly string[]
}

const eachNote =
  'each class of the model is a question of its own: the most probable is its first answer, and the loss is that of the right class alone'

/** Runs a model over a dataset. See `LoadedModel.evaluate`. */
export async function evaluate(
  loaded: LoadedModel,
  path: string,
  options: EvaluateOptions,
): Promise<Evaluation> {
  const start = performance.now()
  const { model } = loaded
  const { split, limit, progress, signal } = options
  const { labels, classes, probabilities } = loaded.answering()
  const dataset = await openDataset(path, split === undefined ? {} : { split })
  try {
    const used = new Set(dataset.items.map((item) => item.class))
    const named = { name: model.name, labels, wordnet: imagenetIdsFor(labels), classes }
    const matched = matchClasses({ ...dataset, used }, named)
    const items = spread(dataset.items, limit)
    const tally = new Tally(targetsOf(dataset.classes, matched.indices, labels), probabilities)
    const problems = new Map<DatasetItem, string>()
    let engineMs = 0
    let done = 0
    const walk = answersOf({
      items,
      ...sizesOf(loaded),
      write: async (item, _, to) => {
        signal?.throwIfAborted()
        const problem = await write(loaded, item, to)
        if (problem !== undefined) problems.set(item, problem)
        return problem === undefined
      },
      run: async (inputs, batch) => {
        const before = performance.now()
        const scores = await loaded.scoresOf(inputs, batch, signal)
        engineMs += performance.now() - before
        return scores
      },
    })
    for await (const batch of walk) {
      for (const { item, answer } of batch) {
        if (answer === undefined) continue
        tally.add(item.class, answer)
        options.answered?.(judged(item.file, matched.indices[item.class], labels, probabilities(answer)))
      }
      done += batch.length
      progress?.({ done, total: items.length })
    }
    if (tally.images === 0)
      throw new DatasetError(`${dataset.name}: none of its ${items.length} pictures could be read`)
    const seconds = (performance.now() - start) / 1000
    const notes = [
      ...(loaded.answering().exclusive ? [] : [eachNote]),
      ...dataset.notes,
      ...passedOverNotes(dataset.passedOver),
      ...matched.notes,
    ]
    if (matched.byLetters !== undefined) notes.push(noteOfOrder(tally, matched.byLetters))
    const errors = items.flatMap((item) => {
      const error = problems.get(item)
      return error === undefined ? [] : [{ file: item.file, error }]
    })
    return { ...tally.counts(), seconds, imagesPerSecond: tally.images / (engineMs / 1000), errors, notes }
  } finally {
    await dataset.close()
  }
}

/** Classes by the model's names; two that are one class of the model by their own. */
function targetsOf(
  classes: readonly string[],
  indices: MatchedClasses['indices'],
  labels: readonly string[],
): readonly (Target | undefined)[] {
  const [seen, shared] = [new Set<number>(), new Set<number>()]
  for (const index of indices.filter((each) => each !== undefined))
    (seen.has(index) ? shared : seen).add(index)
  return classes.map((own, row) => {
    const index = indices[row]
    return index === undefined
      ? undefined
      : { index, label: shared.has(index) ? own : labelOf(labels, index) }
  })
}

function judged(
  file: string,
  right: number | undefined,
  labels: readonly string[],
  probabilities: Float64Array,
): JudgedImage {
  const best = bestClasses(probabilities, 1)[0] ?? 0
  return {
    file,
    label: right === undefined ? '' : labelOf(labels, right),
    answer: labelOf(labels, best),
    probability: probabilities[best] ?? 0,
    probabilityOfLabel: right === undefined ? 0 : (probabilities[right] ?? 0),
    correct: best === right,
  }
}

/** Which order of classes called by numbers is the model's shows in how often it is right. */
function noteOfOrder(tally: Tally, byLetters: readonly number[]): string {
  const otherwise = tally
    .counts()
    .confusion.reduce((sum, { truth, answer, count }) => sum + (byLetters[truth] === answer ? count : 0), 0)
  return `classes called by numbers are taken in the order of the numbers: ${tally.correct} of ${tally.images} are right; in the order of their letters (0, 1, 10, 2), as torchvision's ImageFolder has folders, ${otherwise} would be: give such a model its classes' names in its own order`
}

/** Of the model's input, and how many pictures its engine takes at once. */
function sizesOf({ model, engine }: LoadedModel): { readonly values: number; readonly batch?: number } {
  const [height, width] = model.preprocessing.crop
  const values = height * width * model.config.inputChannels
  return engine === 'reference' ? { values, batch: 1 } : { values }
}

/** Writes the input of a picture; answers why it cannot. */
async function write(loaded: LoadedModel, item: DatasetItem, to: Float32Array): Promise<string | undefined> {
  try {
    to.set(await loaded.prepare(await item.read()))
    return undefined
  } catch (error) {
    if (error instanceof ResNetError) return error.message
    throw error
  }
}
