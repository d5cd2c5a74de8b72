/**
 * Unpacks the files of one folder of a `.tar.gz`. The archive's hash was checked before; all the same only regular files with
 * plain names are written, so that no row of a table can make it write elsewhere.
 */
import { extract, ReadEntry } from 'tar'
import { DatasetError } from '../errors.ts'

/** Five times what the published sets have. */
const maxBytes = 1_000_000_000
const maxFiles = 1000
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
  const isWanted = (path: string, entry: ReadEntry) => {
    const [outer, file = '', ...deeper] = path.replace(/^\.\//, '').split('/')
    return (
      outer === folder &&
      deeper.length === 0 &&
      plainName.test(file) &&
      ['File', 'OldFile'].includes(entry.type)
    )
  }
  const filter: NonNullable<Parameters<typeof extract>[0]>['filter'] = (path, entry) => {
    if (!(entry instanceof ReadEntry) || !isWanted(path, entry)) return false
    bytes += entry.size
    files += 1
    return bytes <= maxBytes && files <= maxFiles
  }
  try {
    await extract({
      file: archive,
      cwd: into,
      strip: 1,
      strict: true,
      preserveOwner: false,
      noMtime: true,
      filter,
    })
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) throw error
    throw new DatasetError(
      `${name}: the archive is damaged (${error instanceof Error ? error.message : error})`,
      {
        cause: error,
      },
    )
  }
  if (bytes > maxBytes || files > maxFiles)
    throw new DatasetError(`${name}: the archive unpacks to more than ${maxBytes} bytes or ${maxFiles} files`)
  if (files === 0) throw new DatasetError(`${name}: the archive has no files in ${folder}/`)
}
