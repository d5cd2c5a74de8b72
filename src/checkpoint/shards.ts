/**
 * Checkpoints in several files, as Hugging Face writes them: `model-00001-of-00003.safetensors`, and beside them
 * `model.safetensors.index.json`, whose `weight_map` says which tensor lies in which file. One shard alone is a part of a
 * network that looks like a smaller one, so all of them are read, or none.
 */
import { CheckpointError } from '../errors.ts'
import { type Beside, type ByteSource, checkInnerPath } from './bytes.ts'
import type { Checkpoint, PlainValue, StoredTensor } from './checkpoint.ts'
import { jsonObject, jsonString, parseJson } from './formats/json.ts'
import { limits } from './formats/limits.ts'
import { quote } from './formats/names.ts'

export type ReadFile = (source: ByteSource) => Promise<Checkpoint>

const shardName = /^(.+)-(\d{5})-of-(\d{5})(\.[A-Za-z]+)?$/

/** The files of the checkpoint that a file is a shard of, by its name; undefined where it is none. */
export function shardsOf(path: string): readonly string[] | undefined {
  const [, stem, , total, ending = ''] = shardName.exec(baseName(path)) ?? []
  const count = Number(total)
  if (stem === undefined || count < 2 || count > limits.shards) return undefined
  return Array.from(
    { length: count },
    (_, i) => `${stem}-${String(i + 1).padStart(5, '0')}-of-${total}${ending}`,
  )
}

/** The part of a path behind its folders. */
export function baseName(path: string): string {
  return path.replace(/^.*[/\\]/s, '')
}

/** Whether a file's name is that of an index of shards. */
export function isIndex(path: string): boolean {
  return path.endsWith('.index.json')
}

/** The files that an index names. Throws `CheckpointError`. */
export async function readIndex(source: ByteSource): Promise<Index> {
  const where = `${source.name}: its`
  if (source.size > limits.jsonBytes)
    throw new CheckpointError(
      `${source.name}: has ${source.size} bytes; at most ${limits.jsonBytes} are read`,
    )
  const root = jsonObject(parseJson(await source.read(0, source.size), `${where} text`), `${where} text`)
  const map = jsonObject(root.get('weight_map'), `${where} weight_map`)
  const tensors = new Map<string, string>()
  for (const [tensor, file] of map) {
    tensors.set(tensor, checkInnerPath(source.name, jsonString(file, `${where} weight_map.${quote(tensor)}`)))
  }
  const files = [...new Set(tensors.values())]
  if (files.length === 0 || files.length > limits.shards || tensors.size > limits.tensors)
    throw new CheckpointError(`${where} weight_map names ${tensors.size} tensors in ${files.length} files`)
  return { files, tensors }
}

export interface Index {
  readonly files: readonly string[]
  /** The file of each tensor. */
  readonly tensors: ReadonlyMap<string, string>
}

/**
 * All shards as one checkpoint called `name`. On failure every file is closed. Throws `CheckpointError` where a file is
 * missing, where two hold one tensor, or where a tensor is not where the index says.
 */
export async function readShards(
  name: string,
  index: Index | { readonly files: readonly string[] },
  beside: Beside,
  read: ReadFile,
): Promise<Checkpoint> {
  const parts: Checkpoint[] = []
  try {
    for (const file of index.files) {
      const source = await beside(file)
      if (source === undefined) {
        throw new CheckpointError(
          `${name}: lacks its shard ${file}; a network in ${index.files.length} files needs all of them`,
        )
      }
      parts.push(await read(source))
    }
    return join(name, index, parts)
  } catch (error) {
    for (const part of parts) await part.close()
    throw error
  }
}

function join(
  name: string,
  index: Index | { readonly files: readonly string[] },
  parts: readonly Checkpoint[],
): Checkpoint {
  const [first] = parts
  if (first === undefined) throw new CheckpointError(`${name}: names no files`)
  const tensors = new Map<string, StoredTensor>()
  const metadata = new Map<string, string>()
  const extras = new Map<string, PlainValue>()
  for (const part of parts) {
    for (const [key, text] of part.metadata) metadata.set(key, text)
    for (const [key, value] of part.extras ?? []) extras.set(key, value)
    for (const [key, tensor] of part.tensors) {
      if (tensors.has(key)) throw new CheckpointError(`${name}: two shards hold the tensor ${quote(key)}`)
      tensors.set(key, tensor)
    }
  }
  if ('tensors' in index) {
    const lost = [...index.tensors].find(([key]) => !tensors.has(key))
    if (lost !== undefined)
      throw new CheckpointError(
        `${name}: ${lost[1]} lacks the tensor ${quote(lost[0])}, which the index says is there`,
      )
  }
  return {
    format: first.format,
    name,
    tensors,
    metadata,
    extras,
    notes: [`read from ${parts.length} shards`, ...new Set(parts.flatMap(({ notes }) => notes))],
    async close() {
      for (const part of parts) await part.close()
    },
  }
}
