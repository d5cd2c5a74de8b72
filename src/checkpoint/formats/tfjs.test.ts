import { describe, expect, it } from 'vitest'
import { concat, floats, folderOf, readAll, u16 } from '../../../test/checkpoint-bytes.ts'
import { CheckpointError } from '../../errors.ts'
import { readTfjs } from './tfjs.ts'

const weight = (name: string, shape: readonly number[], more: object = {}) => ({
  name,
  shape,
  dtype: 'float32',
  ...more,
})
const group = (weights: readonly object[], ...paths: readonly string[]) => ({ paths, weights })
const model = (...weightsManifest: readonly object[]) =>
  JSON.stringify({ format: 'layers-model', weightsManifest })

const values = async (files: Record<string, Uint8Array | string>) => {
  const checkpoint = await readTfjs(folderOf(files))
  return Promise.all(
    [...checkpoint.tensors.values()].map(async (tensor) => [tensor.name, ...(await tensor.read())]),
  )
}

it('joins shards at any byte, down to shards of one byte and empty ones', async () => {
  const bytes = floats(1, 2, 3)
  const paths = Array.from({ length: 13 }, (_, i) => `s${i}`)
  const shards = Object.fromEntries(
    paths.map((path, i) => [path, i < 12 ? bytes.subarray(i, i + 1) : new Uint8Array(0)]),
  )
  const json = model(group([weight('a/kernel', [1]), weight('b/kernel', [2])], ...paths))
  expect(await values({ 'model.json': json, ...shards })).toEqual([
    ['a/kernel', 1],
    ['b/kernel', 2, 3],
  ])
})

it('widens uint8, uint16 and half, and rounds quantised whole numbers', async () => {
  const affine = (dtype: string, scale: number, min: number) => ({ quantization: { dtype, scale, min } })
  const json = model(
    group(
      [
        weight('byte', [2], affine('uint8', 0.5, -1)),
        weight('word', [1], affine('uint16', 2, 0)),
        weight('half', [1], { quantization: { dtype: 'float16' } }),
        weight('whole', [2], { dtype: 'int32', ...affine('uint8', 0.4, 0) }),
        weight('plain', [1], { dtype: 'float16' }),
        weight('none', [1], { quantization: null }),
      ],
      's',
    ),
  )
  const shard = concat(
    Uint8Array.of(0, 255),
    u16(65535),
    u16(0x3e00),
    Uint8Array.of(1, 4),
    u16(0xc000),
    floats(7),
  )
  expect(await values({ 'model.json': json, s: shard })).toEqual([
    ['byte', -1, 126.5],
    ['word', 131070],
    ['half', 1.5],
    ['whole', 0, 2],
    ['plain', -2],
    ['none', 7],
  ])
})

it('reads weights without a topology, and a topology given as text', async () => {
  const bare = { weightsManifest: [group([weight('a', [1])], 's')], modelTopology: null }
  expect(
    (await readTfjs(folderOf({ 'model.json': JSON.stringify(bare), s: floats(1) }))).topology,
  ).toBeUndefined()
  const config = JSON.stringify({
    class_name: 'Sequential',
    config: [{ class_name: 'ReLU', config: { name: 'r' } }],
  })
  const textual = { ...bare, modelTopology: { model_config: config } }
  const checkpoint = await readTfjs(folderOf({ 'model.json': JSON.stringify(textual), s: floats(1) }))
  expect(checkpoint.topology?.layers).toEqual([
    { name: 'r', className: 'ReLU', config: { name: 'r' }, inputs: [] },
  ])
})

