import { deflateRawSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import {
  call,
  concat,
  dict,
  floats,
  global,
  integer,
  latin1,
  pickleOf,
  readAll,
  storage,
  tensor,
  text,
  torchZipOf,
  tuple,
  watched,
  type ZipPart,
  zipOf,
} from '../../../test/checkpoint-bytes.ts'
import { CheckpointError } from '../../errors.ts'
import { sourceOfBytes } from '../bytes.ts'
import { readTorchZip } from './torch-zip.ts'

const open = (bytes: Uint8Array) => readTorchZip(sourceOfBytes('x.pth', bytes))
const six = floats(0, 1, 2, 3, 4, 5)
const weight = (from: string) => dict(text('a.weight'), from)

const good = pickleOf(weight(tensor(storage('0', 6), 0, [2, 3], [3, 1])))

it('reads a tensor from its own range, gathered by its strides', async () => {
  const names = ['rows', 'columns', 'every.other', 'one', 'none', 'row']
  const view = [
    [0, [2, 3], [3, 1]],
    [0, [3, 2], [1, 3]],
    [1, [3], [2]],
    [5, [], []],
    [6, [0, 4], [4, 1]],
    [3, [1, 3], [99, 1]],
  ] as const
  const pickle = pickleOf(
    dict(
      ...view.map(
        ([offset, shape, stride], i) => text(names[i] ?? '') + tensor(storage('0', 6), offset, shape, stride),
      ),
    ),
  )
  const source = watched(sourceOfBytes('x.pth', torchZipOf(pickle, { 0: six })))
  const checkpoint = await readTorchZip(source)
  const found = [...checkpoint.tensors.values()].map(async (tensor) => [...(await tensor.read())])
  expect(await Promise.all(found)).toEqual([
    [0, 1, 2, 3, 4, 5],
    [0, 3, 1, 4, 2, 5],
    [1, 3, 5],
    [5],
    [],
    [3, 4, 5],
  ])
})

it('does not read storages before their tensors are asked for, and then no storage at once of which little is wanted', async () => {
  const large = new Uint8Array(8_000_000)
  const pickle = pickleOf(weight(tensor(storage('0', 2_000_000), 1_999_999, [1], [1])))
  const source = watched(sourceOfBytes('x.pth', torchZipOf(pickle, { 0: large })))
  const checkpoint = await readTorchZip(source)
  expect(source.total()).toBeLessThan(300_000)
  expect(await checkpoint.tensors.get('a.weight')?.read()).toEqual(Float32Array.of(0))
  expect(source.longest()).toBeLessThan(1_100_000)
})

describe('tensors that lie about their storage are refused', () => {
  it.each<[string, string, RegExp]>([
    [
      'an offset beyond it',
      tensor(storage('0', 6), 6, [1], [1]),
      /a\.weight of shape \[1\] does not fit its storage of 6 items/,
    ],
    ['a stride beyond it', tensor(storage('0', 6), 0, [2, 3], [4, 1]), /does not fit its storage/],
    ['a shape beyond it', tensor(storage('0', 6), 0, [7], [1]), /does not fit its storage/],
    ['overlapping strides', tensor(storage('0', 6), 0, [3, 3], [1, 1]), /repeats the 6 items of its storage/],
    [
      'a stride of zero that makes terabytes',
      tensor(storage('0', 6), 0, [2 ** 30, 2 ** 10], [0, 0]),
      /repeats the 6 items of its storage; save it as a contiguous tensor/,
    ],
    [
      'a product that overflows',
      tensor(storage('0', 6), 0, [2 ** 30, 2 ** 30], [1, 1]),
      /more items than any file holds/,
    ],
    [
      'a negative stride',
      tensor(storage('0', 6), 5, [6], [-1]),
      /a\.weight should be a tensor, but .* not read/,
    ],
    ['a negative offset', tensor(storage('0', 6), -1, [1], [1]), /a\.weight should be a tensor/],
    [
      'fewer strides than sizes',
      tensor(storage('0', 6), 0, [2, 3], [1]),
      /strides or an offset that are not whole numbers/,
    ],
    ['nine dimensions', tensor(storage('0', 6), 0, Array(9).fill(1), Array(9).fill(1)), /has 9 dimensions/],
    [
      'a storage of other length than its entry',
      tensor(storage('0', 7), 0, [1], [1]),
      /needs a storage of 7 items of 4 bytes, the file has 24 bytes/,
    ],
    [
      'a storage of other type than its entry',
      tensor(storage('0', 6, 'Double'), 0, [1], [1]),
      /needs a storage of 6 items of 8 bytes/,
    ],
    [
      'a storage that is not there',
      tensor(storage('9', 6), 0, [1], [1]),
      /its zip lacks the entry "a\/data\/9"/,
    ],
    [
      'a storage outside its folder',
      tensor(storage('../data.pkl', 6), 0, [1], [1]),
      /its zip lacks the entry/,
    ],
    [
      'a type that is not read',
      tensor(storage('0', 3, 'ComplexFloat'), 0, [1], [1]),
      /a\.weight has items of torch\.ComplexFloatStorage/,
    ],
    [
      'an inert storage',
      tensor(call(global('evil', 'storage')), 0, [1], [1]),
      /a\.weight should be a tensor/,
    ],
    [
      'an inert maker',
      call(global('evil', 'tensor'), storage('0', 6)),
      /a\.weight should be a tensor, but it is made by evil\.tensor/,
    ],
  ])('%s', async (_, opcodes, message) => {
    // A second, good tensor keeps the dictionary mostly one of tensors.
    const pickle = pickleOf(dict(text('a.weight'), opcodes, text('b'), tensor(storage('0', 6), 0, [6], [1])))
    const result = open(torchZipOf(pickle, { 0: six })).then(readAll)
    await expect(result).rejects.toThrow(CheckpointError)
    await expect(result).rejects.toThrow(message)
  })

  it('thousands of names on one storage, each as large as the file', async () => {
    const pairs = Array.from({ length: 5000 }, (_, i) => `${text(`t${i}`)}h\x01`)
    const pickle = pickleOf(`${tensor(storage('0', 60_000), 0, [60_000], [1])}q\x010${dict(...pairs)}`)
    await expect(open(torchZipOf(pickle, { 0: new Uint8Array(240_000) }))).rejects.toThrow(
      /over 16 times the file; they share storages/,
    )
  })
})

describe('state dictionaries', () => {
  const one = tensor(storage('0', 6), 0, [6], [1])
  const load = (opcodes: string) => open(torchZipOf(pickleOf(opcodes), { 0: six }))

  it('prefer the plain network over its average, and name what was left', async () => {
    const checkpoint = await load(
      dict(text('model_ema'), weight(one), text('weird'), weight(one), text('net'), weight(one)),
    )
    expect(checkpoint.notes).toEqual([
      'the tensors are those under net',
      'weird, model_ema also hold tensors, not opened',
    ])
  })

  it('are found under a name that nobody knows', async () => {
    const checkpoint = await load(dict(text('epoch'), 'K\x03', text('my_net'), weight(one)))
    expect(checkpoint.notes).toEqual(['the tensors are those under my_net'])
  })

  it('pass over what is no tensor and say so', async () => {
    const checkpoint = await load(
      dict(
        text('w'),
        one,
        text('v'),
        one,
        text('u'),
        one,
        text('step'),
        'K\x03',
        'K\x05',
        one,
        text('extra_state'),
        call(global('a', 'B')),
      ),
    )
    expect([...checkpoint.tensors.keys()]).toEqual(['w', 'v', 'u'])
    expect(checkpoint.notes).toEqual([
      'passed over, as they are not tensors: step (a number), a number (a tensor), extra_state (a.B)',
      'a.B was kept inert: none of its code ran',
    ])
  })

  it.each<[string, string, RegExp]>([
    ['a list', '](K\x01e', /holds no tensors by name, but a list/],
    ['nothing', '}', /but an empty dictionary/],
    [
      'numbers',
      dict(text('epoch'), 'K\x01', text('a b'), 'N'),
      /but a dictionary of epoch, "a b"; expected a state dictionary/,
    ],
    [
      'wrappers without end',
      `${`}${text('model')}`.repeat(50)}N${'s'.repeat(50)}`,
      /holds no tensors by name/,
    ],
    ['a dictionary that holds itself', `}q\x00${text('model')}h\x00s`, /holds no tensors by name/],
    ['a name that does not print', dict('X\x02\0\0\0a\x1b', one), /"a\\u001b" is no name for a tensor/],
  ])('are refused: %s', async (_, opcodes, message) => {
    await expect(load(opcodes)).rejects.toThrow(CheckpointError)
    await expect(load(opcodes)).rejects.toThrow(message)
  })

  it('hidden behind one large value under ninety thousand keys are refused quickly', async () => {
    const large = `}(${Array.from({ length: 90_000 }, (_, i) => `J${String.fromCharCode(i & 255, (i >> 8) & 255, i >> 16, 0)}N`).join('')}u`
    const names = Array.from({ length: 90_000 }, (_, i) => `${text(`k${i}`)}h\x01`).join('')
    const start = performance.now()
    await expect(load(`${large}q\x010}(${names}u`)).rejects.toThrow(/holds no tensors by name/)
    expect(performance.now() - start).toBeLessThan(10_000)
  })

  it('of modules that hold themselves are refused', async () => {
    const module = `${global('a', 'Net')})\x81q\x00${dict(text('_modules'), dict(text('m'), 'h\x00', text('n'), 'h\x00'))}b`
    await expect(load(module)).rejects.toThrow(/its modules nest or multiply/)
  })
})

