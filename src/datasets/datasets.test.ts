/** Datasets as folders and archives, real ones and broken ones. */
import { mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { create, Header, update } from 'tar'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dataFile, dataFolder } from '../../test/data.ts'
import { DatasetError } from '../errors.ts'
import { kindOf } from '../images/kinds.ts'
import { catalogueOfFolders } from './class-folders.ts'
import { type DatasetItem, spread, takeSplit } from './dataset.ts'
import { imageNetClasses } from './imagenet-classes.ts'
import { listPictures, openDataset } from './open.ts'
import { Counter } from './passed-over.ts'
import type { Walked } from './tree.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'resnet-ts-datasets-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** What tells a picture by its bytes, then its own path: nothing here is decoded. */
const contentOf = (path: string) => (path.endsWith('.txt') ? path : `GIF89a${path}`)

/** Writes files below a new folder. */
async function files(name: string, paths: readonly string[]): Promise<string> {
  const root = join(folder, name)
  for (const path of paths) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), contentOf(path))
  }
  return root
}

/** The same as a tar archive. */
async function archive(name: string, paths: readonly string[]): Promise<string> {
  const root = await files(name, paths)
  const file = `${root}.tar`
  await create({ file, cwd: root }, ['.'])
  return file
}

const plain = [
  'cat/b.jpg',
  'cat/a.jpg',
  'dog/c.JPEG',
  'dog/.hidden.jpg',
  'dog/notes.txt',
  '__MACOSX/dog/c.jpg',
]
const splits = ['pets/train/cat/a.jpg', 'pets/train/dog/b.jpg', 'pets/test/cat/c.png', 'pets/test/dog/d.webp']

describe.each([
  ['a folder', files],
  ['an archive', archive],
])('%s of class folders', (kind, make) => {
  it('gives its classes and files in order, and their bytes', async () => {
    const dataset = await openDataset(await make(`plain-${kind.length}`, plain))
    expect(dataset.classes).toEqual(['cat', 'dog'])
    expect(dataset.items.map(({ file, class: index }) => [file, index])).toEqual([
      ['cat/a.jpg', 0],
      ['cat/b.jpg', 0],
      ['dog/c.JPEG', 1],
    ])
    const contents = await Promise.all([...dataset.items].reverse().map(bytesOf))
    expect(contents.map((bytes) => new TextDecoder().decode(bytes))).toEqual(
      ['dog/c.JPEG', 'cat/b.jpg', 'cat/a.jpg'].map(contentOf),
    )
    await dataset.close()
  })

  it('takes the split that is asked for, and test rather than train without one', async () => {
    const path = await make(`splits-${kind.length}`, splits)
    const test = await openDataset(path)
    expect(test.split).toBe('test')
    const train = await openDataset(path, { split: 'train' })
    expect(train.items.map(({ file }) => file)).toEqual(['pets/train/cat/a.jpg', 'pets/train/dog/b.jpg'])
    await expect(openDataset(path, { split: 'val' })).rejects.toThrow(
      'has no split "val"; it has test, train',
    )
    await test.close()
    await train.close()
  })

  it('numbers the classes of all splits alike', async () => {
    const path = await make(`uneven-${kind.length}`, ['train/ant/a.jpg', 'train/bee/b.jpg', 'test/bee/c.jpg'])
    const dataset = await openDataset(path, { split: 'test' })
    expect(dataset.classes).toEqual(['ant', 'bee'])
    expect(dataset.items.map((item) => item.class)).toEqual([1])
    await dataset.close()
  })

  it('lists pictures for whoever asks for no classes', async () => {
    const list = await listPictures(await make(`list-${kind.length}`, plain))
    expect(list.pictures).toHaveLength(3)
    await list.close()
  })
})

