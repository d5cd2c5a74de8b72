/** Opens datasets and picture collections from disk: folders, tar archives and tables. */
import { stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { DatasetError, systemCode } from '../errors.ts'
import { type Archive, openArchive } from './archive.node.ts'
import { cifarLayout, openCifar } from './cifar.node.ts'
import { catalogueOfFolders } from './class-folders.ts'
import { openCsv } from './csv.node.ts'
import {
  type Catalogue,
  type DatasetFile,
  isHidden,
  type OpenCatalogue,
  type PictureList,
} from './dataset.ts'
import { readPicture, walkFolder } from './folder.node.ts'
import { Counter, passedOverText } from './passed-over.ts'
import { catalogueOfShards, classesFile, isShard, type Shard, splitOfShard } from './shards.ts'
import { sortFiles } from './sorted-files.ts'
import type { Walked } from './tree.ts'

/**
 * Everything that a path holds. What it is shows in what lies there: the CIFAR binary files, WebDataset shards (one or a
 * folder of them), a `.csv` or `.tsv` table of files and labels, or class folders, perhaps below `train/`, `val/` or `test/`, in a folder
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
  if (/\.(csv|tsv)$/i.test(path)) return openCsv(path)
  const archive = await openArchive(path)
  return closingOnError([archive], async () =>
    isShard(archive.files)
      ? catalogueOfShards(name, [{ prefix: '', split: undefined, files: archive.files }], undefined)
      : catalogueOfFolders(name, archive),
  )
}

async function openFolder(name: string, path: string): Promise<OpenCatalogue> {
  const walked = await walkFolder(path)
  const paths = new Set(walked.files.map((file) => file.path))
  const cifar = cifarLayout(paths)
  if (cifar !== undefined) return openCifar(name, path, paths, cifar)
  const shards = walked.files.filter((file) => /\.tar$/i.test(file.path) && !isHidden(file.path))
  // Shards lie alone; archives beside pictures are passed over.
  if (shards.length === 0 || (await holdsPicture(walked.files))) {
    return { ...(await catalogueOfFolders(name, walked)), close: async () => undefined }
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
      walked.files.find((file) => file.path === classesFile),
    )
  })
}

async function holdsPicture(files: readonly DatasetFile[]): Promise<boolean> {
  const { pictures } = await sortFiles(files, new Counter())
  return pictures.length > 0
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

/** The pictures that a path names: a file, those in a folder and below, those in a tar archive. Throws `DatasetError` where there are none. */
export async function listPictures(named: string): Promise<PictureList> {
  // `photos/` is `photos`, so that its pictures are called photos/a.jpg.
  const path = named.replace(/(?<=.)[\\/]+$/, '')
  if (await isFolder(path, 'picture'))
    return pictureList(path, await walkFolder(path), { separator: '/', close: async () => undefined })
  if (!path.toLowerCase().endsWith('.tar')) {
    const pictures = [{ file: path, read: () => readPicture(path) }]
    return { pictures, passedOver: [], notes: [], close: async () => undefined }
  }
  const archive = await openArchive(path)
  return pictureList(path, archive, { separator: ':', close: archive.close })
}

async function pictureList(
  path: string,
  walked: Walked,
  { separator, close }: { readonly separator: string; close(): Promise<void> },
): Promise<PictureList> {
  const { pictures } = await sortFiles(walked.files, walked.passedOver)
  const passedOver = walked.passedOver.list()
  if (pictures.length > 0) {
    const named = pictures
      .map((file) => ({ file: `${path}${separator}${file.path}`, read: file.read }))
      .sort((a, b) => (a.file < b.file ? -1 : 1))
    return { pictures: named, passedOver, notes: walked.notes, close }
  }
  await close()
  throw new DatasetError(
    `${path}: no pictures that are read in it${passedOver.length === 0 ? '; it is empty' : `, only ${passedOverText(passedOver)}`}`,
  )
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
