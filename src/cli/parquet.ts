/** Features as a Parquet table, for data frames and databases. */
import { parquetWriteBuffer } from 'hyparquet-writer'

/** A row: the features of one picture. */
export interface FeatureRow {
  readonly file: string
  readonly stage: number
  readonly features: Float32Array
}

/** The bytes of a table with the columns `file` (text), `stage` (int32) and `features` (a list of float32). */
export function parquetFile(rows: readonly FeatureRow[]): Uint8Array {
  const columns = parquetWriteBuffer({
    schema: [
      { name: 'schema', num_children: 3 },
      { name: 'file', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' },
      { name: 'stage', type: 'INT32', repetition_type: 'REQUIRED' },
      { name: 'features', converted_type: 'LIST', repetition_type: 'REQUIRED', num_children: 1 },
      { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
      { name: 'element', type: 'FLOAT', repetition_type: 'REQUIRED' },
    ],
    columnData: [
      { name: 'file', data: rows.map(({ file }) => file) },
      { name: 'stage', data: rows.map(({ stage }) => stage) },
      // Features hardly ever repeat: a dictionary of them would cost time and save nothing.
      { name: 'features', data: rows.map(({ features }) => [...features]), encoding: 'PLAIN' },
    ],
    createdBy: 'resnet-ts',
  })
  return new Uint8Array(columns)
}
