/** What people name where they should name a file: folders and shards. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  dict,
  floats,
  folderOf,
  pickleOf,
  readAll,
  safetensorsOf,
  storage,
  tensor,
  text,
  torchZipOf,
} from '../../test/checkpoint-bytes.ts'
import { CheckpointError } from '../errors.ts'
import { openFile, openFolder } from './bytes.node.ts'
import { sourceOfBytes } from './bytes.ts'
import { readCheckpoint } from './read.ts'

const weights = (...names: readonly string[]) =>
  safetensorsOf(
    Object.fromEntries(
      names.map((name, i) => [name, { dtype: 'F32', shape: [1], data_offsets: [4 * i, 4 * i + 4] }]),
    ),
    floats(...names.map((_, i) => i)),
  )
const pickle = pickleOf(dict(text('fc.bias'), tensor(storage('0', 2), 0, [2], [1])))
const torch = torchZipOf(pickle, { 0: floats(1, 2) })

async function namesIn(files: Readonly<Record<string, Uint8Array | string>>) {
  const checkpoint = await readCheckpoint(folderOf(files))
  const names = [...checkpoint.tensors.keys()]
  expect(await readAll(checkpoint)).toBeGreaterThan(0)
  return { names, notes: checkpoint.notes }
}

describe('folders with one network', () => {
  it.each<[string, Readonly<Record<string, Uint8Array | string>>, readonly string[]]>([
    [
      'of Hugging Face',
      { 'config.json': '{}', 'model.safetensors': weights('a'), 'pytorch_model.bin': torch },
      ['a'],
    ],
    ['of older Hugging Face', { 'config.json': '{}', 'pytorch_model.bin': torch }, ['fc.bias']],
    ['with one file of any name', { 'readme.md': '', 'mine.pth': torch }, ['fc.bias']],
    [
      "with the optimiser's state beside",
      { 'mine.pth': torch, 'optimizer.pt': torch, 'rng_state_0.pth': torch },
      ['fc.bias'],
    ],
    ['unpacked from PyTorch', { 'data.pkl': pickle, 'data/0': floats(1, 2), version: '3\n' }, ['fc.bias']],
    [
      'unpacked from PyTorch into a folder',
      { 'archive/data.pkl': pickle, 'archive/data/0': floats(1, 2), 'archive/byteorder': 'little' },
      ['fc.bias'],
    ],
    [
      'in shards without their index',
      { 'w-00001-of-00002.safetensors': weights('a'), 'w-00002-of-00002.safetensors': weights('b', 'c') },
      ['a', 'b', 'c'],
    ],
    [
      'in shards with their index, whatever they are called',
      {
        'model.safetensors.index.json':
          '{"metadata":{},"weight_map":{"b":"two.safetensors","a":"one.safetensors"}}',
        'one.safetensors': weights('a'),
        'two.safetensors': weights('b'),
      },
      ['b', 'a'],
    ],
  ])('%s are read', async (_, files, names) => {
    expect((await namesIn(files)).names).toEqual(names)
  })

  it('say that they were read from shards or from an unpacked file', async () => {
    const shards = { 'w-00001-of-00002.bin': weights('a'), 'w-00002-of-00002.bin': weights('b') }
    expect((await namesIn(shards)).notes).toEqual(['read from 2 shards'])
    expect((await namesIn({ 'data.pkl': pickle, 'data/0': floats(1, 2) })).notes).toEqual([
      'read from an unpacked file',
    ])
  })
})

describe('other folders are named', () => {
  const index = (map: unknown) => JSON.stringify({ weight_map: map })
  it.each<[string, Readonly<Record<string, Uint8Array | string>>, RegExp]>([
    ['empty', {}, /is empty; expected a model\.json/],
    ['pictures', { 'a.jpg': '', 'b.jpg': '', 'c/d.jpg': '' }, /holds no checkpoint, but a\.jpg, b\.jpg, c\//],
    ['several', { 'a.pth': torch, 'b.pth': torch }, /holds 2 checkpoints, a\.pth, b\.pth; name one of them/],
    [
      'TensorFlow',
      { 'saved_model.pb': '', 'variables/variables.index': '' },
      /is a SavedModel of TensorFlow/,
    ],
    [
      'TF checkpoint',
      { 'x.ckpt-5.index': '', 'x.ckpt-5.data-00000-of-00001': '' },
      /is a checkpoint of TensorFlow/,
    ],
    ['distributed', { '.metadata': '', '__0_0.distcp': '' }, /dcp_to_torch/],
    ['DeepSpeed', { 'zero_to_fp32.py': '', latest: '' }, /is a checkpoint of DeepSpeed; .*zero_to_fp32/],
    ['Core ML', { 'Manifest.json': '{}', 'Data/x': '' }, /is a package of Core ML/],
    [
      'a shard that is missing',
      { 'w-00001-of-00003.safetensors': weights('a'), 'w-00003-of-00003.safetensors': weights('b') },
      /lacks its shard w-00002-of-00003\.safetensors; a network in 3 files needs all/,
    ],
    [
      'a shard that is missing of an index',
      { 'a.index.json': index({ a: 'one.safetensors' }) },
      /lacks its shard one\.safetensors/,
    ],
    [
      'a tensor that is not where the index says',
      { 'a.index.json': index({ b: 'one.safetensors' }), 'one.safetensors': weights('a') },
      /one\.safetensors lacks the tensor "b", which the index says/,
    ],
    [
      'a tensor twice',
      { 'w-00001-of-00002.safetensors': weights('a'), 'w-00002-of-00002.safetensors': weights('a') },
      /two shards hold the tensor "a"/,
    ],
    [
      'an index that leaves the folder',
      { 'a.index.json': index({ a: '../one' }) },
      /is not that of a file inside/,
    ],
    ['an index without files', { 'a.index.json': index({}) }, /names 0 tensors in 0 files/],
    ['an index of something else', { 'a.index.json': '[]' }, /must be a JSON object/],
    ['an unpacked file without its numbers', { 'data.pkl': pickle }, /data\/0: there is no such file/],
  ])('%s', async (_, files, message) => {
    const result = readCheckpoint(folderOf(files))
    await expect(result).rejects.toThrow(CheckpointError)
    await expect(result).rejects.toThrow(message)
  })
})

describe('files of the disk', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'resnet-folder-'))
    await writeFile(join(folder, 'w-00001-of-00002.safetensors'), weights('a'))
    await writeFile(join(folder, 'w-00002-of-00002.safetensors'), weights('b'))
    const map = { a: 'w-00001-of-00002.safetensors', b: 'w-00002-of-00002.safetensors' }
    await writeFile(join(folder, 'w.safetensors.index.json'), JSON.stringify({ weight_map: map }))
  })
  afterAll(() => rm(folder, { recursive: true }))

  it.each([
    'w-00001-of-00002.safetensors',
    'w-00002-of-00002.safetensors',
    'w.safetensors.index.json',
    '',
  ])('%j stands for all shards', async (name) => {
    const path = join(folder, name)
    const checkpoint = await readCheckpoint(name === '' ? await openFolder(path) : await openFile(path))
    expect([...checkpoint.tensors.keys()]).toEqual(['a', 'b'])
    expect(await readAll(checkpoint)).toBe(2)
  })

  it('one shard without the others is refused', async () => {
    const alone = sourceOfBytes('w-00001-of-00002.safetensors', weights('a'))
    await expect(readCheckpoint(alone)).rejects.toThrow(/is one of 2 shards of a network; name the folder/)
    await writeFile(join(folder, 'v-00001-of-00002.safetensors'), weights('a'))
    const file = await openFile(join(folder, 'v-00001-of-00002.safetensors'))
    await expect(readCheckpoint(file)).rejects.toThrow(/lacks its shard v-00002-of-00002\.safetensors/)
    await rm(join(folder, 'v-00001-of-00002.safetensors'))
  })
})
