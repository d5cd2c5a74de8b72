/**
 * A tar archive, gone over once from its beginning: each file's name, size and place, and its bytes for whoever wants them.
 * The parser is that of the package `tar`. It throws errors of its own on damaged headers (`invalid base256 encoding`),
 * some of them in the middle of a stream, where nobody could catch them; so it is fed here block by block, at once, and
 * everything that goes wrong is told by one error.
 */
import { createReadStream } from 'node:fs'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { Header, Parser, type ReadEntry } from 'tar'

export const tarBlock = 512

export interface TarEntry {
  /** Its name as the archive has it: where it leads is the caller's to check. */
  readonly path: string
  readonly type: ReadEntry['type']
  readonly size: number
  /** Where a link leads, as the archive has it; empty for all else. */
  readonly target: string
  /** Where its bytes begin in the archive. */
  readonly start: number
}

/** Takes the bytes of a file in pieces, then hears that it has ended. */
export interface TarSink {
  write(piece: Uint8Array): void
  end(): void
}

/** Answers who takes the bytes of an entry; nobody where it is undefined. */
export type TarVisitor = (entry: TarEntry) => TarSink | undefined

/** What is wrong with an archive; the caller says it in an error of its own. */
export class TarDamage extends Error {}

export class TarWalk {
  readonly #parser = new Parser({ strict: true })
  #offset = 0
  #problem: unknown

  /** What `visit` and its sinks throw comes out of `write` as it is. */
  constructor(visit: TarVisitor) {
    this.#parser.on('error', (error: unknown) => {
      this.#problem ??= damage(error)
    })
    this.#parser.on('entry', (entry: ReadEntry) => this.#enter(entry, visit))
  }

  /** The next bytes of the archive; whole blocks, but for its last ones. */
  write(bytes: Uint8Array): void {
    // A copy: the parser may keep what it is given, and the caller may write into its own again.
    const whole = Buffer.from(bytes)
    for (let at = 0; at < whole.length; at += tarBlock) {
      const block = whole.subarray(at, at + tarBlock)
      // The parser would unpack on its own what looks compressed.
      if (this.#offset === 0 && isCompressed(block)) throw new TarDamage('it is compressed twice')
      this.#do(() => this.#parser.write(block))
      this.#offset += block.length
    }
  }

  /** The archive is over: throws where it was in the middle of a file. */
  end(): void {
    this.#do(() => this.#parser.end())
  }

  #do(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#problem ??= damage(error)
    }
    if (this.#problem !== undefined) throw this.#problem
  }

  #enter(entry: ReadEntry, visit: TarVisitor): void {
    const { path, type, size, linkpath: target = '' } = entry
    // The header's block has just been written: the file's bytes begin with the next one.
    const start = this.#offset + tarBlock
    const sink = this.#visited(() => visit({ path, type, size, target, start }))
    if (sink !== undefined) {
      entry.on('data', (piece: Uint8Array) => this.#visited(() => sink.write(piece)))
      entry.on('end', () => this.#visited(() => sink.end()))
    }
    entry.resume()
  }

  /** The visitor's own errors are kept apart from the parser's. */
  #visited<T>(work: () => T): T | undefined {
    if (this.#problem !== undefined) return undefined
    try {
      return work()
    } catch (error) {
      this.#problem = error
      return undefined
    }
  }
}

/** Whether a block is the header of an entry: its checksum is right. */
export function isTarHeader(block: Uint8Array): boolean {
  try {
    return new Header(Buffer.from(block)).cksumValid
  } catch (error) {
    throw damage(error)
  }
}

function damage(error: unknown): TarDamage {
  const [first = ''] = (error instanceof Error ? error.message : String(error)).split('\n')
  return new TarDamage(first, { cause: error })
}

function isCompressed([a, b, c, d]: Uint8Array): boolean {
  return (a === 0x1f && b === 0x8b) || (a === 0x28 && b === 0xb5 && c === 0x2f && d === 0xfd)
}

/**
 * Goes over a `.tar.gz`. `mostTimes` is how many times larger than the file its contents may be.
 *
 * @throws TarDamage for a damaged archive or a bomb; errors of the disk and of the visitor as they are.
 */
export async function walkTarGz(
  path: string,
  visit: TarVisitor,
  { mostTimes, signal }: { readonly mostTimes: number; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const walk = new TarWalk(visit)
  const gunzip = createGunzip()
  let [unpacked, left] = [0, Buffer.alloc(0)]
  const sink = new Writable({
    write(piece: Buffer, _, done) {
      unpacked += piece.length
      const bytes = Buffer.concat([left, piece])
      const whole = bytes.length - (bytes.length % tarBlock)
      left = bytes.subarray(whole)
      done(
        outcomeOf(() => {
          if (unpacked > mostTimes * gunzip.bytesWritten)
            throw new TarDamage(`the decompression ratio is above ${mostTimes}`)
          walk.write(bytes.subarray(0, whole))
        }),
      )
    },
    final(done) {
      done(
        outcomeOf(() => {
          walk.write(left)
          walk.end()
        }),
      )
    },
  })
  try {
    await pipeline(createReadStream(path), gunzip, sink, { signal })
  } catch (error) {
    const ofZlib = error instanceof Error && 'code' in error && String(error.code).startsWith('Z_')
    throw ofZlib ? damage(error) : error
  }
}

function outcomeOf(work: () => void): Error | null {
  try {
    work()
    return null
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}
