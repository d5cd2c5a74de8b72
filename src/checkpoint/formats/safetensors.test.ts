import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, floats, readAll, safetensorsOf, watched } from '../../../test/checkpoint-bytes.ts'
import { CheckpointError } from '../../errors.ts'
import { sourceOfBytes } from '../bytes.ts'
import type { StoredType } from '../checkpoint.ts'
import { itemSizes, narrow } from './dtypes.ts'
import { readSafetensors, type TensorToWrite, writeSafetensors } from './safetensors.ts'

const open = (bytes: Uint8Array) => readSafetensors(sourceOfBytes('x.safetensors', bytes))
const row = (begin: number, end: number, shape = [(end - begin) / 4], dtype = 'F32') => ({
  dtype,
  shape,
  data_offsets: [begin, end],
})

async function write(tensors: readonly TensorToWrite[], metadata?: Map<string, string>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of writeSafetensors(tensors, metadata)) chunks.push(chunk)
  return concat(...chunks)
}

const toWrite = (
  name: string,
  type: StoredType,
  shape: readonly number[],
  bytes: Uint8Array,
): TensorToWrite => ({
  name,
  type,
  shape,
  bytes: () => bytes,
})

describe('writing', () => {
  it('gives these bytes: length, padded header, largest items first, metadata sorted', async () => {
    const bytes = await write(
      [toWrite('h', 'F16', [1], narrow('F16', Float32Array.of(1))), toWrite('f', 'F32', [1, 1], floats(2))],
      new Map([
        ['z', '"'],
        ['a', 'é'],
      ]),
    )
    const header =
      '{"__metadata__":{"a":"é","z":"\\""},"f":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]},"h":{"dtype":"F16","shape":[1],"data_offsets":[4,6]}}'
    const padded = new TextEncoder().encode(header.padEnd(Math.ceil(Buffer.byteLength(header) / 8) * 8 - 1))
    expect(padded.length % 8).toBe(0)
    expect(Buffer.from(bytes)).toEqual(
      Buffer.concat([
        Uint8Array.of(padded.length, 0, 0, 0, 0, 0, 0, 0),
        padded,
        floats(2),
        Uint8Array.of(0, 0x3c),
      ]),
    )
  })

  it('reads back bit for bit, whatever the tensors', async () => {
    const types = Object.keys(itemSizes).filter((name): name is StoredType => name in itemSizes)
    const anyTensor = fc
      .record({
        type: fc.constantFrom(...types),
        shape: fc.array(fc.nat(4), { maxLength: 4 }),
        seed: fc.nat(255),
      })
      .map(({ type, shape, seed }, i = 0) => {
        const length = shape.reduce((product, size) => product * size, 1) * itemSizes[type]
        return { type, shape, bytes: Uint8Array.from({ length }, (_, at) => (seed + 31 * at + i) & 255) }
      })
    await fc.assert(
      fc.asyncProperty(fc.array(anyTensor, { maxLength: 6 }), fc.string(), async (tensors, note) => {
        const given = tensors.map(({ type, shape, bytes }, i) => toWrite(`t.${i}`, type, shape, bytes))
        const written = await write(given, new Map([['note', note]]))
        const checkpoint = await open(written)
        expect(checkpoint.metadata.get('note')).toBe(new TextDecoder().decode(new TextEncoder().encode(note)))
        expect(checkpoint.tensors.size).toBe(tensors.length)
        const start = 8 + Number(new DataView(written.buffer).getBigUint64(0, true))
        expect(start % 8).toBe(0)
        const rows = JSON.parse(new TextDecoder().decode(written.subarray(8, start)))
        for (const [i, { type, shape, bytes }] of tensors.entries()) {
          const [begin, end] = rows[`t.${i}`].data_offsets
          expect(written.subarray(start + begin, start + end)).toEqual(bytes)
          expect(checkpoint.tensors.get(`t.${i}`)).toMatchObject({ type, shape })
        }
        expect(await write(given, new Map([['note', note]]))).toEqual(written)
      }),
      { numRuns: 50 },
    )
  })

  it('writes what the safetensors library wrote with the same values', async () => {
    const bytes = readFileSync(join(import.meta.dirname, '../../../fixtures/checkpoints/mixed.safetensors'))
    const checkpoint = await open(bytes)
    const tensors = [...checkpoint.tensors.values()]
    // float32 holds all values of this file but those two.
    const exact = tensors.filter(({ name }) => !['long', 'u32', 'u64'].includes(name))
    const written = await write(
      exact.map((tensor) => ({ ...tensor, bytes: async () => narrow(tensor.type, await tensor.read()) })),
    )
    const back = await open(written)
    for (const tensor of exact) {
      expect(await back.tensors.get(tensor.name)?.read(), tensor.name).toEqual(await tensor.read())
    }
  })

  it('refuses a tensor of another size than its shape, a name given twice and a reserved one', async () => {
    await expect(write([toWrite('a', 'F32', [2], floats(1))])).rejects.toThrow(
      'a of shape [2] needs 8 bytes, was given 4',
    )
    const a = toWrite('a', 'F32', [1], floats(1))
    await expect(write([a, a])).rejects.toThrow(/the tensor a cannot be written twice/)
    await expect(write([toWrite('__metadata__', 'F32', [1], floats(1))])).rejects.toThrow(/reserved name/)
    await expect(write([toWrite('a\n', 'F32', [1], floats(1))])).rejects.toThrow(
      /"a\\n" is no name for a tensor/,
    )
  })
})

