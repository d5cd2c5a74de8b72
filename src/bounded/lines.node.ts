/** Lines of files that only grow, as logs do: they end at a newline and nowhere else, whatever a name in them holds. */
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { CheckpointError, systemCode } from '../errors.ts'

const newline = 10

/**
 * Lines without their ends, of the first `length` bytes of a file or of all; none of a file that is not there. Throws
 * `CheckpointError` where it cannot be read.
 */
export async function* linesOf(path: string, length?: number): AsyncGenerator<Buffer, void, undefined> {
  if (((await sizeOf(path)) ?? 0) === 0) return
  let rest: Buffer[] = []
  for await (const read of chunksOf(path, length)) {
    const chunk = Buffer.from(read)
    let start = 0
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      yield Buffer.concat([...rest, chunk.subarray(start, end)])
      rest = []
      start = end + 1
    }
    rest.push(chunk.subarray(start))
  }
  const last = Buffer.concat(rest)
  if (last.length > 0) yield last
}

async function* chunksOf(path: string, length?: number): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* createReadStream(path, length === undefined ? {} : { end: length - 1 })
  } catch (error) {
    throw new CheckpointError(`${path}: cannot be read (${systemCode(error) ?? error})`, { cause: error })
  }
}

/** Bytes of a file; undefined where there is none. */
export async function sizeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.size
}