describe('an archive', () => {
  it('that was added to holds the later of two files of one name', async () => {
    const path = await archive('added', ['cat/a.jpg', 'dog/b.jpg'])
    const later = join(folder, 'added-later')
    await mkdir(join(later, 'cat'), { recursive: true })
    await writeFile(join(later, 'cat/a.jpg'), 'GIF89alater')
    await update({ file: path, cwd: later }, ['./cat/a.jpg'])
    const dataset = await openDataset(path)
    expect(dataset.items.map(({ file }) => file)).toEqual(['cat/a.jpg', 'dog/b.jpg'])
    expect(new TextDecoder().decode(await bytesOf(dataset.items[0]))).toBe('GIF89alater')
    await dataset.close()
  })

  it('may be older than the mark "ustar"', async () => {
    const path = await archive('old', ['cat/a.jpg', 'dog/b.jpg'])
    const bytes = await readFile(path)
    for (let at = 0; at < bytes.length; at += 512) {
      const header = new Header(bytes, at)
      if (header.cksumValid) unmark(bytes.subarray(at, at + 512))
    }
    await writeFile(path, bytes)
    const dataset = await openDataset(path)
    expect(dataset.classes).toEqual(['cat', 'dog'])
    await dataset.close()
  })

  it('of deep paths is read in little time, whatever wraps the classes', async () => {
    const deep = 'a/'.repeat(2000)
    const dataset = await catalogueOfFolders('deep.tar', walked([`${deep}cat/a.jpg`, `${deep}dog/b.jpg`]))
    expect(dataset.classes).toEqual(['cat', 'dog'])
    const hostile = await catalogueOfFolders('deep.tar', walked([`${'a/'.repeat(100_000)}b.jpg`]))
    expect(hostile.classes).toEqual(['a'])
  })
})

/** A header without its mark, as before POSIX.1-1988. */
function unmark(header: Uint8Array): void {
  header.fill(0, 257, 265)
  header.fill(0x20, 148, 156)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.set(new TextEncoder().encode(`${sum.toString(8).padStart(6, '0')}\0 `), 148)
}

async function bytesOf(item: DatasetItem | undefined): Promise<Uint8Array> {
  const picture = await item?.read()
  return picture !== undefined && 'bytes' in picture ? picture.bytes : new Uint8Array()
}

/** Pictures of these paths, as a walk finds them. */
function walked(paths: readonly string[]): Walked {
  const bytes = async () => new TextEncoder().encode('GIF89a')
  const files = paths.map((path) => ({ path, kind: async () => kindOf(await bytes()), read: bytes }))
  return { files, emptyFolders: [], passedOver: new Counter(), notes: [] }
}

