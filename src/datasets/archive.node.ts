/**
 * The files of a tar archive, to be read in any order. The archive is gone over once, so that the place of each file's bytes
 * is known; nothing is unpacked, and names are labels only.
 */
import type { FileHandle } from 'node:fs/promises'
import { isTarHeader, TarDamage, type TarEntry, TarWalk, tarBlock } from '../bounded/tar.node.ts'
import { DatasetError } from '../errors.ts'
import { type FileKind, headBytes, kindOf } from '../images/kinds.ts'
import { pictureLimits } from '../images/picture.ts'
import { ArchiveTree } from './archive-tree.ts'
import { type DatasetFile, shownPath } from './dataset.ts'
import { openRegular } from './regular.node.ts'
import { type Walked, walk } from './tree.ts'

const maxFiles = 5_000_000
/** As long as any path that a system opens. */
const maxPathLength = 4096

export interface Archive extends Walked {
  close(): Promise<void>
}

/** Throws `DatasetError` for what is no tar archive, is compressed, or ends early. */
export async function openArchive(path: string): Promise<Archive> {
  const handle = await openRegular(path)
  try {
    const { size } = await handle.stat()
    const tree = await readTree(handle, path, size)
    return { ...(await walk(tree, '', () => tooMany(path))), close: () => handle.close() }
  } catch (error) {
    await handle.close()
    throw error
  }
}

function tooMany(path: string): DatasetError {
  return new DatasetError(`${path}: more than ${maxFiles} files; split the archive`)
}

async function readTree(handle: FileHandle, path: string, size: number): Promise<ArchiveTree> {
  try {
    await checkEnds(handle, path, size)
    return await goOver(handle, path, size)
  } catch (error) {
    if (!(error instanceof TarDamage)) throw error
    throw new DatasetError(`${path}: the archive is damaged or ends early (${error.message})`, {
      cause: error,
    })
  }
}

async function goOver(handle: FileHandle, path: string, size: number): Promise<ArchiveTree> {
  const tree = new ArchiveTree()
  const chunk = new Uint8Array(2048 * tarBlock)
  let [offset, held] = [0, 0]
  /** What a file is, where the chunk at hand has its first bytes: reading them again would be most of the time of opening. */
  const kindAt = ({ start, size: bytes }: TarEntry) => {
    const [from, to] = [start - offset, start - offset + Math.min(bytes, headBytes)]
    return to <= held ? kindOf(chunk.subarray(from, to)) : undefined
  }
  const tar = new TarWalk((entry) => {
    if (entry.path.length > maxPathLength) {
      throw new DatasetError(
        `${path}: a path of ${entry.path.length} characters (${shownPath(entry.path)}); expected at most ${maxPathLength}`,
      )
    }
    if (entry.type === 'File' || entry.type === 'OldFile')
      tree.addFile(fileAt(handle, path, entry, kindAt(entry)))
    else if (entry.type === 'Directory') tree.addFolder(entry.path)
    else if (entry.type === 'SymbolicLink') tree.addSymbolicLink(entry.path, entry.target)
    else if (entry.type === 'Link') tree.addHardLink(entry.path, entry.target)
    if (tree.size > maxFiles) throw tooMany(path)
    return undefined
  })
  for (; offset < size; offset += held) {
    held = (await handle.read(chunk, 0, chunk.length, offset)).bytesRead
    if (held === 0) break
    tar.write(chunk.subarray(0, held))
  }
  tar.end()
  return tree
}

/** The first block must be a header, the last one of the zeros that end an archive. */
async function checkEnds(handle: FileHandle, path: string, size: number): Promise<void> {
  const first = new Uint8Array(tarBlock)
  await handle.read(first, 0, Math.min(size, tarBlock), 0)
  if (first[0] === 0x1f && first[1] === 0x8b) {
    throw new DatasetError(`${path}: the archive is compressed; decompress it first, as by gunzip`)
  }
  if (size < 2 * tarBlock || !isTarHeader(first)) {
    throw new DatasetError(
      `${path}: not a tar archive (${size} bytes); expected a folder or a .tar of class folders, or a table (.csv)`,
    )
  }
  const last = new Uint8Array(tarBlock)
  await handle.read(last, 0, tarBlock, size - tarBlock)
  if (last.some((byte) => byte !== 0)) {
    throw new DatasetError(`${path}: the archive ends early (${size} bytes, no end mark); fetch it again`)
  }
}

function fileAt(
  handle: FileHandle,
  archive: string,
  { path, size, start }: TarEntry,
  kind: FileKind | undefined,
): DatasetFile {
  return {
    path,
    async kind() {
      if (kind !== undefined) return kind
      const bytes = new Uint8Array(Math.min(size, headBytes))
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, start)
      return kindOf(bytes.subarray(0, bytesRead))
    },
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
