/** The rows of a `weightsManifest`, and their values widened. */
import { CheckpointError } from '../../errors.ts'
import type { ByteSource } from '../bytes.ts'
import type { StoredTensor, StoredType } from '../checkpoint.ts'
import { itemSizes } from './dtypes.ts'
import { jsonArray, jsonObject, jsonString } from './json.ts'
import { checkTensorName, quote } from './names.ts'
import { countItems, rowMajor, viewTensor } from './stored.ts'

/** How `uint8` and `uint16` items count: `value = item * scale + min`, rounded where the weight was of whole numbers. */
interface Scaling {
  readonly scale: number
  readonly min: number
  readonly whole: boolean
}

export interface TfjsWeight {
  readonly name: string
  /** As it lies in the shards. */
  readonly type: StoredType
  readonly shape: readonly number[]
  readonly bytes: number
  readonly scaled: Scaling | undefined
}

const types: ReadonlyMap<string, StoredType> = new Map([
  ['float32', 'F32'],
  ['float16', 'F16'],
  ['int32', 'I32'],
  ['bool', 'BOOL'],
  ['uint8', 'U8'],
  ['uint16', 'U16'],
])

/** One row, checked. Throws `CheckpointError`. */
export function readWeight(value: unknown, where: string): TfjsWeight {
  const row = jsonObject(value, where)
  const name = checkTensorName(where, jsonString(row.get('name'), `${where}.name`))
  const at = `${where} (${name})`
  const items = jsonArray(row.get('shape'), `${at}.shape`)
  const count = countItems(items, at)
  const whole = row.get('dtype') !== 'float32'
  const type = readType(row.get('dtype'), `${at}.dtype`)
  const common = { name, shape: items.map(Number) }
  const quantization = row.get('quantization')
  if (quantization === undefined || quantization === null) {
    return { ...common, type, bytes: count * itemSizes[type], scaled: undefined }
  }
  const fields = jsonObject(quantization, `${at}.quantization`)
  const packed = readType(fields.get('dtype'), `${at}.quantization.dtype`)
  const bytes = count * itemSizes[packed]
  if (packed === 'F16') return { ...common, type: packed, bytes, scaled: undefined }
  const [scale, min] = [fields.get('scale'), fields.get('min')]
  const finite = typeof scale === 'number' && typeof min === 'number' && Number.isFinite(scale + min)
  if ((packed !== 'U8' && packed !== 'U16') || !finite) {
    throw new CheckpointError(
      `${at}.quantization must be float16, or uint8 or uint16 with numbers scale and min`,
    )
  }
  return { ...common, type: packed, bytes, scaled: { scale, min, whole } }
}

function readType(value: unknown, where: string): StoredType {
  const name = jsonString(value, where)
  const type = types.get(name)
  if (type === undefined) {
    throw new CheckpointError(`${where} is ${quote(name)}; read are ${[...types.keys()].join(', ')}`)
  }
  return type
}

/** A weight that begins at byte `offset` of its group. */
export function tensorOf(weight: TfjsWeight, source: ByteSource, offset: number): StoredTensor {
  const { name, type, shape, bytes, scaled } = weight
  const storage = { source, offset, type, items: bytes / itemSizes[type] }
  const tensor = viewTensor(name, storage, { offset: 0, shape, stride: rowMajor(shape) })
  if (scaled === undefined) return tensor
  return {
    ...tensor,
    async read() {
      const values = await tensor.read()
      return values.map((value) => {
        const exact = value * scaled.scale + scaled.min
        return scaled.whole ? Math.round(exact) : exact
      })
    },
  }
}
