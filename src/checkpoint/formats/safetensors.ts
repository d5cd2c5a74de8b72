/**
 * safetensors (huggingface/safetensors: README, "Format"): u64 little-endian length of the header; the header, a JSON
 * object from names to `{dtype, shape, data_offsets: [begin, end]}` with optional text under `__metadata__`; then the
 * tensors, row by row, without holes. Offsets count from the end of the header.
 */
import { CheckpointError } from '../../errors.ts'
import type { ByteSource } from '../bytes.ts'
import type { Checkpoint, StoredTensor, StoredType } from '../checkpoint.ts'
import { isStoredType, itemSizes } from './dtypes.ts'
import { jsonArray, jsonObject, jsonString, parseJson, plainMetadata } from './json.ts'
import { limits } from './limits.ts'
import { checkTensorName, quote } from './names.ts'
import { countItems, rowMajor, viewTensor } from './stored.ts'

export { type TensorToWrite, writeSafetensors } from './safetensors-writer.ts'

interface Row {
  readonly name: string
  readonly type: StoredType
  readonly shape: readonly number[]
  readonly begin: number
  readonly end: number
}

/** Reads the header; tensors are read when asked for. Throws `CheckpointError`. */
export async function readSafetensors(source: ByteSource): Promise<Checkpoint> {
  const { header, dataStart } = await readHeader(source)
  const where = `${source.name}: its header`
  if (header.size > limits.tensors + 1) {
    throw new CheckpointError(`${where} names ${header.size} tensors; at most ${limits.tensors} are read`)
  }
  const metadata = new Map<string, string>()
  const rows: Row[] = []
  for (const [name, value] of header) {
    if (name === '__metadata__') {
      for (const [key, text] of jsonObject(value, `${where}'s __metadata__`)) {
        metadata.set(key, jsonString(text, `${where}'s __metadata__.${quote(key)}`))
      }
    } else {
      rows.push(readRow(source.name, name, value))
    }
  }
  checkOffsets(source, rows, dataStart)
  const tensors = new Map<string, StoredTensor>()
  for (const row of rows) {
    const storage = {
      source,
      offset: dataStart + row.begin,
      type: row.type,
      items: countItems(row.shape, where),
    }
    tensors.set(
      row.name,
      viewTensor(row.name, storage, { offset: 0, shape: row.shape, stride: rowMajor(row.shape) }),
    )
  }
  return {
    format: 'safetensors',
    name: source.name,
    tensors,
    metadata,
    extras: plainMetadata(metadata),
    notes: [],
    close: () => source.close(),
  }
}

async function readHeader(source: ByteSource) {
  const prefix = await source.read(0, 8)
  const length = new DataView(prefix.buffer, prefix.byteOffset, 8).getBigUint64(0, true)
  if (length > limits.jsonBytes || length < 2) {
    throw new CheckpointError(
      `${source.name}: its safetensors header claims ${length} bytes; 2 to ${limits.jsonBytes} are read`,
    )
  }
  const bytes = await source.read(8, Number(length))
  if (bytes[0] !== 0x7b) {
    throw new CheckpointError(`${source.name}: its safetensors header does not begin with "{"`)
  }
  const where = `${source.name}: its safetensors header`
  return { header: jsonObject(parseJson(bytes, where), where), dataStart: 8 + Number(length) }
}

function readRow(file: string, name: string, value: unknown): Row {
  checkTensorName(file, name)
  const where = `${file}: ${name}`
  const fields = jsonObject(value, where)
  const type = jsonString(fields.get('dtype'), `${where}: dtype`)
  if (!isStoredType(type)) {
    throw new CheckpointError(
      `${where} has the type ${quote(type)}; read are ${Object.keys(itemSizes).join(', ')}`,
    )
  }
  const shape = jsonArray(fields.get('shape'), `${where}: shape`)
  const [begin, end, ...rest] = jsonArray(fields.get('data_offsets'), `${where}: data_offsets`)
  if (!isOffset(begin) || !isOffset(end) || rest.length > 0 || begin > end) {
    throw new CheckpointError(`${where} must have two data_offsets, whole numbers in ascending order`)
  }
  const bytes = countItems(shape, where) * itemSizes[type]
  if (bytes !== end - begin) {
    throw new CheckpointError(
      `${where} of shape [${shape.join(', ')}] and type ${type} needs ${bytes} bytes, its data_offsets hold ${end - begin}`,
    )
  }
  return { name, type, shape: shape.map(Number), begin, end }
}

function isOffset(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function checkOffsets(source: ByteSource, rows: readonly Row[], dataStart: number): void {
  const ordered = rows.toSorted((a, b) => a.begin - b.begin || a.end - b.end)
  let end = 0
  for (const row of ordered) {
    if (row.begin !== end) {
      const fault = row.begin < end ? 'overlaps the tensor before it' : 'leaves a hole before it'
      throw new CheckpointError(
        `${source.name}: ${row.name} ${fault}; it begins at ${row.begin}, expected ${end}`,
      )
    }
    end = row.end
  }
  if (dataStart + end !== source.size) {
    throw new CheckpointError(
      `${source.name}: its tensors end at byte ${dataStart + end}, the file at ${source.size}; it is truncated or was changed`,
    )
  }
}
