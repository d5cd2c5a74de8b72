/**
 * WebDataset shards (https://github.com/webdataset/webdataset): tar archives of samples, each some files of one key. Taken
 * are the picture (`KEY.jpg`, `.png`, `.webp`) and the number of its class (`KEY.cls`); a file `classes.txt` names the classes.
 */
import { DatasetError } from '../errors.ts'
import {
  type Catalogue,
  type CataloguedItem,
  type DatasetFile,
  inOrder,
  isHidden,
  nothingToTell,
  shownPath,
} from './dataset.ts'
import { Counter, passedOverText } from './passed-over.ts'
import { sortFiles } from './sorted-files.ts'
import { type Split, splitNamed } from './splits.ts'

export interface Shard {
  /** What its files' names begin with, for instance `train/000.tar:`. */
  readonly prefix: string
  readonly split: Split | undefined
  readonly files: readonly DatasetFile[]
}

/** The name of the file that names the classes, one on each line. */
export const classesFile = 'classes.txt'

const classEnding = /\.cls$/i
const maxClasses = 100_000
const maxNumberBytes = 64
const maxNamesBytes = 16 * 1024 * 1024

/** Whether an archive's files are samples rather than class folders. */
export function isShard(files: readonly DatasetFile[]): boolean {
  return files.some(({ path }) => classEnding.test(path) && !isHidden(path))
}

/** The split that a shard is in by its path: that of its folder, or one that its name holds (`train-000.tar`, `set_val_01.tar`). */
export function splitOfShard(path: string): Split | undefined {
  const words = path.toLowerCase().split(/[^a-z]+/)
  return words.map(splitNamed).find((split) => split !== undefined)
}

/**
 * The samples of all shards; `names` is the file that names the classes, where it lies beside them.
 *
 * @throws DatasetError where a picture has no class or a class no picture, or a number is none or out of range.
 */
export async function catalogueOfShards(
  name: string,
  shards: readonly Shard[],
  names: DatasetFile | undefined,
): Promise<Catalogue> {
  const without = shards.find(({ split }) => split === undefined)
  const within = shards.find(({ split }) => split !== undefined)
  if (without !== undefined && within !== undefined) {
    throw new DatasetError(
      `${name}: ${shownPath(without.prefix)} is in no split, but ${shownPath(within.prefix)} is in ${within.split}; put all shards below train/, val/ or test/, or none`,
    )
  }
  const inside = shards.flatMap(({ files }) => files).find(({ path }) => path === classesFile)
  const classes = await readNames(name, names ?? inside)
  const items: CataloguedItem[] = []
  const passedOver = new Counter()
  for (const shard of shards) await addSamples(items, name, shard, { classes, passedOver })
  if (items.length === 0)
    throw new DatasetError(`${name}: no pictures that are read, only ${passedOverText(passedOver.list())}`)
  const count = 1 + items.reduce((most, item) => Math.max(most, item.class), 0)
  return {
    name,
    classes: classes ?? Array.from({ length: count }, (_, index) => String(index)),
    items: inOrder(items),
    ...nothingToTell,
    passedOver: passedOver.list(),
  }
}

async function readNames(
  name: string,
  file: DatasetFile | undefined,
): Promise<readonly string[] | undefined> {
  if (file === undefined) return undefined
  const text = new TextDecoder().decode(await file.read(maxNamesBytes))
  const names = text.split('\n').map((line) => line.trim())
  while (names.at(-1) === '') names.pop()
  if (names.length > 0 && names.length <= maxClasses && !names.includes('')) return names
  throw new DatasetError(`${name}: ${classesFile} does not name a class on each line`)
}

interface Sample {
  picture?: DatasetFile
  number?: DatasetFile
}

async function addSamples(
  items: CataloguedItem[],
  name: string,
  { prefix, split, files }: Shard,
  given: { readonly classes: readonly string[] | undefined; readonly passedOver: Counter },
): Promise<void> {
  const { classes, passedOver } = given
  const samples = new Map<string, Sample>()
  const shown = (path: string) => `${name}: ${shownPath(`${prefix}${path}`)}`
  const add = (part: keyof Sample, file: DatasetFile) => {
    const sample = samples.get(keyOf(file.path)) ?? {}
    if (sample[part] !== undefined) {
      throw new DatasetError(
        `${shown(file.path)} is a second ${part} of the sample; expected KEY.jpg and KEY.cls`,
      )
    }
    sample[part] = file
    samples.set(keyOf(file.path), sample)
  }
  const isNumber = ({ path }: DatasetFile) => classEnding.test(path) && !isHidden(path)
  for (const file of files.filter(isNumber)) add('number', file)
  const rest = files.filter((file) => !isNumber(file) && file.path !== classesFile)
  for (const file of (await sortFiles(rest, passedOver)).pictures) add('picture', file)
  if (samples.size === 0)
    throw new DatasetError(`${shown('')} holds no samples; expected shards of KEY.jpg and KEY.cls`)
  for (const [key, { picture, number }] of samples) {
    if (number === undefined)
      throw new DatasetError(`${shown(key)} has no KEY.cls; expected the number of its class there`)
    if (picture === undefined) {
      passedOver.add(
        'sample without a picture that is read',
        'samples without a picture that is read',
        `${prefix}${key}`,
      )
      continue
    }
    const file = `${prefix}${picture.path}`
    const read = async () => ({ file, bytes: await picture.read() })
    items.push({ file, class: await readClass(number, shown(number.path), classes), split, read })
  }
}

/** The key ends at the first full stop of the file's name, as WebDataset has it. */
function keyOf(path: string): string {
  const start = path.lastIndexOf('/') + 1
  return path.slice(0, path.indexOf('.', start))
}

async function readClass(
  file: DatasetFile,
  shown: string,
  classes: readonly string[] | undefined,
): Promise<number> {
  const text = new TextDecoder().decode(await file.read(maxNumberBytes)).trim()
  const most = (classes?.length ?? maxClasses) - 1
  const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (number <= most) return number
  throw new DatasetError(`${shown} holds "${shownPath(text)}"; expected a class from 0 to ${most}`)
}
