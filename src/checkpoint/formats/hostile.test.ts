/**
 * Property tests of the readers: real files with bytes cut, flipped, overwritten, moved or put in, and generated pickles
 * and headers. Each gives a valid result or a CheckpointError of one line, and reads a bounded multiple of the file.
 * `RESNET_TS_CASES` says how many cases a format gets (1000; the long run sets 100000).
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  folderOf,
  pickleOf,
  readAll,
  safetensorsOf,
  torchZipOf,
  watched,
  type ZipPart,
  zipOf,
} from '../../../test/checkpoint-bytes.ts'
import { casesOr, mutations } from '../../../test/mutations.ts'
import { CheckpointError } from '../../errors.ts'
import { type Folder, sourceOfBytes } from '../bytes.ts'
import type { Checkpoint } from '../checkpoint.ts'
import { readCheckpoint } from '../read.ts'
import { opcodes } from './pickle-opcodes.ts'
import { readSafetensors } from './safetensors.ts'
import { readTfjs } from './tfjs.ts'
import { readTorchLegacy } from './torch-legacy.ts'
import { readTorchZip } from './torch-zip.ts'
import { readZip } from './zip-archive.ts'

const cases = casesOr(1000)
const timeLimit = 60_000 + 20 * cases
const fixtures = join(import.meta.dirname, '../../../fixtures/checkpoints')
const load = (file: string) => new Uint8Array(readFileSync(join(fixtures, file)))

/** Reads all of it; true where it is still valid. */
async function survives(
  bytes: Uint8Array,
  read: (source: ReturnType<typeof watched>) => Promise<Checkpoint>,
) {
  const source = watched(sourceOfBytes('x', bytes))
  const valid = await outcome(() => read(source))
  // Many tensors may share a storage, up to 16 times the file; the rest is a header or a pickle read once or twice.
  expect(source.total()).toBeLessThanOrEqual(20 * bytes.byteLength)
  return valid
}

async function outcome(read: () => Promise<Checkpoint>): Promise<boolean> {
  const start = performance.now()
  try {
    await readAll(await read())
    return true
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error
    expect(error.message).toMatch(/^[\x20-\x7e\u00a0-\uffff]{10,1000}$/)
    return false
  } finally {
    expect(performance.now() - start).toBeLessThan(5000)
  }
}

const files = readdirSync(fixtures).filter((file) => file.includes('.') && file !== 'expected.json')
const legacy = files.filter(
  (file) => file.startsWith('legacy') || file === 'python-2.pth' || file.endsWith('-legacy.pth'),
)
const formats: [string, string[], (source: ReturnType<typeof watched>) => Promise<Checkpoint>][] = [
  ['safetensors', files.filter((file) => file.endsWith('.safetensors')), readSafetensors],
  ['legacy PyTorch', legacy, readTorchLegacy],
  [
    'PyTorch zip',
    files.filter((file) => !legacy.includes(file) && !file.endsWith('.safetensors')),
    readTorchZip,
  ],
  ['any format', files, readCheckpoint],
]

describe('changed files are read or refused', () => {
  it.each(formats)(
    '%s',
    async (_, names, read) => {
      const originals = new Map(names.map((name) => [name, load(name)]))
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...names), mutations, async (name, mutate) => {
          const original = originals.get(name) ?? new Uint8Array(0)
          await survives(mutate(original), read)
        }),
        { numRuns: cases },
      )
    },
    timeLimit,
  )

  it(
    'PyTorch zip, the pickle damaged and its checksum right',
    async () => {
      const archives: ZipPart[][] = []
      for (const name of files.filter((file) => /^(mixed|nested|module|views|parameters)\.pth$/.test(file))) {
        const zip = await readZip(sourceOfBytes(name, load(name)))
        const parts = zip.names.map(async (entry) => {
          const source = await zip.open(entry)
          return { name: entry, data: await source.read(0, source.size) }
        })
        archives.push(await Promise.all(parts))
      }
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...archives), mutations, async (parts, mutate) => {
          const damaged = parts.map((part) =>
            part.name.endsWith('data.pkl') ? { ...part, data: mutate(part.data) } : part,
          )
          await survives(zipOf(damaged), readTorchZip)
        }),
        { numRuns: cases },
      )
    },
    timeLimit,
  )

  it(
    'TensorFlow.js: model.json and its shards',
    async () => {
      const paths = readdirSync(join(fixtures, 'tfjs'))
      const originals = new Map(paths.map((path) => [path, load(`tfjs/${path}`)]))
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom(...paths, 'model.json', 'model.json'),
          mutations,
          async (path, mutate) => {
            const changed = mutate(originals.get(path) ?? new Uint8Array(0))
            await outcome(() => readTfjs(folderOf({ ...Object.fromEntries(originals), [path]: changed })))
          },
        ),
        { numRuns: cases },
      )
    },
    timeLimit,
  )
})

