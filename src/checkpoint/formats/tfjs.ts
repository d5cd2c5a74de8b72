/**
 * TensorFlow.js layers models (tensorflow/tfjs: `tfjs-core/src/io/types.ts`, `io_utils.ts`): `model.json` with the
 * network's configuration and, under `weightsManifest`, groups of weights. The shards of a group, joined, hold its weights
 * one after another without gaps, whole or quantised to 8 or 16 bits or to half.
 */
import { CheckpointError } from '../../errors.ts'
import type { Folder } from '../bytes.ts'
import type { Checkpoint, KerasTopology, StoredTensor } from '../checkpoint.ts'
import { jsonArray, jsonObject, jsonString, parseJson } from './json.ts'
import { readTopology } from './keras-topology.ts'
import { limits } from './limits.ts'
import { openShards } from './tfjs-shards.ts'
import { readWeight, type TfjsWeight, tensorOf } from './tfjs-weights.ts'

interface Group {
  readonly paths: readonly string[]
  readonly weights: readonly TfjsWeight[]
  readonly bytes: number
}

/** Reads `model.json` and checks its shards; weights are read when asked for. Throws `CheckpointError`. */
export async function readTfjs(folder: Folder, modelJson = 'model.json'): Promise<Checkpoint> {
  const root = await readModelJson(folder, modelJson)
  const where = `${folder.name}: ${modelJson}`
  const topology = readModelTopology(root.get('modelTopology'), where)
  if (root.get('format') === 'graph-model') {
    throw new CheckpointError(
      `${where} is a TensorFlow.js graph model; layers models are read (tensorflowjs_converter --output_format tfjs_layers_model)`,
    )
  }
  const groups = jsonArray(root.get('weightsManifest'), `${where}: weightsManifest`).map((group, i) =>
    readGroup(group, `${where}: weightsManifest[${i}]`),
  )
  const shardCount = groups.reduce((sum, group) => sum + group.paths.length, 0)
  const weightCount = groups.reduce((sum, group) => sum + group.weights.length, 0)
  if (shardCount > limits.shards || weightCount > limits.tensors) {
    throw new CheckpointError(
      `${where} lists ${shardCount} shards and ${weightCount} weights; at most ${limits.shards} and ${limits.tensors} are read`,
    )
  }
  const tensors = new Map<string, StoredTensor>()
  for (const group of groups) {
    const source = await openShards(folder, group.paths, group.bytes)
    let offset = 0
    for (const weight of group.weights) {
      if (tensors.has(weight.name))
        throw new CheckpointError(`${where} lists the weight ${weight.name} twice`)
      tensors.set(weight.name, tensorOf(weight, source, offset))
      offset += weight.bytes
    }
  }
  return {
    format: 'tfjs',
    name: folder.name,
    tensors,
    metadata: readMetadata(root),
    ...(topology === undefined ? {} : { topology }),
    notes: quantisationNotes(groups),
    async close() {},
  }
}

async function readModelJson(folder: Folder, path: string): Promise<ReadonlyMap<string, unknown>> {
  const source = await folder.open(path)
  const where = `${folder.name}: ${path}`
  try {
    if (source.size > limits.jsonBytes) {
      throw new CheckpointError(`${where} has ${source.size} bytes; at most ${limits.jsonBytes} are read`)
    }
    return jsonObject(parseJson(await source.read(0, source.size), where), where)
  } finally {
    await source.close()
  }
}

/** What the converter wraps in `model_config` (as an object or as text) and TensorFlow.js itself writes bare. */
function readModelTopology(value: unknown, where: string): KerasTopology | undefined {
  if (value === undefined || value === null) return undefined
  const topology = jsonObject(value, `${where}: modelTopology`)
  if (topology.has('node')) return undefined
  const wrapped = topology.get('model_config') ?? value
  const at = `${where}: modelTopology`
  return readTopology(
    typeof wrapped === 'string' ? parseJson(new TextEncoder().encode(wrapped), at) : wrapped,
    at,
  )
}

function readGroup(value: unknown, where: string): Group {
  const group = jsonObject(value, where)
  const paths = jsonArray(group.get('paths'), `${where}.paths`).map((path) =>
    jsonString(path, `${where}.paths`),
  )
  const weights = jsonArray(group.get('weights'), `${where}.weights`).map((weight, i) =>
    readWeight(weight, `${where}.weights[${i}]`),
  )
  const bytes = weights.reduce((sum, weight) => sum + weight.bytes, 0)
  if (!Number.isSafeInteger(bytes))
    throw new CheckpointError(`${where} claims more bytes than any file holds`)
  return { paths, weights, bytes }
}

function readMetadata(root: ReadonlyMap<string, unknown>): Map<string, string> {
  const metadata = new Map<string, string>()
  for (const key of ['generatedBy', 'convertedBy']) {
    const value = root.get(key)
    if (typeof value === 'string') metadata.set(key, value)
  }
  return metadata
}

function quantisationNotes(groups: readonly Group[]): string[] {
  const types = new Set(
    groups.flatMap(({ weights }) => weights.flatMap(({ scaled, type }) => (scaled ? [type] : []))),
  )
  return [...types].map(
    (type) => `some weights are quantised to ${type === 'U8' ? 8 : 16} bits and were widened`,
  )
}
