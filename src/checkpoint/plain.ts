/** Plain data from files: the dictionaries in it, and JSON that lies beside a checkpoint. */
import { CheckpointError } from '../errors.ts'
import type { ByteSource } from './bytes.ts'
import type { Checkpoint, PlainValue } from './checkpoint.ts'
import { parseJson, plainJson } from './formats/json.ts'
import { limits } from './formats/limits.ts'

export type PlainMap = ReadonlyMap<string, PlainValue>

export interface Dictionary {
  /** Keys that lead to it. */
  readonly path: readonly string[]
  readonly entries: PlainMap
}

/** How deep training scripts put what they say of a network: `hyper_parameters` / `data` / `classes`. */
const deepest = 4
const most = 1000

/** The dictionaries in plain data, the outermost first, each once. */
export function dictionariesIn(root: PlainMap): readonly Dictionary[] {
  const found: Dictionary[] = [{ path: [], entries: root }]
  const seen = new Set<PlainValue>([root])
  for (const { path, entries } of found) {
    if (path.length >= deepest) continue
    for (const [key, value] of entries) {
      if (!isMap(value) || seen.has(value) || found.length >= most) continue
      seen.add(value)
      found.push({ path: [...path, key], entries: value })
    }
  }
  return found
}

export function isMap(value: PlainValue | undefined): value is PlainMap {
  return value instanceof Map
}

/** The text of a file beside a checkpoint; undefined where there is none that can be read. */
export async function textBeside({ beside }: Checkpoint, name: string): Promise<string | undefined> {
  const bytes = await bytesBeside(beside, name)
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes)
}

/** What a JSON file beside a checkpoint says; undefined where there is none that can be read. */
export async function jsonBeside({ beside }: Checkpoint, name: string): Promise<PlainValue | undefined> {
  const bytes = await bytesBeside(beside, name)
  if (bytes === undefined) return undefined
  try {
    return plainJson(parseJson(bytes, name))
  } catch (error) {
    if (error instanceof CheckpointError) return undefined
    throw error
  }
}

async function bytesBeside(beside: Checkpoint['beside'], name: string): Promise<Uint8Array | undefined> {
  let source: ByteSource | undefined
  try {
    source = await beside?.(name)
    if (source === undefined || source.size > limits.jsonBytes) return undefined
    return await source.read(0, source.size)
  } catch (error) {
    if (error instanceof CheckpointError) return undefined
    throw error
  } finally {
    await source?.close()
  }
}
