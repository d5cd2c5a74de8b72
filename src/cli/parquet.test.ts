import { parquetMetadata, parquetReadObjects } from 'hyparquet'
import { expect, test } from 'vitest'
import { parquetFile } from './parquet.ts'

const bufferOf = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer

test('a table gives back its rows: texts, numbers and lists of float32', async () => {
  const rows = [
    { file: 'a b/ü.png', stage: 2, features: Float32Array.of(1, -0.1, 3e-20) },
    { file: 'c.png', stage: 2, features: Float32Array.of(0, 0, Number.POSITIVE_INFINITY) },
  ]
  const found = await parquetReadObjects({ file: bufferOf(parquetFile(rows)) })
  expect(found).toEqual(rows.map(({ features, ...row }) => ({ ...row, features: [...features] })))
})

test('a table of more rows than one group holds keeps their order', async () => {
  const rows = Array.from({ length: 2500 }, (_, i) => ({
    file: `${i}.png`,
    stage: 1,
    features: Float32Array.of(i, i / 3),
  }))
  const found = await parquetReadObjects({ file: bufferOf(parquetFile(rows)) })
  expect(found).toHaveLength(2500)
  expect(found[2345]).toEqual({ file: '2345.png', stage: 1, features: [2345, Math.fround(2345 / 3)] })
})

test('a table of no pictures has the columns all the same', () => {
  const { schema, num_rows } = parquetMetadata(bufferOf(parquetFile([])))
  expect(num_rows).toBe(0n)
  expect(schema.map(({ name }) => name)).toEqual(['schema', 'file', 'stage', 'features', 'list', 'element'])
})
