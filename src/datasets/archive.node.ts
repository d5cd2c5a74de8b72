/**
 * The files of a tar archive, to be read in any order. The parser of `tar` goes over the archive once, block by block, so
 * that the place of each file's bytes is known; nothing is unpacked, and names are labels only.
 */
import type { FileHandle } from 'node:fs/promises'
import { Header, Parser } from 'tar'
import { DatasetError } from '../errors.ts'
import { pictureLimits } from '../images/picture.ts'
import { type DatasetFile, shownPath } from './dataset.ts'
import { openRegular } from './regular.node.ts'

const blockBytes = 512
const maxFiles = 5_000_000
/** As long as any path that a system opens. */
const maxPathLength = 4096

export interface Archive {
  readonly files: readonly DatasetFile[]
  close(): Promise<void>
}

/** Throws `DatasetError` for what is no tar archive, is compressed, or ends early. */
export async function openArchive(path: string): Promise<Archive> {
  const handle = await openRegular(path)
  try {
    const { size } = await handle.stat()
    return { files: await listFiles(handle, path, size), close: () => handle.close() }
  } catch (error) {
    await handle.close()
    throw error
  }
}

async function listFiles(handle: FileHandle, path: string, size: number): Promise<readonly DatasetFile[]> {
  await checkEnds(handle, path, size)
  // An archive that was added to holds a file twice; the later one counts, as where it is unpacked.
  const files = new Map<string, DatasetFile>()
  let offset = 0
  let problem: Error | undefined
  const parser = new Parser({ strict: true })
  parser.on('entry', (entry) => {
    // The header's block has just been written: the file's bytes begin with the next one.
    const start = offset + blockBytes
    if (entry.path.length > maxPathLength) {
      problem ??= new DatasetError(
        `${path}: a path of ${entry.path.length} characters (${shownPath(entry.path)}); expected at most ${maxPathLength}`,
      )
    } else if (entry.type === 'File' || entry.type === 'OldFile') {
      const file = fileAt(handle, path, entry, start)
      files.set(file.path, file)
    }
    entry.resume()
  })
  parser.on('error', (error) => {
    // The first one is the cause; an archive that is left half-way ends early besides.
    problem ??= error instanceof Error ? error : new Error(String(error))
  })
  const chunk = new Uint8Array(2048 * blockBytes)
  while (offset < size && problem === undefined) {
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, offset)
    if (bytesRead === 0) break
    for (let at = 0; at < bytesRead && problem === undefined; at += blockBytes, offset += blockBytes) {
      parser.write(Buffer.from(chunk.slice(at, Math.min(at + blockBytes, bytesRead))))
      if (files.size > maxFiles)
        throw new DatasetError(`${path}: more than ${maxFiles} files; split the archive`)
    }
  }
  parser.end()
  if (problem instanceof DatasetError) throw problem
  if (problem !== undefined) {
    throw new DatasetError(
      `${path}: the archive is damaged or ends early (${problem.message.split('\n')[0]})`,
      { cause: problem },
    )
  }
  return [...files.values()]
}

/** The first block must be a header, the last one of the zeros that end an archive. */
async function checkEnds(handle: FileHandle, path: string, size: number): Promise<void> {
  const first = new Uint8Array(blockBytes)
  await handle.read(first, 0, Math.min(size, blockBytes), 0)
  if (first[0] === 0x1f && first[1] === 0x8b) {
    throw new DatasetError(`${path}: the archive is compressed; decompress it first, as by gunzip`)
  }
  if (size < 2 * blockBytes || !new Header(Buffer.from(first)).cksumValid) {
    throw new DatasetError(
      `${path}: not a tar archive (${size} bytes); expected a folder or a .tar of class folders, or a table (.csv)`,
    )
  }
  const last = new Uint8Array(blockBytes)
  await handle.read(last, 0, blockBytes, size - blockBytes)
  if (last.some((byte) => byte !== 0)) {
    throw new DatasetError(`${path}: the archive ends early (${size} bytes, no end mark); fetch it again`)
  }
}

function fileAt(
  handle: FileHandle,
  archive: string,
  { path, size }: { readonly path: string; readonly size: number },
  start: number,
): DatasetFile {
  return {
    path: path.replace(/^(\.\/)+/, ''),
    async read(limit = pictureLimits.fileBytes) {
      if (size > limit)
        throw new DatasetError(
          `${archive}: ${shownPath(path)} has ${size} bytes, more than the ${limit} that it may have`,
        )
      const bytes = new Uint8Array(size)
      const { bytesRead } = await handle.read(bytes, 0, size, start)
      if (bytesRead < size)
        throw new DatasetError(`${archive}: the archive ends early, in ${shownPath(path)}`)
      return bytes
    },
  }
}
