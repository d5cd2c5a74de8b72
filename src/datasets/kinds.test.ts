/** The kinds of datasets beside class folders: CIFAR's binary files, tables and shards, real files and broken ones. */
import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { create } from 'tar'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cifar10Files, cifar10Names, cifarRecord, writeFiles } from '../../test/cifar-files.ts'
import { DatasetError } from '../errors.ts'
import { decodePicture } from '../images/decode.node.ts'
import type { EncodedPicture, Picture } from '../images/picture.ts'
import { openDataset } from './open.ts'

let folder = ''
let red: Buffer = Buffer.alloc(0)
let blue: Buffer = Buffer.alloc(0)
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'resnet-ts-kinds-'))
  red = await ofColour('red').jpeg().toBuffer()
  blue = await ofColour('blue').png().toBuffer()
})
afterAll(() => rm(folder, { recursive: true, force: true }))

function ofColour(background: string) {
  return sharp({ create: { width: 8, height: 6, channels: 3, background } })
}

type Files = readonly { readonly path: string; readonly content: Uint8Array | string }[]

const write = (name: string, files: Files) => writeFiles(join(folder, name), files)

/** The same files as a tar archive, which lies beside the folder. */
async function shard(name: string, files: Files): Promise<string> {
  const cwd = await write(`${name}.files`, files)
  const file = join(folder, name)
  await writeFiles(join(file, '..'), [])
  await create(
    { file, cwd },
    files.map(({ path }) => path),
  )
  return file
}

/** Red, green and blue of the middle, decoded. */
async function colour(picture: EncodedPicture | Picture | undefined): Promise<readonly number[]> {
  if (picture === undefined) return []
  const { width, height, data } = 'bytes' in picture ? await decodePicture(picture) : picture
  const at = (Math.floor(height / 2) * width + Math.floor(width / 2)) * 3
  return [...data.subarray(at, at + 3)]
}

