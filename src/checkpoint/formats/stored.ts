/**
 * Tensors that lie in a file: shapes checked before anything is allocated, values read when they are asked for, gathered
 * by stride where they do not lie row by row.
 */
import { CheckpointError } from '../../errors.ts'
import type { ByteSource } from '../bytes.ts'
import type { StoredTensor, StoredType } from '../checkpoint.ts'
import { itemSizes, widen } from './dtypes.ts'
import { limits } from './limits.ts'

/** The number of items of a shape; throws `CheckpointError` where it is not one, or where the product overflows. */
export function countItems(shape: readonly unknown[], where: string): number {
  if (shape.length > limits.rank) {
    throw new CheckpointError(`${where} has ${shape.length} dimensions; at most ${limits.rank} are read`)
  }
  let count = 1
  let empty = false
  for (const size of shape) {
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
      throw new CheckpointError(`${where} has a shape that is not a list of whole numbers from 0`)
    }
    if (size === 0) empty = true
    else count *= size
    if (count > Number.MAX_SAFE_INTEGER) {
      throw new CheckpointError(
        `${where} has the shape [${shape.join(', ')}], more items than any file holds`,
      )
    }
  }
  return empty ? 0 : count
}

/** Items of one type that lie one after another in a file. */
export interface Storage {
  readonly source: ByteSource
  /** Where they begin, in bytes. */
  readonly offset: number
  readonly type: StoredType
  readonly items: number
}

/** A window on a storage: where its first item is and how far apart its neighbours are, counted in items. */
export interface View {
  readonly offset: number
  readonly shape: readonly number[]
  readonly stride: readonly number[]
}

/**
 * A tensor that is a view of a storage. Throws `CheckpointError` where the view reaches beyond the storage, or counts
 * more items than the storage has (overlapping strides).
 */
export function viewTensor(name: string, storage: Storage, view: View): StoredTensor {
  const where = `${storage.source.name}: ${name}`
  const { offset, shape, stride } = view
  const count = countItems(shape, where)
  const natural = [offset, ...stride].every((value) => Number.isSafeInteger(value) && value >= 0)
  if (!natural || stride.length !== shape.length) {
    throw new CheckpointError(`${where} has strides or an offset that are not whole numbers from 0`)
  }
  const reach = count === 0 ? 0 : shape.reduce((sum, size, axis) => sum + (size - 1) * (stride[axis] ?? 0), 1)
  if (offset + reach > storage.items) {
    throw new CheckpointError(
      `${where} of shape [${shape.join(', ')}] does not fit its storage of ${storage.items} items; the file is damaged`,
    )
  }
  if (count > storage.items) {
    throw new CheckpointError(
      `${where} of shape [${shape.join(', ')}] repeats the ${storage.items} items of its storage; save it as a contiguous tensor`,
    )
  }
  return {
    name,
    type: storage.type,
    shape,
    async read() {
      if (count === 0) return new Float32Array(0)
      const itemSize = itemSizes[storage.type]
      const bytes = await storage.source.read(storage.offset + offset * itemSize, reach * itemSize)
      const values = widen(storage.type, bytes)
      return isRowMajor(shape, stride) ? values : gather(values, shape, stride, count)
    },
  }
}

/** The strides of a tensor that lies row by row. */
export function rowMajor(shape: readonly number[]): number[] {
  const stride = new Array<number>(shape.length).fill(1)
  for (let axis = shape.length - 2; axis >= 0; axis--) {
    stride[axis] = (stride[axis + 1] ?? 1) * Math.max(shape[axis + 1] ?? 1, 1)
  }
  return stride
}

function isRowMajor(shape: readonly number[], stride: readonly number[]): boolean {
  const expected = rowMajor(shape)
  return shape.every((size, axis) => size === 1 || stride[axis] === expected[axis])
}

function gather(
  values: Float32Array,
  shape: readonly number[],
  stride: readonly number[],
  count: number,
): Float32Array {
  const result = new Float32Array(count)
  const index = new Array<number>(shape.length).fill(0)
  let from = 0
  for (let to = 0; to < count; to++) {
    result[to] = values[from] ?? 0
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const step = stride[axis] ?? 0
      const next = (index[axis] ?? 0) + 1
      from += step
      if (next < (shape[axis] ?? 1)) {
        index[axis] = next
        break
      }
      from -= next * step
      index[axis] = 0
    }
  }
  return result
}
