/** Lines of files that only grow, as logs do: they end at a newline and nowhere else, whatever a name in them holds. */
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'

const newline = 10

/** Lines without their ends, of the first `length` bytes of a file or of all; none of a file that is not there. */
export async function* linesOf(path: string, length?: number): AsyncGenerator<Buffer, void, undefined> {
  if ((await sizeOf(path)) === 0) return
  let rest: Buffer[] = []
  for await (const read of createReadStream(path, length === undefined ? {} : { end: length - 1 })) {
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

/** Bytes of a file; 0 where there is none. */
export async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0
}