describe('zips', () => {
  const pickle: ZipPart = { name: 'a/data.pkl', data: good }
  const data: ZipPart = { name: 'a/data/0', data: six }
  const zeros = deflateRawSync(new Uint8Array(5_000_000))
  const squeezed = deflateRawSync(good)

  it('may compress data.pkl', async () => {
    const part = { name: 'a/data.pkl', data: squeezed, size: good.length, method: 8 }
    expect(await open(zipOf([part, data])).then(readAll)).toBe(6)
  })

  it('may follow other bytes, as a self-extracting archive does, and still be read where the entries are', async () => {
    const result = open(concat(latin1('PK\x03\x04 stub'), zipOf([pickle, data]))).then(readAll)
    await result.then(
      (count) => expect(count).toBe(6),
      (error: unknown) => expect(error).toBeInstanceOf(CheckpointError),
    )
  })

  it.each<[string, Uint8Array, RegExp]>([
    [
      'a bomb in data.pkl',
      zipOf([{ name: 'a/data.pkl', data: zeros, size: 5_000_000, method: 8 }, data]),
      /claims to unpack to 5000000 bytes from \d+, a zip bomb/,
    ],
    [
      'a bomb that understates itself',
      zipOf([{ name: 'a/data.pkl', data: zeros, size: 100_000, method: 8 }, data]),
      /does not unpack to the 100000 bytes it claims|cannot be read/,
    ],
    [
      'a pickle that overstates itself',
      zipOf([{ name: 'a/data.pkl', data: squeezed, size: good.length + 5, method: 8 }, data]),
      /does not unpack to|cannot be read/,
    ],
    [
      'a bomb in a storage',
      zipOf([pickle, { name: 'a/data/0', data: zeros, size: 5_000_000, method: 8 }]),
      /zip bomb/,
    ],
    [
      'a storage compressed in a way that is not read',
      zipOf([pickle, { ...data, method: 9 }]),
      /is compressed by method 9, which is not read; unpack the archive/,
    ],
    ['a stored entry of two sizes', zipOf([pickle, { ...data, size: 28 }]), /has two sizes/],
    [
      'terabytes in the directory',
      zipOf([pickle, { ...data, size: 2 ** 31, compressedSize: 2 ** 31 }]),
      /claims more than it can hold|cannot be read/,
    ],
    [
      'a pickle of 65 MB',
      zipOf([{ ...pickle, size: 68_157_440, compressedSize: 68_157_440 }, data]),
      /claims more than it can hold|claims 68157440 bytes/,
    ],
    [
      'an entry beyond the end',
      zipOf([pickle, { ...data, size: 600, compressedSize: 600 }]),
      /claims more than it can hold/,
    ],
    ['an encrypted entry', zipOf([{ ...pickle, flags: 1 }, data]), /its zip is encrypted|cannot be read/],
    ['one name twice', zipOf([pickle, data, data]), /has the entry "a\/data\/0" twice|cannot be read/],
    [
      'two pickles',
      zipOf([pickle, { ...pickle, name: 'b/data.pkl' }, data]),
      /is a zip, not a PyTorch checkpoint \(which has one data\.pkl\)/,
    ],
    ['no pickle', zipOf([{ name: 'word/document.xml', data: six }]), /is a zip, not a PyTorch checkpoint/],
    [
      'a .keras file',
      zipOf([{ name: 'model.weights.h5', data: six }]),
      /is a Keras 3 file \(\.keras\), not a PyTorch/,
    ],
    ['an .npz file', zipOf([{ name: 'a.npy', data: six }]), /is a NumPy archive/],
    [
      'TorchScript',
      zipOf([pickle, data, { name: 'a/constants.pkl', data: six }]),
      /is a TorchScript archive, .*torch\.jit\.load\(path\)\.state_dict\(\)/,
    ],
    [
      'big-endian bytes',
      zipOf([pickle, data, { name: 'a/byteorder', data: latin1('big') }]),
      /was written on a big-endian machine/,
    ],
    ['nothing inside', zipOf([]), /is a zip, not a PyTorch checkpoint/],
  ])('are refused: %s', async (_, bytes, message) => {
    const before = process.memoryUsage().rss
    const source = watched(sourceOfBytes('x.pth', bytes))
    const result = readTorchZip(source).then(readAll)
    await expect(result).rejects.toThrow(CheckpointError)
    await expect(result).rejects.toThrow(message)
    expect(source.total()).toBeLessThanOrEqual(8 * bytes.byteLength)
    expect(process.memoryUsage().rss - before).toBeLessThan(200e6)
  })

  it('refuse every truncation of a good file', async () => {
    const bytes = torchZipOf(good, { 0: six })
    for (let length = 0; length < bytes.length; length++) {
      await expect(open(bytes.subarray(0, length)), `${length} bytes`).rejects.toThrow(CheckpointError)
    }
  })
})

