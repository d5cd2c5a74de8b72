/** Zip archives as PyTorch and other programs write them, and their checksums. */
import { deflateRawSync, crc32 as zlibCrc } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import {
  concat,
  dict,
  floats,
  latin1,
  pickleOf,
  readAll,
  storage,
  tensor,
  text,
  type ZipOptions,
  type ZipPart,
  zipOf,
} from '../../../test/checkpoint-bytes.ts'
import { crc32 as browserCrc } from '../../bounded/crc32.browser.ts'
import { crc32 } from '../../bounded/crc32.node.ts'
import { CheckpointError } from '../../errors.ts'
import { sourceOfBytes } from '../bytes.ts'
import { readTorchZip } from './torch-zip.ts'
import { readZip } from './zip-archive.ts'

const numbers = floats(0, 1, 2, 3, 4, 5)
const pickle = pickleOf(dict(text('a.weight'), tensor(storage('0', 6), 0, [2, 3], [3, 1])))
const part = pickleOf(dict(text('a.weight'), tensor(storage('0', 6), 2, [2], [1])))
const pytorch = { end64: true } as const

function fileOf(stem: string, options: ZipOptions = pytorch, changes: Partial<ZipPart> = {}) {
  const parts: ZipPart[] = [
    { name: `${stem}/data.pkl`, data: pickle, flags: 0x0808 },
    { name: `${stem}/data/0`, data: numbers, flags: 0x0808, ...changes },
    { name: `${stem}/version`, data: latin1('3\n'), flags: 0x0808 },
  ]
  return zipOf(parts, options)
}
const read = (bytes: Uint8Array) => readTorchZip(sourceOfBytes('x.pth', bytes))

describe('files as PyTorch writes them', () => {
  it('are read whatever the length of their stem', async () => {
    for (let length = 1; length <= 255; length++)
      expect(await read(fileOf('f'.repeat(length))).then(readAll), `${length} characters`).toBe(6)
  })

  it.each([
    'archive',
    'Ünïcode ✓',
    '模型',
    'with space',
    "it's (1)",
    '.hidden',
    'a.b-c+d',
    '%41',
  ])('are read under the stem %s', async (stem) => expect(await read(fileOf(stem)).then(readAll)).toBe(6))

  it.each<[string, Uint8Array]>([
    ['without records of 64 bits', fileOf('a', {})],
    ['with numbers in the records of 64 bits alone', fileOf('a', { end64: true, full: true })],
    ['with a comment', fileOf('a', { end64: true, comment: 'made by hand' })],
    ['with a comment that looks like an end record', fileOf('a', { comment: `PK\x05\x06${'x'.repeat(40)}` })],
    ['with the longest comment', fileOf('a', { end64: true, comment: '.'.repeat(65_535) })],
    ['behind other bytes', concat(latin1('PK\x03\x04 not yet'), fileOf('a'))],
    ['behind other bytes, without 64 bits', concat(latin1('#!/bin/sh\n'), fileOf('a', {}))],
    [
      'with folders as entries',
      zipOf([
        { name: 'a/', data: latin1('') },
        ...['a/data.pkl', 'a/data/0'].map((name, i) => ({ name, data: i === 0 ? pickle : numbers })),
      ]),
    ],
  ])('are read %s', async (_, bytes) => {
    expect(await read(bytes).then(readAll)).toBe(6)
  })

  it('are read where somebody compressed them', async () => {
    const [packed, deflated] = [deflateRawSync(pickle), deflateRawSync(part)]
    const storageOf = { name: 'a/data/0', data: deflateRawSync(numbers), size: 24, method: 8 }
    const whole = zipOf([{ name: 'a/data.pkl', data: packed, size: pickle.length, method: 8 }, storageOf])
    expect(await read(whole).then(readAll)).toBe(6)
    const partly = zipOf([{ name: 'a/data.pkl', data: deflated, size: part.length, method: 8 }, storageOf])
    const { tensors } = await read(partly)
    expect(await tensors.get('a.weight')?.read()).toEqual(Float32Array.of(2, 3))
    expect(await tensors.get('a.weight')?.read()).toEqual(Float32Array.of(2, 3))
  })

  it('with 70,000 entries are refused in words', async () => {
    const parts = Array.from({ length: 70_000 }, (_, i) => ({ name: `a/${i}`, data: latin1('') }))
    await expect(read(zipOf(parts, { end64: true, full: true }))).rejects.toThrow(/more than 25000 entries/)
  })
})

