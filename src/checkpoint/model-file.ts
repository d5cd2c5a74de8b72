/**
 * The package's own model file: one safetensors file with tensors under torchvision's names, so that PyTorch opens it as
 * it is, and the config, labels, preprocessing and provenance as JSON in its `__metadata__`. Writing what was read gives
 * the same bytes again.
 */
import { parseConfig } from '../architecture/config.ts'
import { parsePreprocessing } from '../architecture/preprocessing.ts'
import { CheckpointError, ConfigError } from '../errors.ts'
import type { Checkpoint } from './checkpoint.ts'
import { fill } from './fill.ts'
import { narrow } from './formats/dtypes.ts'
import { jsonArray, jsonString, parseJson } from './formats/json.ts'
import { writeSafetensors } from './formats/safetensors-writer.ts'
import type { Model } from './model.ts'
import type { NamedCheckpoint, NamedTensor } from './naming/map.ts'
import { statesOf } from './recognise/states.ts'

/** The metadata key that makes a safetensors file a model file; its value is the version of this layout. */
const mark = 'resnet-ts'
const version = '1'

/** Longest text of one piece of metadata, and of a name or label. */
const limits = { text: 4 * 2 ** 20, line: 1000, entries: 64 }

export interface WriteOptions {
  /** `float16` halves the file, each value rounded to the nearest, ties to even; `float32` without it. */
  readonly precision?: 'float32' | 'float16'
}

/**
 * The bytes of a model file in chunks: the header, then one chunk a tensor.
 *
 * @throws CheckpointError where the tensors are not those of the config, or a value is beyond half precision.
 */
export function writeModel(
  model: Model,
  { precision = 'float32' }: WriteOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const type = precision === 'float16' ? 'F16' : 'F32'
  const tensors = [...statesOf(model.config)].map(([state, shape]) => {
    const values = model.tensors.get(state)
    const length = shape.reduce((product, size) => product * size, 1)
    if (values?.length !== length) {
      throw new CheckpointError(
        `${state} must have ${length} values of shape [${shape.join(', ')}], not ${values?.length ?? 'be missing'}`,
      )
    }
    if (type === 'F16') checkHalf(state, values)
    return { name: state, type, shape, bytes: () => narrow(type, values) } as const
  })
  return writeSafetensors(tensors, new Map([['format', 'pt'], ...modelMetadata(model)]))
}

/** The greatest value of half precision: (2 - 2^-10) * 2^15. */
const greatestHalf = 65504

function checkHalf(name: string, values: Float32Array): void {
  const beyond = values.find((value) => Math.abs(value) > greatestHalf)
  if (beyond === undefined) return
  throw new CheckpointError(
    `${name} has the value ${beyond}; half precision holds at most ${greatestHalf}; write the model as float32`,
  )
}

/** What a file says of a model beside its tensors, as texts by key. */
export function modelMetadata({
  name,
  config,
  labels,
  preprocessing,
  provenance,
}: Omit<Model, 'tensors'>): ReadonlyMap<string, string> {
  const sorted = [...provenance].sort(([a], [b]) => (a < b ? -1 : 1))
  return new Map([
    [mark, version],
    ['name', name],
    ['config', JSON.stringify(config)],
    ['labels', JSON.stringify(labels)],
    ['preprocessing', JSON.stringify(preprocessing)],
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
  return { ...description, tensors: filled.tensors, notes: [...checkpoint.notes, ...filled.notes] }
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
  if (labels.length !== 0 && labels.length !== config.classes) {
    throw new CheckpointError(
      `${file}: has ${labels.length} labels for ${config.classes} classes; it must have one for each class, or none`,
    )
  }
  return {
    name: line(metadata.get('name'), `${file}: name`),
    config,
    labels,
    preprocessing: parsePreprocessing(readJson(checkpoint, 'preprocessing')),
    provenance: readProvenance(checkpoint),
  }
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
