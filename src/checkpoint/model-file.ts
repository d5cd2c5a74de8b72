/**
 * The package's own model file: one safetensors file with tensors under torchvision's names, so that PyTorch opens it as
 * it is, and the config, labels, preprocessing and provenance as JSON in its `__metadata__`. Writing what was read gives
 * the same bytes again.
 */
import { parseConfig } from '../architecture/config.ts'
import { namesOf } from '../architecture/names.ts'
import { parsePreprocessing } from '../architecture/preprocessing.ts'
import { CheckpointError, ConfigError } from '../errors.ts'
import type { Checkpoint } from './checkpoint.ts'
import { consistentModel } from './consistent.ts'
import { fill } from './fill.ts'
import { narrow, widen } from './formats/dtypes.ts'
import { jsonArray, jsonString, parseJson } from './formats/json.ts'
import { writeSafetensors } from './formats/safetensors-writer.ts'
import type { Answers, Model } from './model.ts'
import type { NamedCheckpoint, NamedTensor } from './naming/map.ts'
import { statesOf } from './recognise/states.ts'

/** The metadata key that makes a safetensors file a model file; its value is the version of this layout. */
const mark = 'resnet-ts'
const version = '1'

/** Longest text of one piece of metadata, and of a name or label. */
const limits = { text: 4 * 2 ** 20, line: 1000, entries: 64 }

export interface WriteOptions {
  /**
   * `float16` halves the file, each value rounded to the nearest, ties to even, but for tensors that half precision cannot
   * hold (`beyondHalf`), which stay float32; `float32` without it.
   */
  readonly precision?: 'float32' | 'float16'
}

/**
 * The bytes of a model file in chunks: the header, then one chunk a tensor.
 *
 * @throws CheckpointError where the tensors are not those of the config; ConfigError where the parts of the model do not go
 * together.
 */
export function writeModel(
  given: Model,
  { precision = 'float32' }: WriteOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const model = consistentModel(given)
  const tensors = [...statesOf(model.config)].map(([state, shape]) => {
    const values = model.tensors.get(state)
    const length = shape.reduce((product, size) => product * size, 1)
    if (values?.length !== length) {
      throw new CheckpointError(
        `${state} must have ${length} values of shape [${shape.join(', ')}], not ${values?.length ?? 'be missing'}`,
      )
    }
    const type = precision === 'float16' && fitsHalf(values, rowOf(shape, model.config)) ? 'F16' : 'F32'
    return { name: state, type, shape, bytes: () => narrow(type, values) } as const
  })
  return writeSafetensors(tensors, new Map([['format', 'pt'], ...modelMetadata(model)]))
}

/** The tensors of a model that half precision cannot hold, by name: `float16` keeps them in single precision. */
export function beyondHalf({ config, tensors }: Pick<Model, 'config' | 'tensors'>): readonly string[] {
  const beyond = [...statesOf(config)].filter(
    ([name, shape]) => !fitsHalf(tensors.get(name) ?? new Float32Array(), rowOf(shape, config)),
  )
  return beyond.map(([name]) => name)
}

/**
 * How many values share one scale, so that those far below the greatest of them need no bits of their own: one in a tensor
 * of one dimension, where each value stands for a channel; all weights of a layer; those of one filter where each filter is
 * divided by its own deviation.
 */
function rowOf(shape: readonly number[], { convolution }: Model['config']): number {
  if (shape.length < 2) return 1
  const [, ...filter] = shape
  return (convolution.standardised === null ? shape : filter).reduce((product, size) => product * size, 1)
}

/** Half the distance of two halves as a share of them. */
const halfRounding = 2 ** -11

/**
 * Whether half precision holds every row as exactly as it can: no value is moved by more than halves are apart at the row's
 * greatest. Values above 65504 are not, nor, below 2^-14, where halves are coarse, most rows of small values: a variance of
 * 1e-6, which divides a whole channel, would be wrong by some percent.
 */
function fitsHalf(values: Float32Array, row: number): boolean {
  const held = widen('F16', narrow('F16', values))
  for (let start = 0; start < values.length; start += row) {
    let [greatest, error] = [0, 0]
    for (let i = start; i < start + row; i++) {
      const value = values[i] ?? 0
      // Infinities and what is no number stay what they are.
      if (!Number.isFinite(value)) continue
      greatest = Math.max(greatest, Math.abs(value))
      error = Math.max(error, Math.abs(value - (held[i] ?? 0)))
    }
    if (error > greatest * halfRounding) return false
  }
  return true
}

/** What a file says of a model beside its tensors, as texts by key. */
export function modelMetadata({
  name,
  config,
  labels,
  preprocessing,
  provenance,
  answers,
}: Omit<Model, 'tensors'>): ReadonlyMap<string, string> {
  const sorted = [...provenance].sort(([a], [b]) => (a < b ? -1 : 1))
  return new Map([
    [mark, version],
    ['name', name],
    ['config', JSON.stringify(config)],
    ['labels', JSON.stringify(labels)],
    ['preprocessing', JSON.stringify(preprocessing)],
    ...(answers === undefined ? [] : ([['answers', answers]] as const)),
    ['provenance', JSON.stringify(sorted)],
  ])
}

