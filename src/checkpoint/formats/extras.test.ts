import { expect, test } from 'vitest'
import {
  call,
  dict,
  floats,
  global,
  integer,
  pickleOf,
  storage,
  tensor,
  text,
  torchZipOf,
  tuple,
} from '../../../test/checkpoint-bytes.ts'
import { sourceOfBytes } from '../bytes.ts'
import { readTorchZip } from './torch-zip.ts'

const weight = tensor(storage('0', 2), 0, [2], [1])
const read = async (pickle: string) =>
  readTorchZip(sourceOfBytes('x.pth', torchZipOf(pickleOf(pickle), { '0': floats(1, 2) })))

test('plain values around the tensors and between them are kept, numbers as keys written out', async () => {
  const state = dict(text('fc.weight'), weight, text('names'), tuple(text('a'), text('b')))
  const { extras, tensors } = await read(
    dict(
      text('state_dict'),
      state,
      text('epoch'),
      integer(7),
      text('idx_to_class'),
      dict(integer(0), text('cat'), integer(1), text('dog')),
    ),
  )
  expect([...tensors.keys()]).toEqual(['fc.weight'])
  expect(extras).toEqual(
    new Map<string, unknown>([
      ['epoch', 7],
      [
        'idx_to_class',
        new Map([
          ['0', 'cat'],
          ['1', 'dog'],
        ]),
      ],
      ['names', ['a', 'b']],
    ]),
  )
})

test('attributes of objects that stay inert are plain values; lists with other things in them are left out', async () => {
  const made = call(global('argparse', 'Namespace'))
  const { extras } = await read(
    dict(
      text('model'),
      dict(text('fc.weight'), weight),
      text('args'),
      `${made}${dict(text('classes'), tuple(text('a')))}b`,
      text('mixed'),
      tuple(text('a'), weight),
    ),
  )
  expect(extras).toEqual(new Map([['args', new Map([['classes', ['a']]])]]))
})
