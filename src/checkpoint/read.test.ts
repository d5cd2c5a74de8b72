import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dataFile, dataFolder } from '../../test/data.ts'
import { CheckpointError } from '../errors.ts'
import { openFile, openFolder } from './bytes.node.ts'
import { sourceOfBlob, sourceOfBytes } from './bytes.ts'
import { readCheckpoint } from './read.ts'

interface Expected {
  readonly format: string
  readonly notes: readonly string[]
  readonly metadata?: Readonly<Record<string, string>>
  readonly tensors: Readonly<Record<string, { type: string; shape: number[]; values: number[] }>>
}

const fixtures = join(import.meta.dirname, '../../fixtures/checkpoints')
const expected: Readonly<Record<string, Expected>> = JSON.parse(
  readFileSync(join(fixtures, 'expected.json'), 'utf8'),
)

const read = async (file: string) =>
  readCheckpoint(
    file === 'tfjs' ? await openFolder(join(fixtures, file)) : await openFile(join(fixtures, file)),
  )

describe('files written by PyTorch, by the safetensors library and from the layout of TensorFlow.js', () => {
  it.each(
    Object.entries(expected),
  )('%s reads with every name, type, shape and value', async (file, wanted) => {
    const checkpoint = await read(file)
    expect(checkpoint.format).toBe(wanted.format)
    const found: Record<string, unknown> = {}
    for (const [name, tensor] of checkpoint.tensors) {
      const { type, shape } = tensor
      found[name] = { type, shape, values: Array.from(await tensor.read()) }
    }
    expect(found).toEqual(wanted.tensors)
    expect(checkpoint.notes).toEqual(wanted.notes)
    expect(Object.fromEntries(checkpoint.metadata)).toEqual(wanted.metadata ?? {})
    await checkpoint.close()
  })

  it('reads the same tensors from a Blob', async () => {
    const bytes = readFileSync(join(fixtures, 'mixed.pth'))
    const checkpoint = await readCheckpoint(sourceOfBlob('a blob', new Blob([bytes])))
    expect(Array.from((await checkpoint.tensors.get('scalar')?.read()) ?? [])).toEqual([2.5])
  })

  it.each([
    ['calls-tensor.pth', /fc\.bias should be a tensor, but it is made by posix\.system/],
    ['calls-legacy.pth', /fc\.weight should be a tensor, but it is made by posix\.system/],
    ['calls-root.pth', /holds no tensors by name, but an object of posix\.system/],
    ['complex.pth', /weight has items of torch\.ComplexFloatStorage, which are not read/],
    ['float8.pth', /weight has items of torch\.float8_e4m3fn, which are not read/],
    ['float8.safetensors', /weight has the type "F8_E4M3"; read are F64, F32/],
    ['script.pt', /is a TorchScript archive, which holds a program; save its tensors alone/],
  ])('%s is refused', async (file, message) => {
    await expect(read(file)).rejects.toThrow(CheckpointError)
    await expect(read(file)).rejects.toThrow(message)
  })
})

describe.skipIf(!dataFolder)('a published checkpoint', () => {
  it('is read whole: the CIFAR-10 ResNet-20 in the legacy format', async () => {
    const checkpoint = await readCheckpoint(await openFile(dataFile('resnet20-12fca82f.th')))
    expect(checkpoint.format).toBe('torch-legacy')
    expect(checkpoint.tensors.size).toBe(97)
    expect([...checkpoint.tensors.keys()].slice(0, 2)).toEqual(['module.conv1.weight', 'module.bn1.weight'])
    let parameters = 0
    for (const [name, tensor] of checkpoint.tensors) {
      const values = await tensor.read()
      expect(values.every(Number.isFinite)).toBe(true)
      if (!name.includes('running')) parameters += values.length
    }
    expect(parameters).toBe(269_722)
    await checkpoint.close()
  })

  it('is named where it is of a format that is not read: HDF5', async () => {
    const source = await openFile(dataFile('mlperf-tiny-resnet8.h5'))
    await expect(readCheckpoint(source)).rejects.toThrow(/is an HDF5 file/)
  })
})

