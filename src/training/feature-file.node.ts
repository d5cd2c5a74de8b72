/**
 * Features of a run as they come, so that those which were computed survive whatever ends the process: a line that says what
 * they are of, then a record for each row: its number, its values as float32, and the CRC-32C of both, little-endian. Nothing
 * of another network, preprocessing or set of pictures is taken, nor a record that is damaged.
 */
import { open } from 'node:fs/promises'
import { crc32c } from './crc32c.ts'
import { Log } from './run-log.node.ts'
import type { FeatureRow, KeptFeatures, RowsOfFeatures } from './store.ts'

/** Bytes that are read at once. */
const readBytes = 2 ** 22

export class FeatureFile implements KeptFeatures {
  readonly #path: string
  readonly #of: RowsOfFeatures
  readonly #log: Log
  readonly #start: number

  private constructor(path: string, of: RowsOfFeatures, log: Log, start: number) {
    this.#path = path
    this.#of = of
    this.#log = log
    this.#start = start
  }

  /** Opens the file; one of other features begins anew, and a record that was not written to its end is cut off. */
  static async open(path: string, of: RowsOfFeatures): Promise<FeatureFile> {
    const head = new TextEncoder().encode(`resnet-ts features ${JSON.stringify(of)}\n`)
    const size = await sizeBehind(path, head)
    const records = size === undefined ? 0 : Math.floor((size - head.length) / recordBytes(of))
    const log = await Log.open(path, size === undefined ? 0 : head.length + records * recordBytes(of))
    if (size === undefined) await log.write(head)
    return new FeatureFile(path, of, log, head.length)
  }

  async *read(): AsyncGenerator<FeatureRow, void, undefined> {
    const record = recordBytes(this.#of)
    const piece = Math.max(1, Math.floor(readBytes / record)) * record
    const file = await open(this.#path, 'r')
    try {
      for (let at = this.#start; at < this.#log.length; at += piece) {
        const bytes = new Uint8Array(Math.min(piece, this.#log.length - at))
        await file.read(bytes, 0, bytes.length, at)
        for (let start = 0; start < bytes.length; start += record) {
          const row = rowIn(bytes.slice(start, start + record))
          if (row !== undefined && row.row < this.#of.rows) yield row
        }
      }
    } finally {
      await file.close()
    }
  }

  async append({ row, values }: FeatureRow): Promise<void> {
    const bytes = new Uint8Array(recordBytes(this.#of))
    const view = new DataView(bytes.buffer)
    view.setUint32(0, row, true)
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), 4)
    view.setUint32(bytes.length - 4, crc32c(bytes.subarray(0, -4)), true)
    await this.#log.write(bytes)
  }

  close(): Promise<void> {
    return this.#log.close()
  }
}

function recordBytes({ values }: RowsOfFeatures): number {
  return 4 + 4 * values + 4
}

/** The file's size, where it begins so. */
async function sizeBehind(path: string, head: Uint8Array): Promise<number | undefined> {
  const file = await open(path, 'r').catch(() => undefined)
  if (file === undefined) return undefined
  try {
    const found = new Uint8Array(head.length)
    await file.read(found, 0, found.length, 0)
    return Buffer.compare(found, head) === 0 ? (await file.stat()).size : undefined
  } finally {
    await file.close()
  }
}

/** A record's row, unless it is damaged. `bytes` is an array of its own. */
function rowIn(bytes: Uint8Array): FeatureRow | undefined {
  const view = new DataView(bytes.buffer)
  const sum = bytes.length - 4
  if (view.getUint32(sum, true) !== crc32c(bytes.subarray(0, sum))) return undefined
  return { row: view.getUint32(0, true), values: new Float32Array(bytes.buffer, 4, sum / 4 - 1) }
}