/** What a model file says beside its tensors. */
export type ModelDescription = Omit<Model, 'tensors' | 'notes'>

/**
 * Reads a model file; undefined where the checkpoint is none.
 *
 * @throws CheckpointError where its metadata is malformed or its tensors are not those of its config.
 */
export async function readModel(checkpoint: Checkpoint): Promise<Model | undefined> {
  const description = readDescription(checkpoint)
  if (description === undefined) return undefined
  const { config, name } = description
  const filled = await fill(config, tensorsUnderOwnNames(checkpoint), { file: checkpoint.name, arch: name })
  const { tensors } = filled
  const notes = [...checkpoint.notes, ...filled.notes]
  return { ...description, ...withoutHead(description, tensors), tensors, notes }
}

/** Earlier versions wrote a network without a classifier as one whose only score is always zero. */
function withoutHead(
  { answers, config }: ModelDescription,
  tensors: ReadonlyMap<string, Float32Array>,
): Pick<Model, 'answers'> {
  if (answers !== undefined || config.classes !== 1) return {}
  const classifier = tensors.get(`${namesOf(config).classifier}.weight`)
  return classifier?.every((value) => value === 0) ? { answers: 'none' } : {}
}

/** The tensors of a model file need no translation. */
export function tensorsUnderOwnNames({ tensors }: Checkpoint): Pick<NamedCheckpoint, 'tensors' | 'unknown'> {
  const named = [...tensors].map(([name, tensor]) => {
    const own: NamedTensor = { name, from: name, shape: tensor.shape, read: () => tensor.read() }
    return [name, own] as const
  })
  return { tensors: new Map(named), unknown: [] }
}

/**
 * Reads what a model file says beside its tensors; undefined where the checkpoint is none.
 *
 * @throws CheckpointError where its metadata is malformed.
 */
export function readDescription(checkpoint: Checkpoint): ModelDescription | undefined {
  const { metadata, name: file } = checkpoint
  const found = metadata.get(mark)
  if (found === undefined) return undefined
  if (found !== version) {
    throw new CheckpointError(
      `${file}: is a model file of version ${JSON.stringify(found.slice(0, 20))}; this package reads version ${version}; a newer one may be needed`,
    )
  }
  try {
    return describe(checkpoint)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    throw new CheckpointError(`${file}: its metadata is malformed: ${error.message}`, { cause: error })
  }
}

function describe(checkpoint: Checkpoint): ModelDescription {
  const { name: file, metadata, tensors } = checkpoint
  const config = parseConfig(readJson(checkpoint, 'config'))
  const blocks = config.stages.reduce((sum, stage) => sum + stage.blocks, 0)
  if (blocks > tensors.size) {
    throw new CheckpointError(
      `${file}: its config has ${blocks} blocks, but the file only ${tensors.size} tensors; it is damaged`,
    )
  }
  const labels = jsonArray(readJson(checkpoint, 'labels'), `${file}: labels`).map((label) =>
    line(label, `${file}: labels`),
  )
  const answers = readAnswers(checkpoint)
  return consistentModel({
    ...answers,
    name: line(metadata.get('name'), `${file}: name`),
    config,
    labels,
    preprocessing: parsePreprocessing(readJson(checkpoint, 'preprocessing')),
    provenance: readProvenance(checkpoint),
  })
}

function readAnswers({ metadata, name }: Checkpoint): { readonly answers?: Answers } {
  const text = metadata.get('answers')
  if (text === undefined) return {}
  if (text === 'one' || text === 'each' || text === 'none') return { answers: text }
  throw new CheckpointError(
    `${name}: answers must be one, each or none, not ${JSON.stringify(text.slice(0, 20))}`,
  )
}

function readJson({ metadata, name }: Checkpoint, key: string): unknown {
  const text = metadata.get(key)
  if (text === undefined || text.length > limits.text) {
    throw new CheckpointError(
      `${name}: is marked as a model file, but its ${key} is ${text === undefined ? 'missing' : 'too long'}; write it again with resnet convert`,
    )
  }
  return parseJson(new TextEncoder().encode(text), `${name}: ${key}`)
}

function readProvenance(checkpoint: Checkpoint): ReadonlyMap<string, string> {
  const where = `${checkpoint.name}: provenance`
  const entries = jsonArray(readJson(checkpoint, 'provenance'), where)
  if (entries.length > limits.entries)
    throw new CheckpointError(`${where} has more than ${limits.entries} entries`)
  return new Map(
    entries.map((entry) => {
      const [key, value] = jsonArray(entry, where)
      return [line(key, where), line(value, where)] as const
    }),
  )
}

/** Text on one line, of a length that a person reads. */
function line(value: unknown, where: string): string {
  const text = jsonString(value, where)
  if (text.length > limits.line)
    throw new CheckpointError(
      `${where} has a text of ${text.length} characters; at most ${limits.line} are read`,
    )
  return text
}
