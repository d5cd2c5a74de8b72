/** Opens datasets and picture collections from disk: folders, tar archives and tables. */
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { DatasetError, ImageError, systemCode } from '../errors.ts'
import { pictureLimits } from '../images/picture.ts'
import { type Archive, openArchive } from './archive.node.ts'
import { cifarLayout, openCifar } from './cifar.node.ts'
import { catalogueOfFolders } from './class-folders.ts'
import { openCsv } from './csv.node.ts'
import { type Catalogue, type DatasetFile, isHidden, isPicturePath, type OpenCatalogue } from './dataset.ts'
import { catalogueOfShards, classesFile, isShard, type Shard, splitOfShard } from './shards.ts'

/**
 * Everything that a path holds. What it is shows in what lies there: the CIFAR binary files, WebDataset shards (one or a
 * folder of them), a `.csv` table of `file,label`, or class folders, perhaps below `train/`, `val/` or `test/`, in a folder
 * or a `.tar`.
 *
 * @throws DatasetError for what is no dataset.
 */
export async function openCatalogue(path: string): Promise<OpenCatalogue> {
  try {
    return await openAny(basename(resolve(path)), path)
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error
    throw new DatasetError(`${path}: cannot be read (${error.message})`, { cause: error })
  }
}

async function openAny(name: string, path: string): Promise<OpenCatalogue> {
  if (await isFolder(path, 'dataset')) return openFolder(name, path)
  if (/\.csv$/i.test(path)) return openCsv(path, readPicture)
  const archive = await openArchive(path)
  return closingOnError([archive], async () =>
    isShard(archive.files)
      ? catalogueOfShards(name, [{ prefix: '', split: undefined, files: archive.files }], undefined)
      : catalogueOfFolders(name, archive.files),
  )
}

async function openFolder(name: string, path: string): Promise<OpenCatalogue> {
  const files = await filesIn(path)
  const paths = new Set(files.map((file) => file.path))
  const cifar = cifarLayout(paths)
  if (cifar !== undefined) return openCifar(name, path, paths, cifar)
  const shards = files.filter((file) => /\.tar$/i.test(file.path) && !isHidden(file.path))
  if (shards.length === 0 || files.some((file) => isPicturePath(file.path))) {
    return { ...catalogueOfFolders(name, files), close: async () => undefined }
  }
  const archives: Archive[] = []
  return closingOnError(archives, async () => {
    const opened: Shard[] = []
    for (const shard of shards.sort((a, b) => (a.path < b.path ? -1 : 1))) {
      const archive = await openArchive(join(path, shard.path))
      archives.push(archive)
      opened.push({ prefix: `${shard.path}:`, split: splitOfShard(shard.path), files: archive.files })
    }
    return catalogueOfShards(
      name,
      opened,
      files.find((file) => file.path === classesFile),
    )
  })
}

/** A catalogue that closes its archives, which are closed at once where there is none. */
async function closingOnError(
  archives: readonly Archive[],
  make: () => Promise<Catalogue>,
): Promise<OpenCatalogue> {
  const close = async () => {
    for (const archive of archives) await archive.close()
  }
  try {
    return { ...(await make()), close }
  } catch (error) {
    await close()
    throw error
  }
}

/** A picture that was named, or found where a folder or archive was named. */
export interface ListedPicture {
  readonly file: string
  read(): Promise<Uint8Array>
}

export interface PictureList {
  readonly pictures: readonly ListedPicture[]
  close(): Promise<void>
}

/** The pictures that a path names: a file, those in a folder and below, those in a tar archive. Throws `DatasetError` where there are none. */
export async function listPictures(path: string): Promise<PictureList> {
  const named = (files: readonly DatasetFile[], separator: string) =>
    files
      .filter((file) => isPicturePath(file.path))
      .map((file) => ({ file: `${path}${separator}${file.path}`, read: file.read }))
      .sort((a, b) => (a.file < b.file ? -1 : 1))
  if (await isFolder(path, 'picture')) {
    return some(path, { pictures: named(await filesIn(path), '/'), close: async () => undefined })
  }
  if (!path.toLowerCase().endsWith('.tar')) {
    return { pictures: [{ file: path, read: () => readPicture(path) }], close: async () => undefined }
  }
  const archive = await openArchive(path)
  return some(path, { pictures: named(archive.files, ':'), close: archive.close })
}

async function some(path: string, list: PictureList): Promise<PictureList> {
  if (list.pictures.length > 0) return list
  await list.close()
  throw new DatasetError(`${path}: no pictures (JPEG, PNG, WebP) in it`)
}

async function readPicture(path: string, limit: number = pictureLimits.fileBytes): Promise<Uint8Array> {
  const unread = (error: unknown) => {
    throw new ImageError(`${path}: cannot be read (${systemCode(error) ?? error})`, { cause: error })
  }
  const found = await stat(path).catch(unread)
  // A device or pipe has no size to check, and may never end.
  if (!found.isFile()) throw new ImageError(`${path}: not a regular file; give a picture`)
  const { size } = found
  if (size > limit) throw new ImageError(`${path}: ${size} bytes are more than the ${limit} that it may have`)
  return readFile(path).catch(unread)
}

/** Whether it is a folder rather than a file. A pipe or device is neither: reading one may never end. */
async function isFolder(path: string, what: string): Promise<boolean> {
  const status = await stat(path).catch((error: unknown) => {
    throw new DatasetError(
      ['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')
        ? `${path}: no such ${what}; give a file, a folder or a .tar`
        : `${path}: cannot be read (${systemCode(error) ?? error})`,
      { cause: error },
    )
  })
  if (!status.isDirectory() && !status.isFile())
    throw new DatasetError(`${path}: a pipe or device; give a file, a folder or a .tar`)
  return status.isDirectory()
}

/** All files below a folder; a link to a file is that file, links to folders are not followed. */
async function filesIn(folder: string): Promise<readonly DatasetFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    throw new DatasetError(`${folder}: cannot be read (${systemCode(error) ?? error})`, { cause: error })
  })
  return entries
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .map((entry) => {
      const full = join(entry.parentPath, entry.name)
      const path = full.slice(join(folder, 'x').length - 1).replaceAll('\\', '/')
      return { path, read: (limit) => readPicture(full, limit) }
    })
}
