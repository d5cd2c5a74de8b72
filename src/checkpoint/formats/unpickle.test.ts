import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  call,
  concat,
  dict,
  global,
  integer,
  latin1,
  pickleOf,
  text,
  tuple,
} from '../../../test/checkpoint-bytes.ts'
import { CheckpointError } from '../../errors.ts'
import { sourceOfBytes } from '../bytes.ts'
import type { PickleValue } from './pickle-values.ts'
import { torchHost } from './torch-globals.ts'
import { readPickle } from './unpickle.ts'

const load = (bytes: Uint8Array) => readPickle(sourceOfBytes('x.pkl', bytes), 0, torchHost())
const list = (...items: PickleValue[]): PickleValue => ({ kind: 'list', items })
const tupleOf = (...items: PickleValue[]): PickleValue => ({ kind: 'tuple', items })
const inert = (name: string, state: PickleValue = null): unknown =>
  expect.objectContaining({ kind: 'inert', name, state })

describe('opcodes', () => {
  it.each<[string, string, unknown]>([
    ['None, True, False', '(N\x88\x89t', tupleOf(null, true, false)],
    ['integers of 1, 2 and 4 bytes', '(K\xffM\xff\xffJ\xff\xff\xff\xfft', tupleOf(255, 65535, -1)],
    [
      'LONG1, empty, negative and of 8 bytes',
      '(\x8a\x00\x8a\x01\xff\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7ft',
      tupleOf(0, -1, 2n ** 63n - 1n),
    ],
    ['LONG4', '\x8b\x02\0\0\0\x00\x01', 256],
    ['an unsigned 64-bit seed in 9 bytes', '\x8a\x09\xff\xff\xff\xff\xff\xff\xff\xff\x00', 2n ** 64n - 1n],
    [
      'integers as text',
      '(I12\nI-3\nI00\nI01\nL5L\nL-18446744073709551616L\nt',
      tupleOf(12, -3, false, true, 5, -(2n ** 64n)),
    ],
    [
      'doubles',
      '(G\x3f\xf8\0\0\0\0\0\0F-2.5e3\nFinf\nF-inf\nt',
      tupleOf(1.5, -2500, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
    ],
    [
      'strings of Python 2',
      "(U\x01aT\x02\0\0\0\xc3\xa9U\x01\xe9S'q\\'\\x41\\n'\nt",
      tupleOf('a', 'é', 'é', "q'A\n"),
    ],
    [
      'strings of Python 3',
      '(X\x02\0\0\0\xc3\xa9\x8c\x01b\x8d\x01\0\0\0\0\0\0\0cVq\\u00e9\nt',
      tupleOf('é', 'b', 'c', 'qé'),
    ],
    [
      'bytes',
      '(C\x01\xffB\x01\0\0\0\x01\x8e\x01\0\0\0\0\0\0\0\x02\x96\x01\0\0\0\0\0\0\0\x03t',
      tupleOf(Uint8Array.of(255), Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of(3)),
    ],
    [
      'tuples of 0 to 3',
      '()N\x85NN\x86NNN\x87t',
      tupleOf(tupleOf(), tupleOf(null), tupleOf(null, null), tupleOf(null, null, null)),
    ],
    ['lists', '(](K\x01eK\x02a(K\x03lt', tupleOf(list(1, 2), list(3))],
    ['sets', '(\x8f(K\x01\x90(K\x02\x91t', tupleOf(list(1), list(2))],
    [
      'the memo by text, byte, word and order',
      'K\x07p500\n0K\x08q\x010(g500\nh\x01j\x01\0\0\0t',
      tupleOf(7, 8, 8),
    ],
    ['MEMOIZE and FRAME', '\x95\x05\0\0\0\0\0\0\0(K\x05\x940h\x00t', tupleOf(5)],
    ['POP of a mark, POP_MARK, DUP', '((0(K\x01K\x021K\x032t', tupleOf(3, 3)],
    [
      'bytes as protocol 2 writes them',
      call(global('_codecs', 'encode'), 'X\x02\0\0\0\xc3\xbf', text('latin1')),
      Uint8Array.of(255),
    ],
    ['torch.Size', call(global('torch', 'Size'), tuple(integer(2), integer(3))), tupleOf(2, 3)],
  ])('%s', async (_, opcodes, value) => {
    const { value: found, inert: names } = await load(pickleOf(opcodes))
    expect(found).toEqual(value)
    expect(names).toEqual([])
  })

  it('dictionaries of every spelling', async () => {
    const pairs = new Map<PickleValue, PickleValue>([
      ['a', 1],
      [2, null],
    ])
    const spellings = [
      `}(${text('a')}K\x01K\x02Nu`,
      `(${text('a')}K\x01K\x02Nd`,
      `}${text('a')}K\x01sK\x02Ns`,
      `${call(global('collections', 'OrderedDict'))}(${text('a')}K\x01K\x02Nu`,
      call(global('collections', 'OrderedDict'), `](](${text('a')}K\x01e](K\x02Nee`),
      `${call(global('collections', 'defaultdict'), global('builtins', 'int'))}(${text('a')}K\x01K\x02Nu`,
      call(global('collections', 'Counter'), `}(${text('a')}K\x01K\x02Nu`),
    ]
    for (const spelling of spellings) {
      expect((await load(pickleOf(spelling))).value).toEqual({ kind: 'dict', entries: pairs })
    }
  })

  it('reads protocol 0 without its header, and says where the pickle ends', async () => {
    const { value, end } = await load(latin1('(lp0\nI1\naI2\na.more'))
    expect(value).toEqual(list(1, 2))
    expect(end).toBe(14)
  })
})

describe('classes and functions', () => {
  it.each<[string, string, unknown, string[]]>([
    ['REDUCE', call(global('os', 'system'), text('touch x')), inert('os.system'), ['os.system']],
    ['STACK_GLOBAL', `${text('os')}${text('system')}\x93(${text('x')}tR`, inert('os.system'), ['os.system']],
    [
      'NEWOBJ and BUILD',
      `${global('my', 'Settings')})\x81${dict(text('lr'), 'K\x01')}b`,
      inert('my.Settings', { kind: 'dict', entries: new Map([['lr', 1]]) }),
      ['my.Settings'],
    ],
    ['NEWOBJ_EX', `${global('a', 'B')})}\x92`, inert('a.B'), ['a.B']],
    ['INST', '(K\x01iposix\nsystem\n', inert('posix.system'), ['posix.system']],
    ['OBJ', `(${global('a', 'B')}K\x01o`, inert('a.B'), ['a.B']],
    [
      'items and appends',
      `${global('a', 'B')})\x81K\x01K\x02s(K\x01K\x02uK\x03a(K\x04e`,
      inert('a.B'),
      ['a.B'],
    ],
    ['a call of what an inert call gave', call(call(global('a', 'B')), 'K\x01'), inert('a.B'), ['a.B']],
    [
      'old objects',
      call(global('copy_reg', '_reconstructor'), global('a', 'B'), global('__builtin__', 'object'), 'N'),
      inert('a.B'),
      ['a.B'],
    ],
    [
      'a name that does not print',
      global('a\x1b[2J', 'b'),
      { kind: 'global', name: '"a\\u001b[2J.b"' },
      ['"a\\u001b[2J.b"'],
    ],
    [
      'a name alone',
      global('builtins', 'eval'),
      { kind: 'global', name: 'builtins.eval' },
      ['builtins.eval'],
    ],
    [
      'a known function of wrong arguments',
      call(global('torch._utils', '_rebuild_tensor_v2'), 'N'),
      inert('torch._utils._rebuild_tensor_v2'),
      [],
    ],
  ])('stay inert: %s', async (_, opcodes, value, names) => {
    const found = await load(pickleOf(opcodes))
    expect(found.value).toEqual(value)
    expect(found.inert).toEqual(names)
  })
})

const repeated = (opcodes: string, times: number) => pickleOf(opcodes.repeat(times))

describe('hostile pickles', () => {
  it.each<[string, Uint8Array, RegExp]>([
    ['no STOP', latin1('\x80\x02K\x01'), /ends in the middle of its pickle; it is truncated/],
    ['an empty stack', pickleOf(''), /takes a value from an empty stack/],
    ['a value from below a mark', pickleOf('K\x01(a'), /takes a value from an empty stack/],
    ['protocol 6', latin1('\x80\x06N.'), /uses pickle protocol 6; 0 to 5 are read/],
    ['an unknown opcode', pickleOf('\xff'), /has the opcode 0xff at byte 2, which is not read/],
    ['the extension registry', pickleOf('\x82\x01'), /has the opcode 0x82/],
    ['a buffer out of band', pickleOf('\x97'), /has the opcode 0x97/],
    [
      'an integer of 2 GB',
      latin1('\x80\x02\x8b\xff\xff\xff\x7f'),
      /an integer of 2147483647 bytes; at most 10 are read/,
    ],
    [
      'an integer of negative length',
      latin1('\x80\x02\x8b\xff\xff\xff\xff'),
      /an integer of 4294967295 bytes/,
    ],
    [
      'a string of 4 GB',
      latin1('\x80\x02X\xff\xff\xff\xff'),
      /a string of 4294967295 bytes; at most 1048576 are read/,
    ],
    ['a string of 2^64', latin1(`\x80\x02\x8d${'\xff'.repeat(8)}`), /holds a string of 1844\d+ bytes/],
    ['a decimal of 1000 digits', pickleOf(`L${'9'.repeat(1000)}L\n`), /where an integer is expected/],
    ['a number in words', pickleOf('Ften\n'), /holds "ten" where a number is expected/],
    ['a string without quotes', pickleOf('Sabc\n'), /where a quoted string is expected/],
    ['marks without end', repeated('(', 101), /nests deeper than 100 levels/],
    ['POP_MARK without MARK', pickleOf('1'), /closes a group that it did not open/],
    ['a stack of 200001', repeated('N', 200_001), /stacks more than 200000 values/],
    ['a million steps', repeated('N0', 500_001), /runs for more than 1000000 steps/],
    ['a memo that is not there', pickleOf('h\x05'), /recalls value 5, which it never memorised/],
    ['a memo under -1', pickleOf('Np-1\n'), /memorises more than 200000 values, or under a bad number/],
    ['a memo of 200001', latin1(`N${'\x94'.repeat(200_001)}.`), /memorises more than 200000 values/],
    ['a call of a number', pickleOf('K\x01)R'), /calls a number; the file is damaged/],
    ['a call of a dictionary', pickleOf('})R'), /calls a dict; the file is damaged/],
    ['a call with a list', pickleOf(`${global('a', 'b')}]R`), /calls with arguments that are not a tuple/],
    ['an append to a tuple', pickleOf(')Na'), /appends to a tuple/],
    ['items of a list', pickleOf(']NNs'), /sets items of a list/],
    ['attributes of a name', pickleOf(`${global('a', 'b')}}b`), /sets attributes of the name a\.b/],
    [
      'a storage of an unknown class',
      pickleOf(`${tuple(text('storage'), global('a', 'B'), text('0'), text('cpu'), 'K\x01')}Q`),
      /refers to a storage in a way that PyTorch does not/,
    ],
    [
      'a storage of -1 items',
      pickleOf(
        `${tuple(text('storage'), global('torch', 'FloatStorage'), text('0'), text('cpu'), integer(-1))}Q`,
      ),
      /refers to a storage in a way/,
    ],
    ['a persistent id in text', pickleOf('P123\n'), /refers to a storage in a way/],
    ['a module named by a number', pickleOf('K\x01K\x02\x93'), /names a class by something else than text/],
  ])('are refused: %s', async (_, bytes, message) => {
    await expect(load(bytes)).rejects.toThrow(CheckpointError)
    await expect(load(bytes)).rejects.toThrow(message)
    await expect(load(bytes)).rejects.toThrow(/^x\.pkl.? /)
  })

  it('a memo bomb of lists that double costs nothing', async () => {
    const doubled = `]q\x00${'(h\x00h\x00lq\x000'.repeat(10_000)}h\x00`
    const before = process.memoryUsage().heapUsed
    await load(pickleOf(doubled))
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(100e6)
  })

  it('a memo bomb of copies is stopped', async () => {
    const many = `](${'N'.repeat(50_000)}eq\x01`
    const copies = `(h\x01tR0${global('builtins', 'set')}`.repeat(20_000)
    const bytes = pickleOf(`${many}0${global('builtins', 'set')}${copies}`)
    const start = performance.now()
    await expect(load(bytes)).rejects.toThrow(/copies the same values over and over/)
    expect(performance.now() - start).toBeLessThan(2000)
  })

  it('a tuple nested a hundred thousand deep is plain data', async () => {
    const { value } = await load(pickleOf(`)${'\x85'.repeat(100_000)}`))
    expect(value).toMatchObject({ kind: 'tuple' })
  })

  it('bytes behind 64 MB of pickle are never read', async () => {
    let most = 0
    const huge = {
      name: 'huge',
      size: 2 ** 40,
      read: async (_: number, length: number) => {
        most = Math.max(most, length)
        return new Uint8Array(length).fill(0x4e)
      },
      close: async () => {},
    }
    await expect(readPickle(huge, 0, torchHost())).rejects.toThrow(/stacks more than/)
    expect(most).toBeLessThanOrEqual(2 ** 18)
  })
})

it('executes nothing that a real pickle asks for', async () => {
  const bytes = readFileSync(join(import.meta.dirname, '../../../fixtures/checkpoints/calls-root.pth'))
  const start = bytes.indexOf('\x80\x02c', 0, 'latin1')
  const { value } = await load(concat(bytes.subarray(start)))
  expect(value).toEqual(inert('posix.system'))
})
