/** What is trained on, what validates and what tests, and what cannot be trained on. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeFiles } from '../../test/cifar-files.ts'
import { dataFile, dataFolder } from '../../test/data.ts'
import { ArgumentError, DatasetError } from '../errors.ts'
import type { DatasetItem } from './dataset.ts'
import { type LabelledPicture, openTrainingSet, trainingSetOf } from './training-set.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'resnet-ts-training-set-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const seed = 1
const picture = { width: 1, height: 1, data: new Uint8Array([1, 2, 3]) }

function numbered(label: string, count: number): readonly LabelledPicture[] {
  return Array.from({ length: count }, (_, i) => ({ file: `${label}/${i}.jpg`, label, picture }))
}

const names = (items: readonly DatasetItem[]) => items.map(({ file }) => file)

function countByClass(items: readonly DatasetItem[], classes: number): readonly number[] {
  return Array.from({ length: classes }, (_, index) => items.filter((item) => item.class === index).length)
}

describe('pictures without splits', () => {
  const pictures = [...numbered('cat', 40), ...numbered('dog', 20), ...numbered('emu', 3)]

  it('set a tenth of each class apart, one picture at least', () => {
    const set = trainingSetOf('pets', pictures, { seed })
    expect(set.valFrom).toBe('share')
    expect(countByClass(set.val, 3)).toEqual([4, 2, 1])
    expect(countByClass(set.train, 3)).toEqual([36, 18, 2])
    expect(set.test).toEqual([])
    expect(new Set([...names(set.train), ...names(set.val)]).size).toBe(63)
  })

  it('set the same ones apart for the same seed, in whatever order they come, and others for another', () => {
    const set = trainingSetOf('pets', pictures, { seed })
    const again = trainingSetOf('pets', pictures.toReversed(), { seed })
    expect([names(again.train), names(again.val)]).toEqual([names(set.train), names(set.val)])
    expect(names(trainingSetOf('pets', pictures, { seed: 2 }).val)).not.toEqual(names(set.val))
  })

  it('keep to their places when one is added', () => {
    const before = new Set(names(trainingSetOf('pets', pictures, { seed, validation: 0.25 }).val))
    const more = [...pictures, { file: 'cat/new.jpg', label: 'cat', picture }]
    const after = names(trainingSetOf('pets', more, { seed, validation: 0.25 }).val)
    expect(after.filter((file) => !before.has(file)).length).toBeLessThanOrEqual(1)
  })

  it('all train where the share is nothing', () => {
    const set = trainingSetOf('pets', pictures, { seed, validation: 0 })
    expect([set.train.length, set.val.length, set.valFrom]).toEqual([63, 0, 'none'])
  })

  it('may be bytes, blobs or pixels', async () => {
    const set = trainingSetOf(
      'pets',
      [
        { label: 'cat', picture: new Uint8Array([7]) },
        { label: 'dog', picture: new Blob([new Uint8Array([8])]) },
        { label: 'emu', picture: { width: 1, height: 1, data: new Uint8ClampedArray([1, 2, 3, 255]) } },
      ],
      { seed, validation: 0 },
    )
    expect(await Promise.all(set.train.map((item) => item.read()))).toEqual([
      { file: 'cat/0', bytes: new Uint8Array([7]) },
      { file: 'dog/1', bytes: new Uint8Array([8]) },
      { width: 1, height: 1, data: new Uint8Array([1, 2, 3]) },
    ])
  })
})

describe('a folder with splits', () => {
  const write = (name: string, paths: readonly string[]) =>
    writeFiles(
      join(folder, name),
      paths.map((path) => ({ path, content: `GIF89a${path}` })),
    )

  it('trains on train, validates on val and tests on test', async () => {
    const paths = ['train/a/1.jpg', 'train/b/2.jpg', 'validation/a/3.jpg', 'test/b/4.jpg']
    const set = await openTrainingSet(await write('whole', paths), { seed })
    expect([names(set.train), names(set.val), names(set.test), set.valFrom]).toEqual([
      ['train/a/1.jpg', 'train/b/2.jpg'],
      ['validation/a/3.jpg'],
      ['test/b/4.jpg'],
      'split',
    ])
    await set.close()
  })

  it('never validates on test', async () => {
    const paths = ['a/1', 'a/2', 'b/1', 'b/2'].map((path) => `train/${path}.jpg`)
    const set = await openTrainingSet(await write('no-val', [...paths, 'test/a/1.jpg']), { seed })
    expect([set.train.length, set.val.length, set.test.length, set.valFrom]).toEqual([2, 2, 1, 'share'])
    expect(set.val.every(({ file }) => file.startsWith('train/'))).toBe(true)
    await set.close()
  })

  it.each([
    [['val/a/1.jpg', 'test/b/1.jpg'], 'has no train/ to learn from'],
    [['train/a/1.jpg', 'train/a/2.jpg'], 'has only the class a; expected a folder for each of two classes'],
    [['train/a/1.jpg', 'test/b/1.jpg'], 'class b has no pictures in train/'],
    [['train/a/1.jpg', 'train/b/1.jpg', 'train/b/2.jpg'], 'class a has only one image'],
  ])('%j cannot be trained on', async (paths, message) => {
    const path = await write(`bad-${message.length}`, paths)
    const error: unknown = await openTrainingSet(path, { seed }).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(DatasetError)
    expect(String(error)).toContain(message)
  })
})

describe('what makes no sense', () => {
  it('is refused: a share out of range, splits for some pictures only', () => {
    const pictures = [...numbered('cat', 2), ...numbered('dog', 2)]
    expect(() => trainingSetOf('pets', pictures, { seed, validation: 1 })).toThrow(ArgumentError)
    expect(() => trainingSetOf('pets', pictures, { seed, validation: Number.NaN })).toThrow(ArgumentError)
    const mixed: readonly LabelledPicture[] = [{ label: 'emu', picture, split: 'test' }, ...pictures]
    expect(() => trainingSetOf('pets', mixed, { seed })).toThrow('cat/0.jpg is in no split')
    expect(() => trainingSetOf('pets', [], { seed })).toThrow(DatasetError)
  })
})

describe.skipIf(dataFolder === undefined)('CIFAR-10', () => {
  it('sets 500 of the 5,000 training pictures of each class apart', async () => {
    const set = await openTrainingSet(dataFile('cifar10-jpeg.tar'), { seed })
    expect(countByClass(set.train, 10)).toEqual(Array(10).fill(4500))
    expect(countByClass(set.val, 10)).toEqual(Array(10).fill(500))
    expect(set.test).toHaveLength(10_000)
    await set.close()
  })
})
