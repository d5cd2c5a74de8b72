import { describe, expect, it } from 'vitest'
import {
  concat,
  dict,
  floats,
  integer,
  latin1,
  pickleOf,
  readAll,
  storage,
  tensor,
  text,
  u64,
  watched,
} from '../../../test/checkpoint-bytes.ts'
import { CheckpointError } from '../../errors.ts'
import { sourceOfBytes } from '../bytes.ts'
import { readTorchLegacy } from './torch-legacy.ts'

const magic = latin1('\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.')
const protocol = pickleOf('M\xe9\x03')
const machine = pickleOf(dict(text('little_endian'), '\x88'))
const object = (from = storage('5', 6)) => pickleOf(dict(text('a.weight'), tensor(from, 0, [2, 3], [3, 1])))
const keys = (...names: readonly string[]) => pickleOf(`](${names.map(text).join('')}e`)
const six = floats(0, 1, 2, 3, 4, 5)
const good = concat(magic, protocol, machine, object(), keys('5'), u64(6), six)

const open = (bytes: Uint8Array) => readTorchLegacy(sourceOfBytes('x.th', bytes))

it('reads the object and, when asked, its tensors', async () => {
  const checkpoint = await open(good)
  expect(await checkpoint.tensors.get('a.weight')?.read()).toEqual(Float32Array.of(0, 1, 2, 3, 4, 5))
  expect(checkpoint.notes).toEqual([])
})

it('passes over bytes behind the last storage and says so', async () => {
  expect((await open(concat(good, six))).notes).toEqual(['24 bytes after the last storage were passed over'])
})

it('reads a pickle longer than its first window of bytes', async () => {
  const filler = Array.from({ length: 4000 }, (_, i) => `${text(`t${i}`)}h\x01`)
  const shared = `${tensor(storage('5', 6), 0, [1], [1])}q\x010`
  const comment = `X${String.fromCharCode(0, 0, 8, 0)}${' '.repeat(2 ** 19)}0`
  const bytes = concat(
    magic,
    protocol,
    machine,
    pickleOf(comment + shared + dict(...filler)),
    keys('5'),
    u64(6),
    six,
  )
  expect(await open(bytes).then(readAll)).toBe(4000)
})

describe('is refused where', () => {
  it.each<[string, Uint8Array, RegExp]>([
    [
      'the magic number is another',
      concat(pickleOf('K\x01'), protocol),
      /lacks the magic number of PyTorch's old format/,
    ],
    [
      'the protocol is another',
      concat(magic, pickleOf('K\x01')),
      /another version of PyTorch's old format than 1001/,
    ],
    [
      'the machine was big-endian',
      concat(magic, protocol, pickleOf(dict(text('little_endian'), '\x89'))),
      /not written on a little-endian machine/,
    ],
    [
      'nothing is said of the machine',
      concat(magic, protocol, pickleOf('N')),
      /not written on a little-endian machine/,
    ],
    [
      'the list of storages is missing',
      concat(magic, protocol, machine, object(), pickleOf('N'), u64(6), six),
      /lacks its list of storages/,
    ],
    [
      'a storage is listed twice',
      concat(magic, protocol, machine, object(), keys('5', '5'), u64(6), six, u64(6), six),
      /lists a storage twice/,
    ],
    [
      'a storage is listed that nothing uses',
      concat(magic, protocol, machine, object(), keys('6'), u64(6), six),
      /or one that nothing refers to/,
    ],
    ['a storage is not listed', concat(magic, protocol, machine, object(), keys()), /lacks the storage "5"/],
    [
      'a storage claims terabytes',
      concat(magic, protocol, machine, object(), keys('5'), u64(2n ** 40n), six),
      /should hold 6 items and claims 1099511627776, with 24 bytes left/,
    ],
    [
      'both claim terabytes',
      concat(magic, protocol, machine, object(storage('5', 2 ** 30)), keys('5'), u64(2 ** 30), six),
      /claims 1073741824, with 24 bytes left; the file is truncated/,
    ],
    [
      'a storage has 2^64 items',
      concat(magic, protocol, machine, object(), keys('5'), u64(2n ** 64n - 1n), six),
      /the storage "5" should hold 6 items/,
    ],
    [
      'a storage is described in two ways',
      concat(
        magic,
        protocol,
        machine,
        pickleOf(
          dict(
            text('a'),
            tensor(storage('5', 6), 0, [1], [1]),
            text('b'),
            tensor(storage('5', 3, 'Double'), 0, [1], [1]),
          ),
        ),
        keys('5'),
        u64(6),
        six,
      ),
      /describes the storage "5" in two ways/,
    ],
    [
      'a view of a storage reaches beyond it',
      concat(magic, protocol, machine, object(view(4, 3)), keys('5'), u64(6), six),
      /refers to a storage in a way that PyTorch does not/,
    ],
  ])('%s', async (_, bytes, message) => {
    const source = watched(sourceOfBytes('x.th', bytes))
    const result = readTorchLegacy(source).then(readAll)
    await expect(result).rejects.toThrow(CheckpointError)
    await expect(result).rejects.toThrow(message)
    expect(source.total()).toBeLessThanOrEqual(8 * bytes.byteLength)
  })

  it('it is cut anywhere', async () => {
    for (let length = 0; length < good.length; length++) {
      await expect(open(good.subarray(0, length)), `${length} bytes`).rejects.toThrow(CheckpointError)
    }
  })
})

/** A storage of 6 items of which a view is taken, as PyTorch did before 0.4. */
function view(start: number, size: number): string {
  const whole = storage('5', 6)
  return `${whole.slice(0, -2)}(${text('7')}${integer(start)}${integer(size)}ttQ`
}