describe('files that are something else', () => {
  const tar = new Uint8Array(1024)
  tar.set(new TextEncoder().encode('ustar'), 257)
  it.each([
    ['a web page', '\n<!DOCTYPE html><html>', /is a web page; .*the download went wrong/],
    ['XML', '<?xml version="1.0"?><Error>AccessDenied</Error>', /is a web page/],
    ['a Git LFS pointer', 'version https://git-lfs.github.com/spec/v1\n', /run git lfs pull/],
    ['model.json', '{"format":"layers-model"}', /name the folder that holds model.json/],
    ['PNG', '\x89PNG\r\n\x1a\n', /is a picture or a document; readable formats: safetensors, PyTorch/],
    ['npy', '\x93NUMPY\x01', /is a NumPy array/],
    ['MXNet', '\x12\x01\0\0\0\0\0\0\0', /is an MXNet parameter file/],
    ['gzip', '\x1f\x8b\x08', /is compressed; .*decompress it first/],
    ['pickle', '\x80\x04\x95', /is a plain Python pickle/],
    ['ONNX', '\x08\x08\x12\x07pytorch', /is an ONNX model/],
    ['ONNX without a producer', '\x08\x08\x3a\x90\x01\x0a\x10', /is an ONNX model/],
    ['ONNX with a domain', '\x08\x0a\x22\x02ai', /is an ONNX model/],
    [
      'a SavedModel',
      '\x08\x01\x12\x90\x81\x01\x0a\x60\x12\x05Const',
      /is a SavedModel of TensorFlow .*tensorflowjs_conv/,
    ],
    [
      'a frozen graph',
      '\x0a\x1a\x0a\x05input\x12\x0bPlaceholder',
      /is a frozen graph of TensorFlow \(\.pb\)/,
    ],
    ['Core ML', '\x08\x04\x12\x40\x0a\x10\x0a\x05image', /is a Core ML model \(\.mlmodel\)/],
    ['Caffe', '\x0a\x09ResNet-50\xa2\x06\x10\x0a\x04data', /is a Caffe model \(\.caffemodel\)/],
    ['old Caffe', '\x0a\x07CaffeNe\x12\x10\x0a\x04data', /is a Caffe model/],
    [
      'prototxt',
      '# net\nname: "ResNet-50"\nlayer {\n  name: "data"\n}\n',
      /\.prototxt\), which has no weights/,
    ],
    ['MessagePack', '\x82\xa6params\x83', /is a MessagePack file \(Flax\)/],
    ['GGUF', 'GGUF\x03', /is a GGUF file/],
    ['TensorFlow Lite', '\x1c\0\0\0TFL3', /is a TensorFlow Lite model/],
    ['TensorRT', 'ptrt\0\0', /is an engine of TensorRT/],
    ['joblib', '\x80\x04\x95\x10joblib.numpy_pickle', /is a file of joblib/],
    ['zlib', 'x\x9c\x01', /is compressed by zlib/],
    ['7z', '7z\xbc\xaf\x27\x1c', /is compressed/],
    ['rar', 'Rar!\x1a\x07', /is compressed/],
    ['zst', '\x28\xb5\x2f\xfd', /is compressed/],
    ['Torch 7', '\x04\0\0\0\x01\0\0\0\x03\0\0\0V 1', /is a file of Torch 7/],
    ['a script', 'import torch\nprint(1)\n', /is text, not weights/],
    ['zeros', '\0'.repeat(64), /is zeros from its beginning; .*fetch the file again/],
    ['net.pth.part', 'PK\x03\x04', /its download was not finished/],
    ['HDF5 behind a block', `${'\0'.repeat(512)}\x89HDF\r\n\x1a\n`, /is an HDF5 file/],
    ['tar', tar, /is a tar archive; .*unpack it/],
    ['noise', 'hello', /is not a checkpoint of a known format; readable formats: safetensors/],
    ['one byte', '\0', /is not a checkpoint of a known format/],
    ['an empty source', '', /is empty; .*fetch or copy it again/],
    ['half a zip', 'PK\x03\x04', /its zip cannot be read/],
  ])('%s is named', async (name, content, message) => {
    const bytes = typeof content === 'string' ? Buffer.from(content, 'latin1') : content
    const result = readCheckpoint(sourceOfBytes(name, bytes))
    await expect(result).rejects.toThrow(CheckpointError)
    await expect(result).rejects.toThrow(message)
  })
})

describe('sources that fail', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'resnet-read-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  it('are closed by readCheckpoint when it refuses them', async () => {
    await writeFile(join(folder, 'page.pth'), '<html></html>')
    const source = await openFile(join(folder, 'page.pth'))
    await expect(readCheckpoint(source)).rejects.toThrow(/web page/)
    await expect(source.read(0, 1)).rejects.toThrow()
  })
})