it('keeps classes of torch.device and dtype without a word', async () => {
  const value = dict(
    text('w'),
    tensor(storage('0', 6), 0, [6], [1]),
    text('v'),
    tensor(storage('0', 6), 0, [6], [1]),
    text('device'),
    call(global('torch', 'device'), text('cuda'), integer(0)),
    text('dtype'),
    global('torch', 'float16'),
  )
  const checkpoint = await open(torchZipOf(pickleOf(value), { 0: six }))
  expect(checkpoint.notes).toEqual([
    'passed over, as they are not tensors: device (torch.device), dtype (the name torch.float16)',
  ])
})

it('reads storages of CUDA tensors, wrapped parameters and subclasses of Tensor', async () => {
  const cuda = `${tuple(text('storage'), global('torch.cuda', 'FloatStorage'), text('0'), text('cuda:0'), integer(6))}Q`
  const plain = tensor(cuda, 0, [6], [1])
  const rebuild = global('torch._utils', '_rebuild_tensor_v2')
  const args = tuple(cuda, integer(0), tuple(integer(6)), tuple(integer(1)), '\x89', '}')
  const value = dict(
    text('parameter'),
    call(global('torch._utils', '_rebuild_parameter'), plain, '\x88', '}'),
    text('state'),
    call(global('torch._utils', '_rebuild_parameter_with_state'), plain, '\x88', '}', '}'),
    text('subclass'),
    call(global('torch._tensor', '_rebuild_from_type_v2'), rebuild, global('my', 'Tensor'), args, '}'),
    text('old'),
    call(global('torch._utils', '_rebuild_tensor'), cuda, integer(0), tuple(integer(6)), tuple(integer(1))),
  )
  expect(await open(torchZipOf(pickleOf(value), { 0: six })).then(readAll)).toBe(24)
})