describe('generated files are read or refused', () => {
  const number = fc.oneof(fc.nat(12), fc.constantFrom(-1, 0.5, 2 ** 31, 2 ** 53, 1e300, 4, 8))
  const odd = fc.oneof(
    number,
    fc.constantFrom(null, true, '', 'F32', '__proto__'),
    fc.constant([]),
    fc.constant({}),
  )
  const mostly = <T>(usual: fc.Arbitrary<T>): fc.Arbitrary<unknown> =>
    fc.oneof({ weight: 9, arbitrary: usual }, { weight: 1, arbitrary: odd })

  it(
    'headers of safetensors',
    async () => {
      const row = fc.record({
        dtype: mostly(fc.constantFrom('F32', 'U8', 'F16', 'BOOL', 'I64')),
        shape: mostly(fc.array(mostly(fc.nat(3)), { maxLength: 3 })),
        data_offsets: mostly(fc.tuple(mostly(fc.nat(16)), mostly(fc.nat(16)))),
      })
      const header = fc.dictionary(fc.constantFrom('a', 'b', '__proto__', '__metadata__', 'é'), mostly(row))
      await fc.assert(
        fc.asyncProperty(header, fc.uint8Array({ maxLength: 16 }), async (rows, data) => {
          await survives(safetensorsOf(rows, data), readSafetensors)
        }),
        { numRuns: cases },
      )
    },
    timeLimit,
  )

  it(
    'manifests and topologies of TensorFlow.js',
    async () => {
      const quantization = fc.record({
        dtype: mostly(fc.constantFrom('uint8', 'uint16', 'float16')),
        scale: mostly(number),
        min: mostly(number),
      })
      const weight = fc.record(
        {
          name: mostly(fc.constantFrom('a', 'b/kernel', '__proto__')),
          dtype: mostly(fc.constantFrom('float32', 'int32', 'bool', 'float16')),
          shape: mostly(fc.array(mostly(fc.nat(2)), { maxLength: 3 })),
          quantization: mostly(quantization),
        },
        { requiredKeys: ['name', 'dtype', 'shape'] },
      )
      const group = fc.record({
        paths: mostly(fc.array(mostly(fc.constantFrom('s', 't', '../s')), { maxLength: 2 })),
        weights: mostly(fc.array(mostly(weight), { maxLength: 3 })),
      })
      const { layer } = fc.letrec((tie) => ({
        layer: fc.record(
          {
            class_name: mostly(fc.constantFrom('Conv2D', 'Add', 'InputLayer', 'Model', 'Sequential')),
            name: mostly(fc.constantFrom('a', 'b', 'c', 'd')),
            config: mostly(
              fc.record(
                {
                  name: fc.constantFrom('a', 'b'),
                  layers: mostly(fc.array(tie('layer'), { maxLength: 3 })),
                  output_layers: odd,
                },
                { requiredKeys: ['name'] },
              ),
            ),
            inbound_nodes: mostly(
              fc.array(fc.array(fc.tuple(fc.constantFrom('a', 'b'), number, number), { maxLength: 2 }), {
                maxLength: 2,
              }),
            ),
          },
          { requiredKeys: ['class_name'] },
        ),
      }))
      const model = fc.record({
        modelTopology: mostly(layer),
        weightsManifest: mostly(fc.array(mostly(group), { maxLength: 2 })),
      })
      await fc.assert(
        fc.asyncProperty(model, fc.uint8Array({ maxLength: 16 }), async (json, shard) => {
          const folder: Folder = folderOf({ 'model.json': JSON.stringify(json), s: shard, t: shard })
          await outcome(() => readTfjs(folder))
        }),
        { numRuns: cases },
      )
    },
    timeLimit,
  )

  it(
    'pickles of random opcodes',
    async () => {
      const argument = fc.constantFrom(
        '',
        '\x00',
        '\x01',
        '\x02\0\0\0',
        '\x01\0\0\0a',
        '\x01a',
        '\xff\xff\xff\x7f',
        '\0\0\0\0\0\0\0\0',
        '1\n',
        "'a'\n",
        'torch._utils\n_rebuild_tensor_v2\n',
        'torch\nFloatStorage\n',
        'collections\nOrderedDict\n',
        'os\nsystem\n',
      )
      const step = fc
        .tuple(fc.constantFrom(...opcodes.keys()), argument)
        .map(([code, rest]) => String.fromCharCode(code) + rest)
      const build = fc.constantFrom(
        ')',
        ']',
        '}',
        '(',
        'K\x01',
        'U\x01a',
        'N',
        'q\x00',
        'h\x00',
        't',
        'R',
        's',
        'u',
        'b',
        '\x85',
        '\x86',
        'Q',
        '0',
        '2',
        'ctorch\nFloatStorage\n',
        'ctorch._utils\n_rebuild_tensor\n',
        'cos\nsystem\n',
        'U\x07storage',
        'U\x010',
        '(U\x07storagectorch\nFloatStorage\nU\x010NK\x04tQ',
      )
      const program = fc.array(fc.oneof(step, { weight: 6, arbitrary: build }), { maxLength: 60 })
      await fc.assert(
        fc.asyncProperty(program, async (steps) => {
          const pickle = pickleOf(steps.join(''))
          await survives(torchZipOf(pickle, { 0: new Uint8Array(16) }), readTorchZip)
        }),
        { numRuns: cases },
      )
    },
    timeLimit,
  )
})
