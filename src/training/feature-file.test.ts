import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FeatureFile } from './feature-file.node.ts'

let path = ''
beforeAll(async () => {
  path = join(await mkdtemp(join(tmpdir(), 'resnet-ts-features-')), 'features.bin')
})
afterAll(() => rm(join(path, '..'), { recursive: true }))

const of = { fingerprint: '1a2b', rows: 6, values: 5 }
const recordBytes = 4 + 4 * of.values + 4
const valuesOf = (row: number) => Float32Array.from({ length: of.values }, (_, i) => row + i / 10)

async function write(rows: readonly number[]): Promise<void> {
  const file = await FeatureFile.open(path, of)
  for (const row of rows) await file.append({ row, values: valuesOf(row) })
  await file.close()
}

/** The numbers of the rows that are there, whose values must be right. */
async function rowsThere(asked = of): Promise<readonly number[]> {
  const file = await FeatureFile.open(path, asked)
  const rows: number[] = []
  for await (const { row, values } of file.read()) {
    expect(values).toEqual(valuesOf(row))
    rows.push(row)
  }
  await file.close()
  return rows
}

describe('the file of features', () => {
  test('gives back every row, and takes more of them later', async () => {
    await rm(path, { force: true })
    await write([2, 0])
    await write([1])
    expect(await rowsThere()).toEqual([2, 0, 1])
  })

  test.each<[string, (bytes: Buffer) => Buffer, readonly number[]]>([
    ['that is torn', (bytes) => bytes.subarray(0, -10), [0, 1, 2]],
    [
      'with a byte changed',
      (bytes) =>
        Buffer.from(bytes.map((byte, i) => (i === bytes.length - 2 * recordBytes + 9 ? byte ^ 1 : byte))),
      [0, 1, 3],
    ],
    [
      'that ends in zeros',
      (bytes) => Buffer.concat([bytes.subarray(0, -2 * recordBytes), Buffer.alloc(2 * recordBytes)]),
      [0, 1],
    ],
    ['that is empty', () => Buffer.alloc(0), []],
    ['that is none', () => Buffer.from('no features'), []],
  ])('%s gives its whole rows, and takes others', async (_, damage, whole) => {
    await rm(path, { force: true })
    await write([0, 1, 2, 3])
    await writeFile(path, damage(await readFile(path)))
    expect(await rowsThere()).toEqual(whole)
    await write([4])
    expect(await rowsThere()).toEqual([...whole, 4])
  })

  test.each([
    ['another network or other pictures', { ...of, fingerprint: 'ffff' }],
    ['another number of copies', { ...of, rows: 12 }],
    ['another layer', { ...of, values: 10 }],
  ])('of %s is forgotten', async (_, other) => {
    await rm(path, { force: true })
    await write([0, 1])
    expect(await rowsThere(other)).toEqual([])
    expect((await stat(path)).size).toBeLessThan(100)
  })
})