async function refusal(path: Promise<string>, split?: string): Promise<string> {
  const error: unknown = await openDataset(await path, split === undefined ? {} : { split }).catch(
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(DatasetError)
  return error instanceof Error ? error.message : ''
}

describe('the CIFAR binary files', () => {
  it('of ten classes give pixels, with the test pictures unless others are asked for', async () => {
    const path = await write('cifar10', cifar10Files(2))
    const test = await openDataset(path)
    expect(test.classes).toEqual(cifar10Names)
    expect([test.split, test.items.length]).toEqual(['test', 20])
    expect(test.items[2]).toMatchObject({ file: 'test_batch.bin/00001', class: 1 })
    const picture = await test.items[2]?.read()
    expect(picture).toMatchObject({ width: 32, height: 32 })
    expect(await colour(picture)).toEqual([1, 100, 200])
    await test.close()
    const train = await openDataset(path, { split: 'train' })
    expect(train.items).toHaveLength(100)
    await train.close()
  })

  it('of a hundred classes take the fine ones', async () => {
    const names = Array.from({ length: 100 }, (_, i) => `fine ${String(i).padStart(2, '0')}`)
    const records = Buffer.concat([cifarRecord([3, 99], [1, 2, 3]), cifarRecord([19, 4], [7, 8, 9])])
    const path = await write('cifar100', [
      { path: 'fine_label_names.txt', content: names.join('\n') },
      { path: 'train.bin', content: records },
      { path: 'test.bin', content: records },
    ])
    const dataset = await openDataset(path)
    expect(dataset.classes).toHaveLength(100)
    expect(dataset.items.map((item) => item.class)).toEqual([4, 99])
    expect(await colour(await dataset.items[0]?.read())).toEqual([7, 8, 9])
    await dataset.close()
  })

  it('that are damaged are refused by name', async () => {
    const good = cifar10Files(1)
    const replaced = (path: string, content: Uint8Array | string) =>
      good.map((file) => (file.path === path ? { path, content } : file))
    const without = write(
      'missing',
      good.filter(({ path }) => path !== 'data_batch_3.bin'),
    )
    expect(await refusal(without)).toContain('data_batch_3.bin of the CIFAR-10 binary files is missing')
    const short = write('short', replaced('test_batch.bin', good[1]?.content.subarray(1) ?? ''))
    expect(await refusal(short)).toContain('short/test_batch.bin: 30729 bytes are no whole number of records')
    const wrong = write('wrong', replaced('data_batch_2.bin', cifarRecord([10], [0, 0, 0])))
    expect(await refusal(wrong)).toContain(
      'data_batch_2.bin: picture 0 is of class 10; CIFAR-10 has the classes 0 to 9',
    )
    const linked = write('linked', replaced('test_batch.bin', '')).then(async (path) => {
      await rm(join(path, 'test_batch.bin'))
      await symlink('/dev/zero', join(path, 'test_batch.bin'))
      return path
    })
    expect(await refusal(linked)).toContain('test_batch.bin of the CIFAR-10 binary files is missing')
    const dangling = write('dangling', replaced('test_batch.bin', '')).then(async (path) => {
      await rm(join(path, 'test_batch.bin'))
      await symlink('nowhere', join(path, 'test_batch.bin'))
      return path
    })
    expect(await refusal(dangling)).toContain('test_batch.bin of the CIFAR-10 binary files is missing')
    const nameless = write('nameless', replaced('batches.meta.txt', 'airplane\n'))
    expect(await refusal(nameless)).toContain('names 1 classes; CIFAR-10 has 10')
  })
})

describe('a table', () => {
  const pictures = () => [
    { path: 'a/one.jpg', content: red },
    { path: 'two, or "2".png', content: blue },
  ]
  const table = (name: string, csv: string) =>
    write(name, [...pictures(), { path: 'set.csv', content: csv }]).then((path) => join(path, 'set.csv'))

  it('of two columns names files beside or below it, quoted where need be', async () => {
    const path = await table('plain', '"two, or ""2"".png",sea\r\n\r\n./a/one.jpg, "fire, red"\r\n')
    const dataset = await openDataset(path)
    expect(dataset.classes).toEqual(['fire, red', 'sea'])
    expect(dataset.items.map(({ file }) => file)).toEqual(['a/one.jpg', 'two, or "2".png'])
    expect(await colour(await dataset.items[0]?.read())).toEqual([254, 0, 0])
    expect(await colour(await dataset.items[1]?.read())).toEqual([0, 0, 255])
  })

  it('may name its columns, a split among them', async () => {
    const csv = '\ufeffid,Label,file,split\n1,10,a/one.jpg,train\n2,9,"two, or ""2"".png",val\n'
    const dataset = await openDataset(await table('columns', csv))
    expect(dataset.classes).toEqual(['9', '10'])
    expect(dataset.items.map(({ file }) => file)).toEqual(['two, or "2".png'])
  })

  it.each([
    ['', 'the table names no pictures; expected file,label'],
    ['file,label\n', 'the table names no pictures'],
    ['Bild,Klasse\n', 'none of its 1 pictures can be read: 1 missing file (line 1: Bild)'],
    ['a/one.jpg\n', 'line 1: 1 column ("a/one.jpg"); expected file,label'],
    ['a/one.jpg,x\n\n"two, or ""2"".png",\n', 'line 3: its label is empty'],
    ['file,label\na/one.jpg\n', 'line 2: its label is empty'],
    ['a/one.jpg,x\na/one.jpg,y\n', 'line 2: a/one.jpg is listed already, on line 1, with another class'],
    ['../a.jpg,x\n', 'none of its 1 pictures can be read: 1 missing file (line 1: ../a.jpg)'],
    ['one.jpg,x\n', 'one.jpg (line 1) lies in a/; move the table there, or name a/one.jpg'],
    ['set.csv,x\n', 'none of its 1 pictures can be read: 1 text file (set.csv)'],
    ['file,label,split\na/one.jpg,x,dark\n', 'line 2: its split is "dark"; expected train, val (valid'],
    ['file,cat,dog\na/one.jpg,1,0\n', '3 columns ("file", "cat", "dog"); expected file,label'],
    ['a/one.jpg,"x\n', 'no table of file,label'],
    [`a/one.jpg,${'x'.repeat(300)}\n`, 'line 1: its label is no name'],
  ])('%j is refused in words', async (csv, message) => {
    expect(await refusal(table('bad', csv))).toContain(message)
  })
})

describe('shards', () => {
  const samples = (): Files => [
    { path: '0001.jpg', content: red },
    { path: '0001.cls', content: '1' },
    { path: '0001.json', content: '{}' },
    { path: 'x/0002.png', content: blue },
    { path: 'x/0002.cls', content: ' 0\n' },
  ]

  it('in one archive have numbers for classes', async () => {
    const dataset = await openDataset(await shard('one.tar', samples()))
    expect(dataset.classes).toEqual(['0', '1'])
    expect(dataset.items.map((item) => [item.file, item.class])).toEqual([
      ['x/0002.png', 0],
      ['0001.jpg', 1],
    ])
    expect(await colour(await dataset.items[1]?.read())).toEqual([254, 0, 0])
    await dataset.close()
  })

  it('in folders or by their names are in splits, and a list names their classes', async () => {
    await write('set', [{ path: 'classes.txt', content: 'sea\nfire\nwood\n' }])
    for (const name of ['train/000.tar', 'train/001.tar', 'set-val-000.tar'])
      await shard(`set/${name}`, samples())
    // The folders that the archives were made of hold pictures, as no folder of shards does.
    for (const name of ['train/000.tar', 'train/001.tar', 'set-val-000.tar'])
      await rm(join(folder, `set/${name}.files`), { recursive: true })
    const val = await openDataset(join(folder, 'set'))
    expect(val.classes).toEqual(['sea', 'fire', 'wood'])
    expect(val.items.map(({ file }) => file)).toEqual([
      'set-val-000.tar:x/0002.png',
      'set-val-000.tar:0001.jpg',
    ])
    await val.close()
    const train = await openDataset(join(folder, 'set'), { split: 'train' })
    expect(train.items).toHaveLength(4)
    expect(await colour(await train.items[3]?.read())).toEqual([254, 0, 0])
    await train.close()
  })

  const one = (path: string, content: Uint8Array | string): Files => [{ path, content }]
  it.each<readonly [string, () => Files, string]>([
    [
      'a class without a picture',
      () => one('a.cls', '0'),
      'no pictures that are read, only 1 sample without a picture that is read',
    ],
    ['a picture without a class', () => [...samples(), ...one('b.jpg', red)], 'b has no KEY.cls'],
    ['two pictures', () => [...samples(), ...one('0001.png', blue)], '0001.png is a second picture'],
    [
      'a word for a class',
      () => [...samples().slice(0, 1), ...one('0001.cls', 'cat')],
      '0001.cls holds "cat"; expected a class from 0',
    ],
    [
      'a class out of range',
      () => [...samples(), ...one('classes.txt', 'sea\n')],
      '0001.cls holds "1"; expected a class from 0 to 0',
    ],
    [
      'a long class',
      () => [...samples().slice(0, 1), ...one('0001.cls', '1'.repeat(99))],
      '0001.cls has 99 bytes',
    ],
    [
      'a list with a gap',
      () => [...samples(), ...one('classes.txt', 'sea\n\nfire\n')],
      'classes.txt does not name a class on each line',
    ],
  ])('with %s are refused in words', async (title, files, message) => {
    expect(await refusal(shard(`${title}.tar`, files()))).toContain(message)
  })

  it('of which some are in no split are refused', async () => {
    await shard('mixed/train-0.tar', samples())
    await shard('mixed/more.tar', samples())
    for (const name of ['train-0', 'more'])
      await rm(join(folder, `mixed/${name}.tar.files`), { recursive: true })
    expect(await refusal(Promise.resolve(join(folder, 'mixed')))).toContain('more.tar: is in no split')
  })
})
