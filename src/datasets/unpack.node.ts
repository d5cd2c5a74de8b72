/**
 * Unpacks the files of one folder of a `.tar.gz`. The archive's hash was checked before; all the same only regular files with
 * plain names are written, so that no row of a table can make it write elsewhere.
 */
import { join } from 'node:path'
import { newFile } from '../bounded/new-file.node.ts'
import { TarDamage, type TarEntry, type TarSink, walkTarGz } from '../bounded/tar.node.ts'
import { DatasetError } from '../errors.ts'

/** Five times what the published sets have. */
const maxBytes = 1_000_000_000
const maxFiles = 1000
/** The most that gzip can do. */
const mostTimes = 1032
const plainName = /^[\w-][\w.-]{0,99}$/

/**
 * Writes the files of `folder` into the empty folder `into`.
 *
 * @throws DatasetError where the archive is damaged, too large or holds nothing there.
 */
export async function unpackFolder(
  name: string,
  archive: string,
  folder: string,
  into: string,
): Promise<void> {
  let [bytes, files] = [0, 0]
  const visit = ({ path, type, size }: TarEntry): TarSink | undefined => {
    const [outer, file = '', ...deeper] = path.replace(/^\.\//, '').split('/')
    if (outer !== folder || deeper.length > 0 || !plainName.test(file)) return undefined
    if (type !== 'File' && type !== 'OldFile') return undefined
    bytes += size
    files += 1
    if (bytes > maxBytes || files > maxFiles)
      throw new DatasetError(
        `${name}: the archive unpacks to more than ${maxBytes} bytes or ${maxFiles} files`,
      )
    return newFile(join(into, file))
  }
  try {
    await walkTarGz(archive, visit, { mostTimes })
  } catch (error) {
    if (!(error instanceof TarDamage)) throw error
    throw new DatasetError(`${name}: the archive is damaged (${error.message})`, { cause: error })
  }
  if (files === 0) throw new DatasetError(`${name}: the archive has no files in ${folder}/`)
}
