/**
 * The classes and functions of PyTorch and Python that a checkpoint needs, as a table from name to what they make here
 * (`torch/_utils.py`, `torch/_tensor.py`, `torch/serialization.py`).
 */
import type { StoredType } from '../checkpoint.ts'
import { pythonString } from './pickle-cursor.ts'
import { isKind, type PickleHost } from './pickle-machine.ts'
import type {
  PickleDict,
  PickleGlobal,
  PickleList,
  PickleStorage,
  PickleTensor,
  PickleValue,
} from './pickle-values.ts'

type Maker = (args: readonly PickleValue[]) => PickleValue | undefined

const makers: ReadonlyMap<string, Maker> = new Map<string, Maker>([
  ['torch._utils._rebuild_tensor', (args) => tensor(args)],
  ['torch._utils._rebuild_tensor_v2', (args) => tensor(args)],
  ['torch._utils._rebuild_tensor_v3', (args) => tensor(args, args[6])],
  ['torch._utils._rebuild_qtensor', (args) => quantised(args)],
  ['torch._utils._rebuild_parameter', ([data]) => asTensor(data)],
  ['torch._utils._rebuild_parameter_with_state', ([data]) => asTensor(data)],
  ['torch.nn.parameter.Parameter', ([data]) => asTensor(data)],
  ['torch.nn.parameter.Buffer', ([data]) => asTensor(data)],
  ['torch._tensor._rebuild_from_type_v2', (args) => rebuildFromType(args)],
  ['torch._tensor._rebuild_from_type', (args) => rebuildFromType(args)],
  ['torch.tensor._rebuild_from_type', (args) => rebuildFromType(args)],
  ['collections.OrderedDict', ([pairs]) => dictFrom(pairs)],
  ['builtins.dict', ([pairs]) => dictFrom(pairs)],
  ['collections.Counter', ([pairs]) => dictFrom(pairs)],
  ['collections.defaultdict', ([, pairs]) => dictFrom(pairs)],
  ['builtins.list', ([items]) => listFrom(items)],
  ['builtins.set', ([items]) => listFrom(items)],
  ['builtins.frozenset', ([items]) => listFrom(items)],
  ['builtins.tuple', ([items]) => ({ kind: 'tuple', items: listFrom(items).items })],
  ['torch.Size', ([items]) => ({ kind: 'tuple', items: listFrom(items).items })],
  ['builtins.bytearray', (args) => encode(args)],
  ['_codecs.encode', (args) => encode(args)],
  ['copyreg._reconstructor', ([cls]) => reconstruct(cls)],
])

/** Names that need no word to the user: types that carry no data, and PyTorch's layers, whose attributes are data. */
const plain: readonly RegExp[] = [
  /^builtins\.(object|type|int|float|bool|str|bytes|complex|slice|range|NoneType)$/,
  /^torch\.(device|dtype|bool|b?float\d+\w*|u?int\d+|complex\d+|strided|channels_last|contiguous_format|q?u?int\d+(x\d)?|per_(tensor|channel)_affine)$/,
  /^torch\.serialization\._get_layout$/,
  /^torch\.nn\.modules\.[\w.]+$/,
  /^numpy\.(ndarray|dtype|_?core\.(multiarray\.(_reconstruct|scalar)|numeric\._frombuffer))$/,
  /^(argparse\.Namespace|types\.SimpleNamespace|pathlib\.\w*Path)$/,
]

const storageName = /^torch\.(?:cuda\.|storage\.)?(\w+)Storage$/

/** The type of a storage class's items, where this package reads it, and their bytes. */
const storageTypes: ReadonlyMap<string, readonly [StoredType | undefined, number]> = new Map([
  ['Double', ['F64', 8]],
  ['Float', ['F32', 4]],
  ['Half', ['F16', 2]],
  ['BFloat16', ['BF16', 2]],
  ['Long', ['I64', 8]],
  ['Int', ['I32', 4]],
  ['Short', ['I16', 2]],
  ['Char', ['I8', 1]],
  ['Byte', ['U8', 1]],
  ['Bool', ['BOOL', 1]],
  ['Untyped', ['U8', 1]],
  ['ComplexFloat', [undefined, 8]],
  ['ComplexDouble', [undefined, 16]],
  ['QInt8', ['I8', 1]],
  ['QUInt8', ['U8', 1]],
  ['QInt32', ['I32', 4]],
  ['QUInt4x2', [undefined, 1]],
  ['QUInt2x4', [undefined, 1]],
])

const dtypes: ReadonlyMap<string, StoredType> = new Map([
  ['torch.float64', 'F64'],
  ['torch.float32', 'F32'],
  ['torch.float16', 'F16'],
  ['torch.bfloat16', 'BF16'],
  ['torch.int64', 'I64'],
  ['torch.int32', 'I32'],
  ['torch.int16', 'I16'],
  ['torch.int8', 'I8'],
  ['torch.uint64', 'U64'],
  ['torch.uint32', 'U32'],
  ['torch.uint16', 'U16'],
  ['torch.uint8', 'U8'],
  ['torch.bool', 'BOOL'],
])

