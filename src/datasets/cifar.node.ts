/**
 * The CIFAR binary files as their authors publish them (https://www.cs.toronto.edu/~kriz/cifar.html): records of the class's
 * number (CIFAR-100: that of its superclass first) and 32×32 pixels, the red plane, then the green, then the blue.
 */
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { DatasetError } from '../errors.ts'
import type { Picture } from '../images/picture.ts'
import { type CataloguedItem, inOrder, nothingToTell, type OpenCatalogue } from './dataset.ts'
import { openRegular } from './regular.node.ts'

interface Layout {
  readonly name: string
  /** The file of the classes' names, one on each line. */
  readonly names: string
  readonly classes: number
  /** Bytes before the pixels; the last one is the class. */
  readonly labelBytes: number
  readonly splits: Readonly<Record<'train' | 'test', readonly string[]>>
}

const layouts: readonly Layout[] = [
  {
    name: 'CIFAR-10',
    names: 'batches.meta.txt',
    classes: 10,
    labelBytes: 1,
    splits: {
      train: [1, 2, 3, 4, 5].map((number) => `data_batch_${number}.bin`),
      test: ['test_batch.bin'],
    },
  },
  {
    name: 'CIFAR-100',
    names: 'fine_label_names.txt',
    classes: 100,
    labelBytes: 2,
    splits: { train: ['train.bin'], test: ['test.bin'] },
  },
]

const side = 32
const planeBytes = side * side
const pixelBytes = 3 * planeBytes
/** Six times as large as the largest of the published files. */
const maxFileBytes = 1_000_000_000
const maxNamesBytes = 65_536
const recordsAtOnce = 1000

/** The layout whose files are in a folder, if any. */
export function cifarLayout(files: ReadonlySet<string>): Layout | undefined {
  return layouts.find(({ splits }) => [...splits.train, ...splits.test].some((file) => files.has(file)))
}

/**
 * Opens a folder of CIFAR binary files.
 *
 * @throws DatasetError for a file that is missing, of another length, or has a class out of range.
 */
export async function openCifar(
  name: string,
  folder: string,
  files: ReadonlySet<string>,
  layout: Layout,
): Promise<OpenCatalogue> {
  const { train, test } = layout.splits
  const missing = [layout.names, ...train, ...test].filter((file) => !files.has(file))
  if (missing.length > 0) {
    throw new DatasetError(
      `${name}: ${missing.join(', ')} of the ${layout.name} binary files is missing; unpack the archive again, or have it fetched by "resnet data"`,
    )
  }
  const handles: FileHandle[] = []
  const close = async () => {
    for (const handle of handles) await handle.close()
  }
  try {
    const classes = await readNames(join(folder, layout.names), layout)
    const items: CataloguedItem[] = []
    for (const split of ['train', 'test'] as const) {
      for (const file of layout.splits[split]) {
        const handle = await openRegular(join(folder, file))
        handles.push(handle)
        const labels = await readLabels(handle, `${name}/${file}`, layout)
        labels.forEach((label, index) => {
          const at = index * (layout.labelBytes + pixelBytes) + layout.labelBytes
          const item = `${file}/${String(index).padStart(5, '0')}`
          items.push({ file: item, class: label, split, read: () => readPixels(handle, at, item) })
        })
      }
    }
    return { name, classes, items: inOrder(items), ...nothingToTell, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function readNames(path: string, { classes, name }: Layout): Promise<readonly string[]> {
  const handle = await openRegular(path)
  try {
    const bytes = new Uint8Array(maxNamesBytes)
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0)
    const lines = new TextDecoder().decode(bytes.subarray(0, bytesRead)).split('\n')
    const names = lines.map((line) => line.trim()).filter((line) => line !== '')
    if (names.length === classes) return names
    throw new DatasetError(`${path}: names ${names.length} classes; ${name} has ${classes}, one on each line`)
  } finally {
    await handle.close()
  }
}

/** The classes of a file's records. */
async function readLabels(
  handle: FileHandle,
  file: string,
  { classes, labelBytes, name }: Layout,
): Promise<readonly number[]> {
  const recordBytes = labelBytes + pixelBytes
  const { size } = await handle.stat()
  if (size === 0 || size % recordBytes !== 0 || size > maxFileBytes) {
    throw new DatasetError(
      `${file}: ${size} bytes are no whole number of records; ${name} has ${recordBytes} bytes a picture`,
    )
  }
  const labels: number[] = []
  const chunk = new Uint8Array(recordsAtOnce * recordBytes)
  for (let at = 0; at < size; at += chunk.length) {
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, at)
    for (let record = 0; record < bytesRead; record += recordBytes) {
      const label = chunk[record + labelBytes - 1] ?? classes
      if (label >= classes) {
        throw new DatasetError(
          `${file}: picture ${labels.length} is of class ${label}; ${name} has the classes 0 to ${classes - 1}`,
        )
      }
      labels.push(label)
    }
  }
  return labels
}

async function readPixels(handle: FileHandle, at: number, file: string): Promise<Picture> {
  const planes = new Uint8Array(pixelBytes)
  const { bytesRead } = await handle.read(planes, 0, pixelBytes, at)
  if (bytesRead < pixelBytes) throw new DatasetError(`${file}: the file ends early; it was cut meanwhile`)
  const data = new Uint8Array(pixelBytes)
  for (let pixel = 0; pixel < planeBytes; pixel++) {
    for (let channel = 0; channel < 3; channel++) {
      data[pixel * 3 + channel] = planes[channel * planeBytes + pixel] ?? 0
    }
  }
  return { width: side, height: side, data }
}