describe('the checksums of a zip', () => {
  it('find every flipped byte of every entry', async () => {
    const bytes = fileOf('a')
    const found = Buffer.from(bytes)
    for (const content of [pickle, numbers]) {
      const begin = found.indexOf(content)
      for (let at = begin; at < begin + content.length; at++) {
        const damaged = bytes.slice()
        damaged[at] = (damaged[at] ?? 0) ^ 4
        const result = read(damaged).then(readAll)
        await expect(result, `byte ${at}`).rejects.toThrow(CheckpointError)
        await expect(result).rejects.toThrow(
          /is damaged: its checksum is [\da-f]{8}, the archive says [\da-f]{8}/,
        )
      }
    }
  })

  it('find damage in a part of a storage that no tensor uses, once a tensor of the rest is read', async () => {
    const bytes = zipOf([
      { name: 'a/data.pkl', data: part },
      { name: 'a/data/0', data: numbers, crc: 1 },
    ])
    const checkpoint = await read(bytes)
    await expect(checkpoint.tensors.get('a.weight')?.read()).rejects.toThrow(/"a\/data\/0" is damaged/)
  })

  it('find damage in what was compressed', async () => {
    const data = deflateRawSync(numbers, { level: 0 })
    const bytes = fileOf('a', pytorch, { data, size: 24, method: 8, crc: 7 })
    await expect(read(bytes).then(readAll)).rejects.toThrow(/is damaged: its checksum/)
  })

  it('may all be missing, which is said; one alone may not', async () => {
    const entries = [
      { name: 'a/data.pkl', data: pickle, crc: 0 },
      { name: 'a/data/0', data: numbers, crc: 0 },
    ]
    const { notes } = await read(zipOf(entries))
    expect(notes).toEqual(['the file was written without checksums, so damage to its numbers cannot be seen'])
    await expect(read(fileOf('a', pytorch, { crc: 0 })).then(readAll)).rejects.toThrow(/is damaged/)
  })

  it('are those of zlib, in browsers too, whole and in pieces', () => {
    for (const length of [0, 1, 7, 8, 9, 100, 1001]) {
      const bytes = Uint8Array.from({ length: length + 3 }, (_, i) => (i * 151 + 7) & 0xff).subarray(3)
      const expected = zlibCrc(bytes)
      for (const ours of [crc32, browserCrc]) {
        expect(ours(bytes)).toBe(expected)
        expect(ours(bytes.subarray(5), ours(bytes.subarray(0, 5)))).toBe(expected)
      }
    }
    expect(browserCrc(latin1('123456789'))).toBe(0xcbf43926)
  })
})

it('a file beyond 4 GB is read where its numbers of 64 bits say', async () => {
  const far = 5 * 2 ** 30
  const entry = (name: string, data: Uint8Array, at: number) => {
    const extra = new DataView(new ArrayBuffer(12))
    extra.setUint16(0, 1, true)
    extra.setUint16(2, 8, true)
    extra.setBigUint64(4, BigInt(at), true)
    const label = latin1(name)
    const head = new DataView(new ArrayBuffer(46))
    head.setUint32(0, 0x02014b50, true)
    head.setUint32(16, zlibCrc(data), true)
    head.setUint32(20, data.length, true)
    head.setUint32(24, data.length, true)
    head.setUint16(28, label.length, true)
    head.setUint16(30, 12, true)
    head.setUint32(42, 0xffffffff, true)
    return concat(new Uint8Array(head.buffer), label, new Uint8Array(extra.buffer))
  }
  const local = (name: string, data: Uint8Array) => {
    const head = new DataView(new ArrayBuffer(30))
    head.setUint32(0, 0x04034b50, true)
    head.setUint16(26, name.length, true)
    return concat(new Uint8Array(head.buffer), latin1(name), data)
  }
  const first = local('a/data.pkl', pickle)
  const second = local('a/data/0', numbers)
  const directory = concat(entry('a/data.pkl', pickle, far), entry('a/data/0', numbers, far + first.length))
  const empty = zipOf([], { end64: true, full: true })
  const tail = new DataView(empty.slice().buffer)
  const place = far + first.length + second.length
  tail.setBigUint64(24, 2n, true)
  tail.setBigUint64(32, 2n, true)
  tail.setBigUint64(40, BigInt(directory.length), true)
  tail.setBigUint64(48, BigInt(place), true)
  const end = concat(first, second, directory, new Uint8Array(tail.buffer))
  const sparse = {
    name: 'huge.pth',
    size: far + end.length,
    // Zeros in front, which no reader needs.
    read: async (offset: number, length: number) => {
      const zeros = Math.min(Math.max(far - offset, 0), length)
      const from = offset + zeros - far
      return concat(new Uint8Array(zeros), end.subarray(from, from + length - zeros))
    },
    close: async () => {},
  }
  expect((await readZip(sparse)).names).toEqual(['a/data.pkl', 'a/data/0'])
  expect(await readTorchZip(sparse).then(readAll)).toBe(6)
})
