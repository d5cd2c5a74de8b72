/** Where networks lie in the files that people's scripts write, and what is read of what lies around them. */
import { describe, expect, it } from 'vitest'
import {
  call,
  dict,
  floats,
  global,
  integer,
  pickleOf,
  readAll,
  storage,
  tensor,
  text,
  torchZipOf,
  tuple,
} from '../../../test/checkpoint-bytes.ts'
import { sourceOfBytes } from '../bytes.ts'
import { readTorchZip } from './torch-zip.ts'

const data = floats(...Array.from({ length: 400 }, (_, i) => i))
const of = (...shape: readonly number[]) => {
  const stride = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1))
  return tensor(storage('0', 400), 0, shape, stride)
}
const entries = (found: Readonly<Record<string, string>>) =>
  dict(...Object.entries(found).flatMap(([name, value]) => [text(name), value]))
const list = (...items: readonly string[]) => `](${items.join('')}e`
const open = (opcodes: string) =>
  readTorchZip(sourceOfBytes('x.pth', torchZipOf(pickleOf(opcodes), { 0: data })))

const parameters = { 'conv1.weight': of(4, 3, 3, 3), 'bn1.weight': of(4), 'bn1.bias': of(4) }
const buffers = { 'bn1.running_mean': of(4), 'bn1.running_var': of(4) }
const trunk = {
  ...parameters,
  ...buffers,
  'layer1.0.conv1.weight': of(4, 4, 3, 3),
  'layer2.0.conv1.weight': of(4, 4, 3, 3),
}
const head = { weight: of(2, 4), bias: of(2) }
const whole = { ...trunk, 'fc.weight': of(2, 4), 'fc.bias': of(2) }
const wholeNames = Object.keys(whole)

describe('the network is found', () => {
  it.each<[string, string, readonly string[], readonly string[]]>([
    [
      'in a tuple with the epoch',
      tuple('K\x03', entries(whole)),
      wholeNames,
      ['the tensors are those under 1'],
    ],
    ['in a list', list(entries(whole)), wholeNames, ['the tensors are those under 0']],
    [
      'as a list of pairs',
      list(...Object.entries(whole).map(([name, value]) => tuple(text(name), value))),
      wholeNames,
      [],
    ],
    [
      'three keys deep under any names',
      entries({ run: entries({ best: entries({ mine: entries(whole) }) }), epoch: 'K\x03' }),
      wholeNames,
      ['the tensors are those under run / best / mine'],
    ],
    [
      'as a dictionary for each module',
      entries({
        conv1: entries({ weight: of(4, 3, 3, 3) }),
        bn1: entries({ weight: of(4), running_mean: of(4) }),
        layer1: entries({ 0: entries({ conv1: entries({ weight: of(4, 4, 3, 3) }) }) }),
      }),
      ['conv1.weight', 'bn1.weight', 'bn1.running_mean', 'layer1.0.conv1.weight'],
      [],
    ],
    [
      'as an attribute of an object',
      `${global('my', 'Trainer')})\x81${entries({ net: entries(whole), epoch: 'K\x03' })}b`,
      wholeNames,
      ['the tensors are those under net', 'my.Trainer was kept inert: none of its code ran'],
    ],
    [
      'in a kind of dictionary that nobody knows',
      `${global('my', 'Dict')})\x81(${Object.entries(whole)
        .map(([name, value]) => text(name) + value)
        .join('')}u`,
      wholeNames,
      ['my.Dict was kept inert: none of its code ran'],
    ],
  ])('%s', async (_, opcodes, names, notes) => {
    const checkpoint = await open(opcodes)
    expect([...checkpoint.tensors.keys()]).toEqual(names)
    expect(checkpoint.notes).toEqual(notes)
  })
})