describe('reading', () => {
  it('takes a header in any order, with spaces behind, empty and 0-dimensional tensors', async () => {
    const header = { b: row(4, 8, []), e: row(4, 4, [0, 3]), a: row(0, 4, [1]) }
    const checkpoint = await open(safetensorsOf(`${JSON.stringify(header)}   `, floats(1, 2)))
    expect([...checkpoint.tensors.keys()]).toEqual(['b', 'e', 'a'])
    expect(await checkpoint.tensors.get('b')?.read()).toEqual(Float32Array.of(2))
    expect(await checkpoint.tensors.get('e')?.read()).toEqual(new Float32Array(0))
  })

  it('keeps names such as __proto__ and constructor apart from objects', async () => {
    const bytes = safetensorsOf(
      '{"__proto__":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"constructor":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}',
      floats(1, 2),
    )
    const checkpoint = await open(bytes)
    expect([...checkpoint.tensors.keys()]).toEqual(['__proto__', 'constructor'])
    expect(Object.getPrototypeOf({})).toBe(Object.prototype)
  })

  const two = (a: unknown, b: unknown) => safetensorsOf({ a, b }, floats(1, 2))
  it.each<[string, Uint8Array, RegExp]>([
    ['a header of terabytes', safetensorsOf('{}', floats(1), 2n ** 42n), /header claims 4398046511104 bytes/],
    [
      'a header beyond 2^63',
      safetensorsOf('{}', floats(1), 2n ** 64n - 1n),
      /header claims 18446744073709551615 bytes/,
    ],
    [
      'a header longer than the file',
      safetensorsOf('{}', floats(1), 1000),
      /needs bytes 8 to 1008, but the file ends at 14/,
    ],
    ['no header', Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0), /header claims 0 bytes/],
    ['a file of 3 bytes', Uint8Array.of(1, 2, 3), /needs bytes 0 to 8/],
    ['a header that is no object', safetensorsOf('[1]', floats()), /does not begin with "{"/],
    ['broken JSON', safetensorsOf('{"a"', floats()), /is not valid JSON/],
    [
      'a name given twice',
      safetensorsOf(
        '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
        floats(1),
      ),
      /has the key "a" twice/,
    ],
    [
      'overlapping tensors',
      two(row(0, 8), row(4, 8)),
      /b overlaps the tensor before it; it begins at 4, expected 8/,
    ],
    ['the same bytes under two names', two(row(0, 8), row(0, 8)), /b overlaps the tensor before it/],
    ['a hole', two(row(0, 4, [1]), row(5, 9)), /b leaves a hole before it; it begins at 5, expected 4/],
    ['a hole at the start', safetensorsOf({ a: row(4, 8) }, floats(1, 2)), /a leaves a hole before it/],
    [
      'offsets past the end',
      safetensorsOf({ a: row(0, 12) }, floats(1, 2)),
      /its tensors end at byte \d+, the file at \d+; it is truncated/,
    ],
    ['bytes after the last tensor', safetensorsOf({ a: row(0, 4) }, floats(1, 2)), /its tensors end at byte/],
    [
      'offsets in falling order',
      safetensorsOf({ a: row(8, 4, [1]) }, floats(1, 2)),
      /two data_offsets, whole numbers in ascending order/,
    ],
    ['negative offsets', safetensorsOf({ a: row(-4, 0, [1]) }, floats(1)), /two data_offsets, whole numbers/],
    [
      'fractional offsets',
      safetensorsOf({ a: row(0.5, 4.5, [1]) }, floats(1)),
      /two data_offsets, whole numbers/,
    ],
    [
      'three offsets',
      safetensorsOf({ a: { ...row(0, 4), data_offsets: [0, 2, 4] } }, floats(1)),
      /two data_offsets/,
    ],
    [
      'a shape that overflows',
      safetensorsOf({ a: row(0, 4, [2 ** 31, 2 ** 31]) }, floats(1)),
      /a has the shape \[2147483648, 2147483648\], more items than any file holds/,
    ],
    [
      'a shape that overflows beside a zero',
      safetensorsOf({ a: row(0, 4, [0, 2 ** 52, 2 ** 52]) }, floats(1)),
      /more items than any file holds/,
    ],
    [
      'a shape of another size',
      safetensorsOf({ a: row(0, 8, [3]) }, floats(1, 2)),
      /a of shape \[3\] and type F32 needs 12 bytes, its data_offsets hold 8/,
    ],
    [
      'a negative size',
      safetensorsOf({ a: row(0, 4, [-1]) }, floats(1)),
      /a has a shape that is not a list of whole numbers/,
    ],
    [
      'a size in text',
      safetensorsOf({ a: { ...row(0, 4), shape: ['1'] } }, floats(1)),
      /a has a shape that is not a list of whole numbers/,
    ],
    [
      'nine dimensions',
      safetensorsOf({ a: row(0, 4, Array(9).fill(1)) }, floats(1)),
      /a has 9 dimensions; at most 8 are read/,
    ],
    [
      'an unknown type',
      safetensorsOf({ a: row(0, 4, [4], 'F8_E5M2') }, floats(1)),
      /a has the type "F8_E5M2"; read are F64, F32, F16/,
    ],
    [
      'a type from the prototype',
      safetensorsOf({ a: row(0, 4, [1], 'toString') }, floats(1)),
      /a has the type "toString"/,
    ],
    [
      'a missing type',
      safetensorsOf({ a: { shape: [1], data_offsets: [0, 4] } }, floats(1)),
      /a: dtype must be a JSON string/,
    ],
    [
      'a name with an escape sequence',
      safetensorsOf({ '\u001b[2Ja': row(0, 4) }, floats(1)),
      /"\\u001b\[2Ja" is no name for a tensor/,
    ],
    [
      'a name of 300 letters',
      safetensorsOf({ ['a'.repeat(300)]: row(0, 4) }, floats(1)),
      /is no name for a tensor/,
    ],
    [
      'metadata that is not text',
      safetensorsOf({ __metadata__: { a: 1 } }, floats()),
      /__metadata__\."a" must be a JSON string/,
    ],
    [
      'metadata that is a list',
      safetensorsOf({ __metadata__: [] }, floats()),
      /__metadata__ must be a JSON object/,
    ],
    [
      '20001 names',
      safetensorsOf(Object.fromEntries(Array.from({ length: 20_002 }, (_, i) => [`t${i}`, 0])), floats()),
      /names 20002 tensors; at most 20000 are read/,
    ],
  ])('refuses %s in one line, at once', async (_, bytes, message) => {
    const source = watched(sourceOfBytes('x.safetensors', bytes))
    const result = readSafetensors(source).then(readAll)
    await expect(result).rejects.toThrow(CheckpointError)
    await expect(result).rejects.toThrow(message)
    await result.catch((error: Error) => expect(error.message).not.toContain('\n'))
    expect(source.total()).toBeLessThanOrEqual(bytes.byteLength)
  })
})
