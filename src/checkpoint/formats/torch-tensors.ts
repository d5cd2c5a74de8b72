/** The tensors of a PyTorch file, tied to where their storages lie in it. */
import { CheckpointError } from '../../errors.ts'
import { type ByteSource, sourceOfBytes } from '../bytes.ts'
import type { StoredTensor } from '../checkpoint.ts'
import { itemSizes } from './dtypes.ts'
import { limits } from './limits.ts'
import type { NumpyArray } from './numpy.ts'
import type { PickleStorage, PickleTensor } from './pickle-values.ts'
import { countItems, rowMajor, viewTensor } from './stored.ts'

/** Where the bytes of a storage lie. */
export interface ByteRange {
  readonly source: ByteSource
  readonly offset: number
  readonly bytes: number
}

/**
 * Checks each tensor against its storage and each storage against the file; `locate` finds a storage by its key. Throws
 * `CheckpointError`.
 */
export async function bindTensors(
  source: Pick<ByteSource, 'name' | 'size'>,
  tensors: ReadonlyMap<string, PickleTensor | NumpyArray>,
  locate: (storage: PickleStorage) => Promise<ByteRange>,
): Promise<Map<string, StoredTensor>> {
  const bound = new Map<string, StoredTensor>()
  const ranges = new Map<string, ByteRange>()
  let total = 0
  let held = source.size
  for (const [name, tensor] of tensors) {
    if (tensor.kind === 'array') {
      bound.set(name, arrayTensor(source.name, name, tensor))
      continue
    }
    const { storage, type } = tensor
    if (type === undefined || storage.type === undefined) {
      throw new CheckpointError(
        `${source.name}: ${name} has items of ${tensor.typeName}, which are not read; convert it to float32 and save again`,
      )
    }
    const known = ranges.get(storage.key)
    const range = known ?? (await locate(storage))
    ranges.set(storage.key, range)
    if (known === undefined) held += range.bytes
    if (storage.rootItems * storage.itemSize !== range.bytes) {
      throw new CheckpointError(
        `${source.name}: ${name} needs a storage of ${storage.rootItems} items of ${storage.itemSize} bytes, the file has ${range.bytes} bytes there`,
      )
    }
    const items = Math.floor((storage.items * storage.itemSize) / itemSizes[type])
    const offset = range.offset + storage.start * storage.itemSize
    const view = viewTensor(name, { source: range.source, offset, type, items }, tensor)
    bound.set(name, tensor.scaling === undefined ? view : dequantised(view, tensor.scaling))
    total += countItems(tensor.shape, name) * itemSizes[type]
  }
  if (total > limits.sharing * held) {
    throw new CheckpointError(
      `${source.name}: its tensors claim ${total} bytes in all, over ${limits.sharing} times the file; they share storages beyond reason`,
    )
  }
  return bound
}

function dequantised(
  tensor: StoredTensor,
  { scale, zero }: NonNullable<PickleTensor['scaling']>,
): StoredTensor {
  return { ...tensor, read: async () => (await tensor.read()).map((item) => (item - zero) * scale) }
}

/** An array whose bytes came with the pickle. */
function arrayTensor(file: string, name: string, array: NumpyArray): StoredTensor {
  const { type, typeName, shape, columnsFirst, data } = array
  const items = countItems(shape, `${file}: ${name}`)
  if (type === undefined || !(data instanceof Uint8Array) || data.byteLength !== items * itemSizes[type]) {
    throw new CheckpointError(
      `${file}: ${name} is a NumPy array of ${typeName} and shape [${shape.join(', ')}] that does not hold its numbers`,
    )
  }
  const stride = columnsFirst ? rowMajor(shape.toReversed()).toReversed() : rowMajor(shape)
  return viewTensor(
    name,
    { source: sourceOfBytes(file, data), offset: 0, type, items },
    { offset: 0, shape, stride },
  )
}
