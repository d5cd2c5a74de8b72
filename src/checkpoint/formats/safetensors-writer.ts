/**
 * Writes safetensors, the same bytes for the same input: tensors in order of item size, largest first (so that each
 * lies aligned), then as given; metadata sorted by key; the header padded with spaces to 8 bytes.
 */
import { CheckpointError } from '../../errors.ts'
import type { StoredType } from '../checkpoint.ts'
import { itemSizes } from './dtypes.ts'
import { limits } from './limits.ts'
import { checkTensorName } from './names.ts'
import { countItems } from './stored.ts'

export interface TensorToWrite {
  readonly name: string
  readonly type: StoredType
  readonly shape: readonly number[]
  /** Its items, little-endian, row by row (`narrow` makes them); called when their turn comes. */
  bytes(): Uint8Array | Promise<Uint8Array>
}

/** The bytes of a file in chunks: the header, then one chunk a tensor. Throws `CheckpointError` before the first. */
export async function* writeSafetensors(
  tensors: Iterable<TensorToWrite>,
  metadata: ReadonlyMap<string, string> = new Map(),
): AsyncGenerator<Uint8Array, void, undefined> {
  const ordered = [...tensors].sort((a, b) => itemSizes[b.type] - itemSizes[a.type])
  yield header(ordered, metadata)
  for (const tensor of ordered) {
    const bytes = await tensor.bytes()
    const expected = sizeInBytes(tensor)
    if (bytes.byteLength !== expected) {
      throw new CheckpointError(
        `${tensor.name} of shape [${tensor.shape.join(', ')}] needs ${expected} bytes, was given ${bytes.byteLength}`,
      )
    }
    yield bytes
  }
}

function sizeInBytes(tensor: TensorToWrite): number {
  return countItems(tensor.shape, tensor.name) * itemSizes[tensor.type]
}

function header(tensors: readonly TensorToWrite[], metadata: ReadonlyMap<string, string>): Uint8Array {
  const entries: string[] = []
  if (metadata.size > 0) {
    const sorted = [...metadata].sort(([a], [b]) => (a < b ? -1 : 1))
    const texts = sorted.map(([key, text]) => `${JSON.stringify(key)}:${JSON.stringify(text)}`)
    entries.push(`"__metadata__":{${texts.join(',')}}`)
  }
  const names = new Set<string>()
  let begin = 0
  for (const tensor of tensors) {
    const { name, type, shape } = tensor
    checkTensorName('this model', name)
    if (names.has(name) || name === '__metadata__') {
      throw new CheckpointError(
        `this model: the tensor ${name} cannot be written twice or under a reserved name`,
      )
    }
    names.add(name)
    const end = begin + sizeInBytes(tensor)
    entries.push(
      `${JSON.stringify(name)}:${JSON.stringify({ dtype: type, shape, data_offsets: [begin, end] })}`,
    )
    begin = end
  }
  const json = new TextEncoder().encode(`{${entries.join(',')}}`)
  const length = Math.ceil(json.byteLength / 8) * 8
  if (length > limits.jsonBytes || names.size > limits.tensors) {
    throw new CheckpointError(`this model: its header of ${length} bytes is longer than ${limits.jsonBytes}`)
  }
  const bytes = new Uint8Array(8 + length).fill(0x20)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true)
  bytes.set(json, 8)
  return bytes
}