describe('is refused where', () => {
  const one = [weight('a', [2])]
  const s = floats(1, 2)
  it.each<[string, Record<string, Uint8Array | string>, RegExp]>([
    ['model.json is missing', {}, /folder\/model\.json: there is no such file/],
    ['model.json is not JSON', { 'model.json': '<html>' }, /folder: model\.json is not valid JSON/],
    [
      'model.json has 11 MB',
      { 'model.json': new Uint8Array(11 * 2 ** 20).fill(0x20) },
      /model\.json has 11534336 bytes; at most 10485760 are read/,
    ],
    [
      'model.json repeats a key',
      { 'model.json': '{"weightsManifest":[],"weightsManifest":[]}' },
      /has the key "weightsManifest" twice/,
    ],
    ['there is no manifest', { 'model.json': '{}' }, /weightsManifest must be a JSON array/],
    [
      'it is a graph model',
      { 'model.json': '{"format":"graph-model","modelTopology":{"node":[]},"weightsManifest":[]}' },
      /is a TensorFlow\.js graph model; layers models are read/,
    ],
    [
      'a shard is missing',
      { 'model.json': model(group(one, 's', 'gone')), s },
      /folder\/gone: there is no such file/,
    ],
    [
      'a shard is short',
      { 'model.json': model(group(one, 's')), s: s.subarray(1) },
      /folder: s holds 7 bytes, model\.json asks for 8; a shard is missing or too short/,
    ],
    [
      'shards are short',
      { 'model.json': model(group(one, 's', 's2')), s: s.subarray(2), s2: s.subarray(7) },
      /folder: s to s2 together hold 7 bytes/,
    ],
    [
      'a shard is too long',
      { 'model.json': model(group(one, 's')), s: floats(1, 2, 3) },
      /holds 12 bytes, model\.json asks for 8; a shard is too long/,
    ],
    ['no shard is listed', { 'model.json': model(group(one)), s }, /hold 0 bytes, model\.json asks for 8/],
    [
      'a path climbs out',
      { 'model.json': model(group(one, '../s')), s },
      /the path "\.\.\/s" is not that of a file inside this folder/,
    ],
    [
      'a path climbs out further in',
      { 'model.json': model(group(one, 'a/../../s')), s },
      /is not that of a file inside this folder/,
    ],
    [
      'a path is absolute',
      { 'model.json': model(group(one, '/etc/passwd')), s },
      /"\/etc\/passwd" is not that of a file inside/,
    ],
    [
      'a path has backslashes',
      { 'model.json': model(group(one, '..\\s')), s },
      /is not that of a file inside this folder/,
    ],
    [
      'a path has a drive',
      { 'model.json': model(group(one, 'C:s')), s },
      /is not that of a file inside this folder/,
    ],
    [
      'a path is an address',
      { 'model.json': model(group(one, 'https://x/s')), s },
      /is not that of a file inside this folder/,
    ],
    [
      'a path has a zero byte',
      { 'model.json': model(group(one, 's\0')), s },
      /"s\\u0000" is not that of a file/,
    ],
    ['a path is empty', { 'model.json': model(group(one, '')), s }, /"" is not that of a file/],
    [
      'a path is a number',
      { 'model.json': JSON.stringify({ weightsManifest: [{ paths: [1], weights: [] }] }) },
      /weightsManifest\[0\]\.paths must be a JSON string/,
    ],
    [
      'a weight claims terabytes',
      { 'model.json': model(group([weight('a', [2 ** 20, 2 ** 20])], 's')), s },
      /model\.json asks for 4398046511104; a shard is missing or too short/,
    ],
    [
      'a shape overflows',
      { 'model.json': model(group([weight('a', [2 ** 30, 2 ** 30])], 's')), s },
      /more items than any file holds/,
    ],
    [
      'weights overflow together',
      {
        'model.json': model(
          group(
            Array.from({ length: 9 }, (_, i) => weight(`a${i}`, [2 ** 48])),
            's',
          ),
        ),
        s,
      },
      /claims more bytes than any file holds/,
    ],
    [
      'a size is negative',
      { 'model.json': model(group([weight('a', [-2])], 's')), s },
      /a shape that is not a list of whole numbers/,
    ],
    [
      'a weight is listed twice',
      { 'model.json': model(group([weight('a', [1]), weight('a', [1])], 's')), s },
      /lists the weight a twice/,
    ],
    [
      'a weight of two groups',
      { 'model.json': model(group(one, 's'), group(one, 's')), s },
      /lists the weight a twice/,
    ],
    [
      'a type is unknown',
      { 'model.json': model(group([weight('a', [1], { dtype: 'complex64' })], 's')), s },
      /\(a\)\.dtype is "complex64"; read are float32, float16, int32/,
    ],
    [
      'a type is a string',
      { 'model.json': model(group([weight('a', [1], { dtype: 'string' })], 's')), s },
      /\.dtype is "string"/,
    ],
    [
      'a scale is missing',
      {
        'model.json': model(group([weight('a', [8], { quantization: { dtype: 'uint8', min: 0 } })], 's')),
        s,
      },
      /quantization must be float16, or uint8 or uint16 with numbers scale and min/,
    ],
    [
      'a scale is text',
      {
        'model.json': model(
          group([weight('a', [8], { quantization: { dtype: 'uint8', min: 0, scale: '1' } })], 's'),
        ),
        s,
      },
      /quantization must be float16/,
    ],
    [
      'a name does not print',
      { 'model.json': model(group([weight('a\n', [2])], 's')), s },
      /"a\\n" is no name for a tensor/,
    ],
    [
      '1001 shards are listed',
      { 'model.json': model(group(one, ...Array.from({ length: 1001 }, () => 's'))), s },
      /lists 1001 shards and 1 weights; at most 1000/,
    ],
  ])('%s', async (_, files, message) => {
    const result = readTfjs(folderOf(files)).then(readAll)
    await expect(result).rejects.toThrow(CheckpointError)
    await expect(result).rejects.toThrow(message)
  })
})