describe('splits', () => {
  it('are never train unless it is asked for', async () => {
    const catalogue = await catalogueOfFolders('x', walked(['train/cat/a.jpg', 'train/dog/b.jpg']))
    expect(() => takeSplit(catalogue, undefined)).toThrow('x: has no val or test, only train')
    expect(takeSplit(catalogue, 'train').items).toHaveLength(2)
  })

  it('and other folders are told on one line, whatever they are called', async () => {
    const files = walked(['train/a/x.jpg', `a\n\u001b[31mb/${'c'.repeat(500)}/x.jpg`])
    await expect(catalogueOfFolders('x', files)).rejects.toThrow(/^x: a\?\[31mb\/ lies beside train\//)
  })
})

describe('what is no dataset', () => {
  const refusals: readonly [string, () => Promise<string>, string][] = [
    ['nothing', async () => join(folder, 'nowhere'), 'no such dataset; give a file, a folder or a .tar'],
    [
      'loose pictures',
      () => files('loose', ['a.jpg', 'b.jpg']),
      'lies in no class folder; expected CLASS/FILE',
    ],
    [
      'no pictures',
      () => files('texts', ['cat/a.txt']),
      'no pictures that are read, only 1 text file (cat/a.txt)',
    ],
    [
      'a compressed archive',
      async () => {
        const path = await archive('packed', plain)
        await writeFile(`${path}.gz`, gzipSync(await readFile(path)))
        return `${path}.gz`
      },
      'the archive is compressed; decompress it first',
    ],
    [
      'an archive that ends early',
      async () => {
        const path = await archive('short', plain)
        await truncate(path, 2048)
        return path
      },
      'ends early',
    ],
    [
      'an empty file',
      async () => {
        await writeFile(join(folder, 'empty.tar'), '')
        return join(folder, 'empty.tar')
      },
      'not a tar archive (0 bytes); expected a folder',
    ],
    [
      'another file',
      async () => {
        await writeFile(join(folder, 'other.tar'), 'x'.repeat(4096))
        return join(folder, 'other.tar')
      },
      'not a tar archive (4096 bytes); expected a folder or a .tar of class folders',
    ],
    ['a device', async () => '/dev/null', 'a pipe or device; give a file, a folder or a .tar'],
    [
      'an archive of an endless path',
      async () => {
        const path = join(folder, 'endless.tar')
        const record = ` path=${'a/'.repeat(3000)}x.jpg\n`
        const body = `${record.length + 4}${record}`
        const header = (type: 'ExtendedHeader' | 'File', size: number) => {
          const bytes = Buffer.alloc(512)
          new Header({ path: 'cat/x.jpg', type, size, mode: 0o644 }).encode(bytes)
          return bytes
        }
        const padded = Buffer.alloc(Math.ceil(body.length / 512) * 512)
        padded.write(body)
        const parts = [header('ExtendedHeader', body.length), padded, header('File', 512), Buffer.alloc(1536)]
        await writeFile(path, Buffer.concat(parts))
        return path
      },
      'a path of 6005 characters',
    ],
  ]

  it.each(refusals)('%s is refused in words', async (_title, make, message) => {
    const path = await make()
    await expect(openDataset(path)).rejects.toThrow(DatasetError)
    await expect(openDataset(path)).rejects.toThrow(message)
  })
})

describe('a limit', () => {
  it('takes items at even distances, so that every class has its share', () => {
    const items = Array.from({ length: 1000 }, (_, i) => Math.floor(i / 100))
    const taken = spread(items, 50)
    expect(taken).toHaveLength(50)
    expect(new Set(taken).size).toBe(10)
    expect(spread(items, undefined)).toBe(items)
    expect(spread(items, 2000)).toBe(items)
  })
})

describe('the classes of ImageNet', () => {
  it('are a thousand, each with its own WordNet id', () => {
    const classes = imageNetClasses()
    expect(classes).toHaveLength(1000)
    expect(new Set(classes.map(({ id }) => id)).size).toBe(1000)
    expect(classes[0]).toEqual({ id: 'n01440764', name: 'tench' })
    expect(classes[920]?.name).toBe('traffic light')
  })
})

describe.skipIf(dataFolder === undefined)('real archives', () => {
  it('CIFAR-10 has 10,000 test pictures of ten classes', async () => {
    const dataset = await openDataset(dataFile('cifar10-jpeg.tar'), { split: 'test' })
    expect(dataset.classes).toHaveLength(10)
    expect(dataset.items).toHaveLength(10_000)
    const [first, last] = [await bytesOf(dataset.items[0]), await bytesOf(dataset.items.at(-1))]
    for (const bytes of [first, last]) expect([...bytes.subarray(0, 3)]).toEqual([0xff, 0xd8, 0xff])
    await dataset.close()
  })

  it('the ImageNet sample has one photograph of every fifth class', async () => {
    const dataset = await openDataset(dataFile('imagenet-200.tar'))
    expect(dataset.split).toBe('val')
    expect(dataset.items).toHaveLength(200)
    const ids = imageNetClasses().map(({ id }) => id)
    expect(dataset.classes.every((id) => ids.indexOf(id) % 5 === 0)).toBe(true)
    await dataset.close()
  })
})
