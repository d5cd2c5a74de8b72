/**
 * Files and folders of the disk as byte sources, in Node. Reads are positional, so many may run at once, and a file of
 * many gigabytes is read only where it is asked for. The twin for browsers is `bytes.browser.ts`.
 */
import { type FileHandle, open, readdir, realpath, stat } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fetchedBytes, shortName } from '../bounded/given-bytes.ts'
import { ArgumentError, CheckpointError, ResourceError, systemCode } from '../errors.ts'
import { type ByteSource, checkInnerPath, checkRange, type Folder, sourceOfBytes } from './bytes.ts'

/** One `read` of the system takes less than 2 GB; longer ranges go in pieces. */
const longestRead = 2 ** 30

/**
 * Opens a file for reading by ranges. Throws `CheckpointError` where `path` names nothing, a folder, something that is
 * not an ordinary file, or an empty file.
 */
export async function openFile(path: string): Promise<ByteSource> {
  const found = await describe(path)
  if (found.isDirectory()) {
    throw new CheckpointError(`${path}: is a folder, not a file; name a checkpoint file inside it`)
  }
  if (!found.isFile()) throw new CheckpointError(`${path}: is not an ordinary file (a pipe or a device)`)
  if (found.size === 0) throw new CheckpointError(`${path}: is empty (0 bytes); fetch or copy it again`)
  let handle: FileHandle
  try {
    handle = await open(path, 'r')
  } catch (error) {
    throw unreadable(path, error)
  }
  return {
    name: path,
    size: found.size,
    async read(offset, length) {
      checkRange(path, found.size, offset, length)
      return readRange(handle, path, offset, length)
    },
    async close() {
      await handle.close()
    },
    beside: (name) => openIfThere(join(dirname(path), checkInnerPath(dirname(path), name))),
  }
}

/** Opens what an address holds, where that needs no network. Throws `ArgumentError` for others. */
export async function openAddress(address: string): Promise<ByteSource> {
  const name = shortName(address)
  if (/^file:/i.test(address)) return openFile(fileURLToPath(address))
  const rules = { name, limit: Number.POSITIVE_INFINITY, error: CheckpointError }
  if (/^(data|blob):/i.test(address)) return sourceOfBytes(name, await fetchedBytes(address, rules))
  throw new ArgumentError(
    `${name}: models are not fetched from addresses; download the file and name its path`,
  )
}

/** Links are followed, as a person who named the path would follow them. */
async function openIfThere(path: string): Promise<ByteSource | undefined> {
  const found = await stat(path).catch(() => undefined)
  return found?.isFile() && found.size > 0 ? openFile(path) : undefined
}

/**
 * A folder whose files may be opened by relative path. Symbolic links are followed only while they stay inside. Throws
 * `CheckpointError` where `path` is not a folder.
 */
export async function openFolder(path: string): Promise<Folder> {
  const found = await describe(path)
  if (!found.isDirectory()) throw new CheckpointError(`${path}: is not a folder`)
  const root = await realpath(path)
  return {
    name: path,
    async list() {
      const entries = await readdir(root, { withFileTypes: true }).catch((error: unknown) => {
        throw unreadable(path, error)
      })
      return entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name)).sort()
    },
    async open(inner) {
      const asked = join(root, checkInnerPath(path, inner))
      let real: string
      try {
        real = await realpath(asked)
      } catch (error) {
        throw unreadable(join(path, inner), error)
      }
      const inside = root.endsWith(sep) ? root : root + sep
      if (!real.startsWith(inside)) {
        throw new CheckpointError(
          `${path}: ${inner} is a link that leads outside this folder; copy the file into it`,
        )
      }
      return { ...(await openFile(real)), name: join(path, inner) }
    },
  }
}

async function describe(path: string) {
  try {
    return await stat(path)
  } catch (error) {
    throw unreadable(path, error)
  }
}

async function readRange(
  handle: FileHandle,
  path: string,
  offset: number,
  length: number,
): Promise<Uint8Array> {
  let bytes: Uint8Array
  try {
    bytes = new Uint8Array(length)
  } catch (error) {
    throw new ResourceError(`${path}: this machine cannot give ${length} bytes of memory at once`, {
      cause: error,
    })
  }
  let done = 0
  while (done < length) {
    const { bytesRead } = await handle
      .read(bytes, done, Math.min(length - done, longestRead), offset + done)
      .catch((error: unknown) => {
        throw unreadable(path, error)
      })
    if (bytesRead === 0) {
      throw new CheckpointError(`${path}: became shorter while it was read; it ends at ${offset + done}`)
    }
    done += bytesRead
  }
  return bytes
}

function unreadable(path: string, error: unknown): CheckpointError {
  const code = systemCode(error) ?? 'unknown error'
  const reasons: Record<string, string> = {
    ENOENT: 'there is no such file or folder; check the path',
    ENOTDIR: 'a part of the path is a file, not a folder; check the path',
    EACCES: 'may not be read by this user; check its permissions',
    ELOOP: 'is a symbolic link that leads to itself',
    ENAMETOOLONG: 'the path is longer than the system allows',
  }
  return new CheckpointError(`${path}: ${reasons[code] ?? `cannot be read (${code})`}`, { cause: error })
}