describe('dictionaries that belong together', () => {
  it('parameters and buffers become one network', async () => {
    const { tensors, notes } = await open(entries({ buffers: entries(buffers), params: entries(parameters) }))
    expect([...tensors.keys()]).toEqual([...Object.keys(parameters), ...Object.keys(buffers)])
    expect(notes).toEqual([
      'the tensors are those under params',
      'buffers beside them was read as parts of one network',
    ])
  })

  it.each([
    ['encoder', 'classifier'],
    ['backbone', 'head'],
    ['backbone', 'fc'],
    ['features', 'my_linear'],
  ])('%s and %s become one network', async (one, other) => {
    const { tensors } = await open(entries({ [other]: entries(head), [one]: entries(trunk) }))
    expect([...tensors.keys()]).toEqual([...Object.keys(trunk), `${other}.weight`, `${other}.bias`])
  })

  it('a head that lies bare beside its trunk is taken along', async () => {
    const { tensors } = await open(
      entries({ backbone: entries(trunk), 'fc.weight': of(2, 4), 'fc.bias': of(2) }),
    )
    expect([...tensors.keys()]).toEqual(wholeNames)
  })

  it.each<[string, Record<string, string>, string, string]>([
    ['student and teacher', { teacher: entries(whole), student: entries(whole) }, 'student', 'teacher'],
    ['a network and its average', { ema: entries(whole), model: entries(whole) }, 'model', 'ema'],
    [
      'a network and an average of its parameters alone',
      { model_ema: entries(parameters), anything: entries(whole) },
      'anything',
      'model_ema',
    ],
    ['two networks of one ensemble', { a: entries(whole), b: entries(whole) }, 'a', 'b'],
    ['a network and its optimiser', { opt: entries({ exp_avg: of(4) }), net: entries(whole) }, 'net', 'opt'],
    [
      'a network and its loss',
      { center_loss: entries({ centers: of(2, 4) }), net: entries(trunk) },
      'net',
      'center_loss',
    ],
    ['a network and a second head', { arcface: entries(head), model: entries(whole) }, 'model', 'arcface'],
  ])('%s are not joined', async (_, found, taken, left) => {
    const { tensors, notes } = await open(entries(found))
    const expected = tensors.has('fc.weight') ? wholeNames : Object.keys(trunk)
    expect([...tensors.keys()]).toEqual(expected)
    expect(notes).toEqual([`the tensors are those under ${taken}`, `${left} also holds tensors, not opened`])
  })

  it('never open the state of an optimiser, wherever it lies', async () => {
    const optimiser = entries({ state: `}(K\x00${entries({ exp_avg: of(4) })}u`, param_groups: list() })
    await expect(open(entries({ model: optimiser }))).rejects.toThrow(/holds no tensors by name/)
  })

  it('tensors without names are said to be so', async () => {
    await expect(open(list(of(4), of(4)))).rejects.toThrow(/a list with 2 tensors without names/)
  })
})

describe('what lies around the network', () => {
  const array = (type: string, count: number, bytes: string) => {
    const dtype = `${call(global('numpy', 'dtype'), text(type), '\x89', '\x88')}${tuple('K\x03', text('<'))}b`
    const made = call(global('numpy.core.multiarray', '_reconstruct'), global('numpy', 'ndarray'))
    const held = `B${String.fromCharCode(bytes.length, 0, 0, 0)}${bytes}`
    return `${made}${tuple('K\x01', tuple(integer(count)), dtype, '\x89', held)}b`
  }

  it('is read as plain data, the nearest first', async () => {
    const { extras, notes } = await open(
      entries({
        epoch: 'K\x03',
        classes: list(text('far')),
        meta: entries({ CLASSES: tuple(text('cat'), text('dog')) }),
        class_to_idx: entries({ cat: 'K\x00', dog: 'K\x01' }),
        idx_to_class: `}(K\x00${text('cat')}u`,
        args: `${global('argparse', 'Namespace')})\x81${entries({ lr: 'K\x02', weights: of(4) })}b`,
        names: array('U3', 2, 'c\0\0\0a\0\0\0t\0\0\0o\0\0\0x\0\0\0\0\0\0\0'),
        mean: array('f4', 2, '\0\0\x80\x3f\0\0\0\x40'),
        __proto: list(of(4)),
        net: entries({ sd: entries(whole), classes: list(text('near')) }),
      }),
    )
    expect(extras?.get('epoch')).toBe(3)
    expect(extras?.get('classes')).toEqual(['near'])
    expect(extras?.get('meta')).toEqual(new Map([['CLASSES', ['cat', 'dog']]]))
    expect(extras?.get('class_to_idx')).toEqual(new Map(Object.entries({ cat: 0, dog: 1 })))
    expect(extras?.get('idx_to_class')).toEqual(new Map([['0', 'cat']]))
    expect(extras?.get('args')).toEqual(new Map([['lr', 2]]))
    expect(extras?.get('names')).toEqual(['cat', 'ox'])
    expect(extras?.get('mean')).toEqual([1, 2])
    expect(extras?.has('__proto')).toBe(false)
    expect(notes[0]).toBe('the tensors are those under net / sd')
  })

  it('may be arrays of text among the weights', async () => {
    const { tensors, extras } = await open(entries({ ...whole, classes: array('U1', 2, 'a\0\0\0b\0\0\0') }))
    expect([...tensors.keys()]).toEqual(wholeNames)
    expect(extras?.get('classes')).toEqual(['a', 'b'])
  })

  it('a file of NumPy arrays alone is read and says so', async () => {
    const checkpoint = await open(entries({ 'fc.weight': array('f4', 2, '\0\0\x80\x3f\0\0\0\x40') }))
    expect(checkpoint.notes).toEqual(['its tensors are arrays of NumPy'])
    expect(await checkpoint.tensors.get('fc.weight')?.read()).toEqual(Float32Array.of(1, 2))
    expect(await readAll(checkpoint)).toBe(2)
  })
})
