import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkpointOf } from '../../test/checkpoint.ts'
import { config } from '../architecture/variants.ts'
import { CheckpointError, ResourceError } from '../errors.ts'
import { openFile } from './bytes.node.ts'
import { sourceOfBytes } from './bytes.ts'
import { readSafetensors } from './formats/safetensors.ts'
import { identifyCheckpoint, type Model, modelFromCheckpoint } from './model.ts'
import { beyondHalf, readModel, type WriteOptions, writeModel } from './model-file.ts'
import { statesOf } from './recognise/states.ts'
import { saveFile } from './save.node.ts'
import { saveModel } from './save.ts'

async function bytesOf(model: Model, options?: WriteOptions): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of writeModel(model, options)) chunks.push(chunk)
  return new Uint8Array(Buffer.concat(chunks))
}

const read = async (bytes: Uint8Array) =>
  readModel(await readSafetensors(sourceOfBytes('m.safetensors', bytes)))

let model: Model
let folder: string
beforeAll(async () => {
  const value = (name: string, i: number) => Math.fround((name.length + i) / 97)
  const plain = await modelFromCheckpoint(checkpointOf(statesOf(config('cifar_resnet8')), { value }))
  model = { ...plain, labels: Array.from({ length: 10 }, (_, i) => `Klasse ${i} – ß`), notes: [] }
  folder = await mkdtemp(join(tmpdir(), 'resnet-ts-model-'))
})
afterAll(() => rm(folder, { recursive: true }))

describe('the model file', () => {
  test('gives back the model, and the same bytes when it is written again', async () => {
    const bytes = await bytesOf(model)
    const again = await read(bytes)
    expect(again).toEqual(model)
    if (again !== undefined) expect(Buffer.compare(await bytesOf(again), bytes)).toBe(0)
  })

  test('keeps every bit of every value', async () => {
    const patterns = Uint32Array.of(0x7f7fffff, 0x80000000, 1, 0xff7fffff, 0x3f800001)
    const odd = new Float32Array(10)
    odd.set(new Float32Array(patterns.buffer))
    const bytes = await bytesOf({ ...model, tensors: new Map([...model.tensors, ['fc.bias', odd]]) })
    const again = await read(bytes)
    expect(new Uint32Array(again?.tensors.get('fc.bias')?.slice().buffer ?? [])).toEqual(
      new Uint32Array(odd.slice().buffer),
    )
  })

  test('is safetensors for PyTorch: format pt, torchvision names', async () => {
    const checkpoint = await readSafetensors(sourceOfBytes('m', await bytesOf(model)))
    expect(checkpoint.metadata.get('format')).toBe('pt')
    expect(checkpoint.tensors.has('layer2.0.bn1.running_var')).toBe(true)
    expect([...checkpoint.metadata.keys()]).toEqual([
      ...['config', 'format', 'labels', 'name', 'preprocessing', 'provenance', 'resnet-ts'],
    ])
  })

  test('is read by modelFromCheckpoint without guessing', async () => {
    const checkpoint = await readSafetensors(sourceOfBytes('m', await bytesOf(model)))
    expect(await modelFromCheckpoint(checkpoint)).toEqual({
      ...model,
      notes: [expect.stringMatching(/^pictures: RGB .* \(the model file\)$/)],
    })
  })

  test('is identified by what it says', async () => {
    const checkpoint = await readSafetensors(sourceOfBytes('m', await bytesOf(model)))
    expect(identifyCheckpoint(checkpoint)).toMatchObject({
      name: 'cifar_resnet8',
      config: model.config,
      ambiguous: [],
      missing: [],
      unexpected: [],
    })
  })

  test('any other safetensors file is none', async () => {
    expect(await readModel(checkpointOf(statesOf(config('resnet20'))))).toBeUndefined()
  })

  test('is not written from tensors that are not those of the config', async () => {
    const tensors = new Map([...model.tensors].slice(1))
    expect(() => writeModel({ ...model, tensors })).toThrow(
      'conv1.weight must have 432 values of shape [16, 3, 3, 3]',
    )
  })
})

