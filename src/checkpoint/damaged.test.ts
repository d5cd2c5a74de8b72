/**
 * Property tests of what consists of several files, and of our own model file: with any of their bytes damaged they are read
 * or refused by an error of this package, soon. `formats/hostile.test.ts` does the same for each container.
 */
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { checkpointOf } from '../../test/checkpoint.ts'
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
} from '../../test/checkpoint-bytes.ts'
import { casesOr, mutations } from '../../test/mutations.ts'
import { config } from '../architecture/variants.ts'
import { ResNetError } from '../errors.ts'
import { sourceOfBytes } from './bytes.ts'
import { modelFromCheckpoint } from './model.ts'
import { writeModel } from './model-file.ts'
import { readCheckpoint } from './read.ts'
import { statesOf } from './recognise/states.ts'

const cases = casesOr(1000)
const timeLimit = 60_000 + 20 * cases

/** Runs to its end, or fails by an error of this package. */
async function settles(work: () => Promise<unknown>): Promise<void> {
  const start = performance.now()
  try {
    await work()
  } catch (error) {
    if (!(error instanceof ResNetError)) throw error
  }
  expect(performance.now() - start).toBeLessThan(5000)
}

const weights = (name: string) =>
  safetensorsOf({ [name]: { dtype: 'F32', shape: [2], data_offsets: [0, 8] } }, floats(1, 2))
const files = (found: Readonly<Record<string, string | Uint8Array>>) =>
  new Map(
    Object.entries(found).map(([name, content]) => [
      name,
      typeof content === 'string' ? new Uint8Array(Buffer.from(content)) : content,
    ]),
  )

describe('folders of which one file is damaged are read or refused', () => {
  it.each([
    [
      'shards and their index',
      files({
        'm.safetensors.index.json': '{"weight_map":{"a":"1.safetensors","b":"2.safetensors"}}',
        '1.safetensors': weights('a'),
        '2.safetensors': weights('b'),
      }),
    ],
    [
      'shards without an index',
      files({ 'm-00001-of-00002.safetensors': weights('a'), 'm-00002-of-00002.safetensors': weights('b') }),
    ],
    [
      'an unpacked PyTorch file',
      files({
        'archive/data.pkl': pickleOf(dict(text('fc.bias'), tensor(storage('0', 2), 0, [2], [1]))),
        'archive/data/0': floats(1, 2),
        'archive/byteorder': 'little',
      }),
    ],
  ])(
    '%s',
    async (_, originals) => {
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...originals.keys()), mutations, async (name, mutate) => {
          const damaged = mutate(originals.get(name) ?? new Uint8Array(0))
          const folder = folderOf({ ...Object.fromEntries(originals), [name]: damaged })
          await settles(() => readCheckpoint(folder).then(readAll))
        }),
        { numRuns: cases },
      )
    },
    timeLimit,
  )
})

describe('our own model file', () => {
  let original = new Uint8Array(0)
  beforeAll(async () => {
    const model = await modelFromCheckpoint(
      checkpointOf(statesOf(config('cifar_resnet8')), { value: (_, i) => 0.5 + (i % 7) / 16 }),
    )
    const chunks: Uint8Array[] = []
    for await (const chunk of writeModel(model, { precision: 'float16' })) chunks.push(chunk)
    original = Uint8Array.from(Buffer.concat(chunks))
  })

  it(
    'is read or refused, its header damaged more often than its numbers',
    async () => {
      const header = 8 + Number(new DataView(original.buffer).getBigUint64(0, true))
      await fc.assert(
        fc.asyncProperty(fc.nat(9), mutations, async (where, mutate) => {
          const damaged =
            where === 0
              ? mutate(original)
              : Buffer.concat([mutate(original.subarray(0, header)), original.subarray(header)])
          await settles(async () =>
            modelFromCheckpoint(await readCheckpoint(sourceOfBytes('m', new Uint8Array(damaged)))),
          )
        }),
        { numRuns: cases },
      )
    },
    timeLimit,
  )
})
