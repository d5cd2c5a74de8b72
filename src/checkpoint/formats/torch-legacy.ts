/**
 * PyTorch's format before 1.6 (`torch/serialization.py`, `_legacy_save`): five pickles one after another (a magic number,
 * the protocol 1001, facts about the machine, the object, the list of storage keys), then for each key the number of
 * items (u64, little-endian) and the items.
 */
import { CheckpointError } from '../../errors.ts'
import type { ByteSource } from '../bytes.ts'
import type { Checkpoint } from '../checkpoint.ts'
import { limits } from './limits.ts'
import { quote } from './names.ts'
import { isKind } from './pickle-machine.ts'
import type { PickleStorage, PickleValue } from './pickle-values.ts'
import { torchHost } from './torch-globals.ts'
import { inertNotes } from './torch-notes.ts'
import { type ByteRange, bindTensors } from './torch-tensors.ts'
import { readPickle } from './unpickle.ts'
import { findStateDict } from './unwrap.ts'

const magic = 0x1950a86a20f9469cfc6cn

/** Reads the object and where its storages lie; tensors are read when asked for. Throws `CheckpointError`. */
export async function readTorchLegacy(source: ByteSource): Promise<Checkpoint> {
  const storages = new Map<string, PickleStorage>()
  const host = torchHost((storage) => remember(source.name, storages, storage))
  const first = await readPickle(source, 0, host)
  if (first.value !== magic)
    throw new CheckpointError(`${source.name}: lacks the magic number of PyTorch's old format`)
  const protocol = await readPickle(source, first.end, host)
  if (protocol.value !== 1001) {
    throw new CheckpointError(`${source.name}: is of another version of PyTorch's old format than 1001`)
  }
  const machine = await readPickle(source, protocol.end, host)
  checkMachine(source.name, machine.value)
  const object = await readPickle(source, machine.end, host)
  const keys = await readPickle(source, object.end, host)
  const { ranges, end } = await locateStorages(source, keys.value, keys.end, storages)
  const { tensors, extras, notes } = findStateDict(source.name, object.value)
  const bound = await bindTensors(source, tensors, async ({ key }) => {
    const range = ranges.get(key)
    if (range === undefined) throw new CheckpointError(`${source.name}: lacks the storage ${quote(key)}`)
    return range
  })
  const rest = source.size - end
  return {
    format: 'torch-legacy',
    name: source.name,
    tensors: bound,
    metadata: new Map(),
    extras,
    notes: [
      ...notes,
      ...inertNotes(object.inert),
      ...(rest > 0 ? [`${rest} bytes after the last storage were passed over`] : []),
    ],
    close: () => source.close(),
  }
}

function remember(file: string, storages: Map<string, PickleStorage>, storage: PickleStorage): void {
  const known = storages.get(storage.key)
  if (known !== undefined && (known.itemSize !== storage.itemSize || known.rootItems !== storage.rootItems)) {
    throw new CheckpointError(`${file}: describes the storage ${quote(storage.key)} in two ways`)
  }
  storages.set(storage.key, storage)
}

function checkMachine(file: string, facts: PickleValue): void {
  if (!isKind(facts, 'dict') || facts.entries.get('little_endian') !== true) {
    throw new CheckpointError(`${file}: was not written on a little-endian machine; load and save it on one`)
  }
}

async function locateStorages(
  source: ByteSource,
  keys: PickleValue,
  begin: number,
  storages: ReadonlyMap<string, PickleStorage>,
): Promise<{ ranges: Map<string, ByteRange>; end: number }> {
  if (!isKind(keys, 'list') || keys.items.length > limits.storages) {
    throw new CheckpointError(
      `${source.name}: lacks its list of storages, or has more than ${limits.storages}`,
    )
  }
  const ranges = new Map<string, ByteRange>()
  let at = begin
  for (const key of keys.items) {
    const storage = typeof key === 'string' ? storages.get(key) : undefined
    if (storage === undefined || ranges.has(storage.key)) {
      throw new CheckpointError(`${source.name}: lists a storage twice, or one that nothing refers to`)
    }
    const prefix = await source.read(at, 8)
    const items = Number(new DataView(prefix.buffer, prefix.byteOffset, 8).getBigUint64(0, true))
    const bytes = items * storage.itemSize
    if (items !== storage.rootItems || at + 8 + bytes > source.size) {
      throw new CheckpointError(
        `${source.name}: the storage ${quote(storage.key)} should hold ${storage.rootItems} items and claims ${items}, with ${source.size - at - 8} bytes left; the file is truncated or damaged`,
      )
    }
    ranges.set(storage.key, { source, offset: at + 8, bytes })
    at += 8 + bytes
  }
  return { ranges, end: at }
}