describe('a model file in half precision', () => {
  const half: WriteOptions = { precision: 'float16' }

  test('holds each value rounded, in half the bytes, and reads as float32', async () => {
    const [whole, halved] = [await bytesOf(model), await bytesOf(model, half)]
    const parameters = [...model.tensors.values()].reduce((sum, values) => sum + values.length, 0)
    expect(whole.length - halved.length).toBeGreaterThan(2 * parameters - 64)
    const again = await read(halved)
    for (const [name, values] of model.tensors) {
      const rounded = again?.tensors.get(name) ?? []
      expect(rounded.length, name).toBe(values.length)
      values.forEach((value, i) => {
        expect(Math.abs((rounded[i] ?? Number.NaN) - value)).toBeLessThanOrEqual(Math.abs(value) * 2 ** -11)
      })
    }
  })

  test('gives the same bytes when it is read and written again', async () => {
    const bytes = await bytesOf(model, half)
    const again = await read(bytes)
    if (again === undefined) throw new Error('no model file')
    expect(Buffer.compare(await bytesOf(again, half), bytes)).toBe(0)
  })

  const changed = (name: string, change: (values: Float32Array) => void): Model => {
    const values = model.tensors.get(name)?.slice() ?? new Float32Array()
    change(values)
    return { ...model, tensors: new Map([...model.tensors, [name, values]]) }
  }

  test.for([
    ['rounds to the nearest, ties to even', 2049, 2048],
    ['rounds to the nearest, ties to even', 2051, 2052],
    ['holds its greatest value', -65504, -65504],
    ['rounds the least value that has all its bits', 2 ** -14, 2 ** -14],
    ['keeps what is too great in single precision', 65520, 65520],
    ['keeps the variance of the published network', 83614, 83614],
    ['keeps what is so small that halves are coarse there', Math.fround(1e-6), Math.fround(1e-6)],
    ['keeps what would become zero', Math.fround(1e-30), Math.fround(1e-30)],
    ['keeps zero', 0, 0],
    ['holds what is small but a half', 2 ** -20, 2 ** -20],
  ] satisfies [string, number, number][])('%s: %d of a channel is read as %d', async ([, value, stored]) => {
    const given = changed('bn1.bias', (values) => values.fill(0.5).fill(value, 3, 4))
    const again = await read(await bytesOf(given, half))
    expect(again?.tensors.get('bn1.bias')?.[3]).toBe(stored)
  })

  test('keeps single those tensors alone that do not fit, and says which they are', async () => {
    const given = changed('bn1.running_var', (values) => values.fill(83614))
    expect(beyondHalf(model)).toEqual([])
    expect(beyondHalf(given)).toEqual(['bn1.running_var'])
    const bytes = await bytesOf(given, half)
    const { tensors } = await readSafetensors(sourceOfBytes('m', bytes))
    const types = [...tensors].map(([name, { type }]) => [name, type])
    expect(types.filter(([, type]) => type === 'F32')).toEqual([['bn1.running_var', 'F32']])
    const again = await read(bytes)
    if (again === undefined) throw new Error('no model file')
    expect(Buffer.compare(await bytesOf(again, half), bytes)).toBe(0)
  })

  test('takes a dead filter beside live ones, but not where each filter is divided by its own deviation', () => {
    const dead = changed('layer1.0.conv1.weight', (values) => values.fill(1e-12, 0, 16 * 9))
    expect(beyondHalf(dead)).toEqual([])
    const { convolution } = model.config
    const standardised = { ...convolution, standardised: { epsilon: 1e-10 } }
    const config = { ...model.config, convolution: standardised }
    expect(beyondHalf({ ...dead, config })).toEqual(['layer1.0.conv1.weight'])
  })
})