/** PyTorch's names for the pickle machine. `onStorage` hears of every storage that the pickle refers to. */
export function torchHost(onStorage: (storage: PickleStorage) => void = () => {}): PickleHost {
  return {
    knows: (name) =>
      makers.has(name) || plain.some((known) => known.test(name)) || storageClass(name) !== undefined,
    call: (name, args) => makers.get(name)?.(args),
    persistent(id) {
      const value = persistent(id)
      if (isKind(value, 'storage')) onStorage(value)
      return value
    },
  }
}

function storageClass(name: string): readonly [StoredType | undefined, number] | undefined {
  return storageTypes.get(storageName.exec(name)?.[1] ?? '')
}

/** `('storage', class, key, location, items[, view])`, or a pickled module: `('module', class, file, source)`. */
function persistent(id: PickleValue): PickleStorage | PickleGlobal | undefined {
  if (!isKind(id, 'tuple')) return undefined
  const [tag, cls, key, , items, view] = id.items
  if (!isKind(cls, 'global')) return undefined
  if (textOf(tag) === 'module') return cls
  const known = storageClass(cls.name)
  const name = textOf(key)
  if (textOf(tag) !== 'storage' || known === undefined || name === undefined || !isNatural(items))
    return undefined
  const [type, itemSize] = known
  const root = { kind: 'storage', key: name, typeName: cls.name, type, itemSize, rootItems: items } as const
  if (view === undefined || view === null) return { ...root, start: 0, items }
  const [, start, size] = isKind(view, 'tuple') ? view.items : []
  if (!isNatural(start) || !isNatural(size) || start + size > items) return undefined
  return { ...root, start, items: size }
}

function tensor(args: readonly PickleValue[], dtype?: PickleValue): PickleTensor | undefined {
  const [storage, offset, size, stride] = args
  if (!isKind(storage, 'storage') || !isNatural(offset)) return undefined
  const shape = naturals(size)
  const strides = naturals(stride)
  if (shape === undefined || strides === undefined) return undefined
  const common = { kind: 'tensor', storage, offset, shape, stride: strides } as const
  if (isKind(dtype, 'global')) return { ...common, typeName: dtype.name, type: dtypes.get(dtype.name) }
  return { ...common, typeName: storage.typeName, type: storage.type }
}

/** One scale for the whole tensor; one for each channel stays inert. */
function quantised(args: readonly PickleValue[]): PickleTensor | undefined {
  const [kind, scale, zero] = isKind(args[4], 'tuple') ? args[4].items : []
  const plain = tensor(args)
  if (plain === undefined || !isKind(kind, 'global') || kind.name !== 'torch.per_tensor_affine')
    return undefined
  if (typeof scale !== 'number' || typeof zero !== 'number') return undefined
  return { ...plain, scaling: { scale, zero } }
}

function asTensor(value: PickleValue | undefined): PickleTensor | undefined {
  return isKind(value, 'tensor') ? value : undefined
}

/** `func(*args)` for a subclass of Tensor; the subclass is not needed. */
function rebuildFromType([func, , args]: readonly PickleValue[]): PickleValue | undefined {
  if (!isKind(func, 'global') || !isKind(args, 'tuple') || func.name.includes('_rebuild_from_type'))
    return undefined
  return makers.get(func.name)?.(args.items)
}

function dictFrom(pairs: PickleValue | undefined): PickleDict {
  const entries = new Map<PickleValue, PickleValue>()
  if (isKind(pairs, 'dict')) return { kind: 'dict', entries: new Map(pairs.entries) }
  for (const pair of listFrom(pairs).items) {
    const [key, value] = listFrom(pair).items
    if (key !== undefined && value !== undefined) entries.set(key, value)
  }
  return { kind: 'dict', entries }
}

function listFrom(items: PickleValue | undefined): PickleList {
  return { kind: 'list', items: isKind(items, 'list') || isKind(items, 'tuple') ? [...items.items] : [] }
}

/** Bytes as protocol 2 writes them: text to be encoded as Latin-1. */
function encode([text]: readonly PickleValue[]): PickleValue | undefined {
  if (text instanceof Uint8Array) return text
  if (typeof text !== 'string') return undefined
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}

function reconstruct(cls: PickleValue | undefined): PickleValue | undefined {
  return isKind(cls, 'global') ? { kind: 'inert', name: cls.name, args: [], state: null } : undefined
}

function textOf(value: PickleValue | undefined): string | undefined {
  if (value instanceof Uint8Array) return pythonString(value)
  return typeof value === 'string' ? value : undefined
}

function naturals(value: PickleValue | undefined): number[] | undefined {
  if (!isKind(value, 'tuple') && !isKind(value, 'list')) return undefined
  const numbers = [...value.items].filter(isNatural)
  return numbers.length === value.items.length ? numbers : undefined
}

function isNatural(value: PickleValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