describe('a model file with hostile metadata', () => {
  const changedTo = async (key: string, text: string) => {
    const checkpoint = await readSafetensors(sourceOfBytes('m', await bytesOf(model)))
    return readModel({ ...checkpoint, metadata: new Map([...checkpoint.metadata, [key, text]]) })
  }

  test.each([
    ['resnet-ts', '7', 'm: is a model file of version "7"; this package reads version 1'],
    ['config', '{}', 'm: its metadata is malformed: '],
    ['config', '{', 'm: config is not valid JSON'],
    [
      'labels',
      '["one"]',
      'm: its metadata is malformed: labels: there are 1 for 10 classes; give one for each class, or none',
    ],
    ['labels', '[1]', 'm: labels must be a JSON string'],
    ['labels', '{}', 'm: labels must be a JSON array'],
    ['preprocessing', '{"channels":"rgb"}', 'm: its metadata is malformed: preprocessing'],
    ['provenance', '[["a"]]', 'm: provenance must be a JSON string'],
    ['name', 'x'.repeat(2000), 'm: name has a text of 2000 characters'],
  ])('%s %s is refused', async (key, text, message) => {
    await expect(changedTo(key, text)).rejects.toThrow(message)
  })

  test('a config of millions of layers is refused before anything is built', async () => {
    const stages = Array.from({ length: 16 }, () => ({ blocks: 2048, width: 64, stride: 1 }))
    const text = JSON.stringify({ ...model.config, stages })
    await expect(changedTo('config', text)).rejects.toThrow(
      /its config has 32768 blocks, but the file only \d+ tensors; it is damaged/,
    )
  })

  test('a config of another network lists what does not fit', async () => {
    const text = JSON.stringify(config('cifar_resnet14'))
    await expect(changedTo('config', text)).rejects.toThrow(
      'm does not hold cifar_resnet8: 30 missing.\n  missing:\n    layer1.1.conv1.weight',
    )
  })

  test('whatever the metadata says, only checkpoint errors come out', async () => {
    const keys = fc.constantFrom('config', 'labels', 'preprocessing', 'provenance', 'name', 'resnet-ts')
    const bytes = await bytesOf(model)
    const checkpoint = await readSafetensors(sourceOfBytes('m', bytes))
    await fc.assert(
      fc.asyncProperty(keys, fc.oneof(fc.json(), fc.string()), async (key, text) => {
        const metadata = new Map([...checkpoint.metadata, [key, text]])
        try {
          await readModel({ ...checkpoint, metadata })
        } catch (error) {
          expect(error).toBeInstanceOf(CheckpointError)
        }
      }),
      { numRuns: 200 },
    )
  })
})

describe('saving a model', () => {
  test('puts the whole file under its name and leaves nothing else', async () => {
    const path = join(folder, 'model.safetensors')
    const size = await saveModel(path, model)
    expect(Buffer.compare(await readFile(path), await bytesOf(model))).toBe(0)
    expect(size).toBe((await readFile(path)).byteLength)
    expect(await readdir(folder)).toEqual(['model.safetensors'])
    const source = await openFile(path)
    expect(await readModel(await readSafetensors(source))).toEqual(model)
    await source.close()
  })

  test('leaves nothing behind when it fails half way', async () => {
    async function* failing() {
      yield new Uint8Array(10)
      throw new RangeError('half way')
    }
    const before = await readdir(folder)
    await expect(saveFile(join(folder, 'other.safetensors'), failing())).rejects.toThrow('half way')
    expect(await readdir(folder)).toEqual(before)
  })

  test('says which path cannot be written', async () => {
    const path = join(folder, 'no such folder', 'm.safetensors')
    await expect(saveModel(path, model)).rejects.toThrow(ResourceError)
    await expect(saveModel(path, model)).rejects.toThrow(
      `${path}: cannot be written: its folder is not there (ENOENT)`,
    )
  })
})
