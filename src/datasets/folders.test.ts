/** Folders and archives as people bring them: no class and no picture disappears without a word. */

import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { create } from 'tar'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeFiles } from '../../test/cifar-files.ts'
import { kindOf } from '../images/kinds.ts'
import { catalogueOfFolders } from './class-folders.ts'
import { openCatalogue } from './open.node.ts'
import { listPictures, openDataset } from './open.ts'
import { Counter, passedOverText } from './passed-over.ts'
import { openTrainingSet } from './training-set.ts'

let root = ''
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'resnet-ts-folders-'))
})
afterAll(() => rm(root, { recursive: true, force: true }))

const picture = 'GIF89a'
const heic = '\0\0\0\x10ftypheic'

interface Given {
  /** Contents by path. */
  readonly files: Readonly<Record<string, string>>
  readonly folders?: readonly string[]
  /** Where links lead, by path. */
  readonly links?: Readonly<Record<string, string>>
}

let count = 0
async function folder({ files, folders = [], links = {} }: Given): Promise<string> {
  const path = join(root, String(count++), 'set')
  await writeFiles(
    path,
    Object.entries(files).map(([file, content]) => ({ path: file, content })),
  )
  for (const empty of folders) await mkdir(join(path, empty), { recursive: true })
  for (const [link, target] of Object.entries(links)) {
    await mkdir(dirname(join(path, link)), { recursive: true })
    await symlink(target, join(path, link))
  }
  return path
}

async function archive(given: Given): Promise<string> {
  const path = await folder(given)
  await create({ file: `${path}.tar`, cwd: path }, ['.'])
  return `${path}.tar`
}

const pictures = (...paths: readonly string[]) => Object.fromEntries(paths.map((path) => [path, picture]))

async function opened(path: string) {
  const { items, classes, notes, passedOver, close } = await openCatalogue(path)
  await close()
  return {
    classes,
    notes,
    passed: passedOverText(passedOver),
    items: items.map(({ file, split }) => [file, split] as const),
  }
}

const files = (items: readonly (readonly [string, ...unknown[]])[]) => items.map(([file]) => file)

describe.each([
  ['a folder', folder],
  ['an archive', archive],
])('%s', (_kind, make) => {
  it('is read by what its files hold, never by their endings', async () => {
    const path = await make({
      files: {
        ...pictures('ant/1', 'ant/2.jfif', 'ant/3.bmp', 'ant/4.txt', 'bee/5.JPG', 'bee/.hidden.jpg'),
        'ant/6.jpg': heic,
        'ant/7.jpg': heic,
        'bee/8.jpg': '',
        'bee/9.jpg': 'a text',
        'bee/.DS_Store': 'x',
        'bee/._5.JPG': picture,
        '__MACOSX/bee/5.JPG': picture,
        'bee/Thumbs.db': 'x',
        'cover.png': picture,
      },
    })
    const { classes, items, passed, notes } = await opened(path)
    expect(classes).toEqual(['ant', 'bee'])
    expect(files(items)).toEqual(['ant/1', 'ant/2.jfif', 'ant/3.bmp', 'ant/4.txt', 'bee/5.JPG'])
    expect(passed).toMatch(/^2 HEIC pictures \(as ant\/6.jpg\), /)
    expect(passed).toContain('1 empty file (bee/8.jpg)')
    expect(passed).toContain('1 text file (bee/9.jpg)')
    expect(passed).toContain('1 hidden picture (bee/.hidden.jpg)')
    expect(passed).toContain('1 picture in no class folder (cover.png)')
    expect(passed).toContain('HEIC pictures: save as JPEG')
    expect(notes).toEqual([])
    const list = await listPictures(path)
    expect(list.pictures).toHaveLength(6)
    expect(list.passedOver[0]).toMatchObject({ what: 'HEIC pictures', count: 2 })
    await list.close()
  })

  it.each([
    ['HEIC pictures only', { 'cow/1.heic': heic, 'cow/2.heic': heic }, [], 'cow/: only 2 HEIC pictures'],
    ['nothing', {}, ['cow'], 'cow/: it is empty'],
    ['an empty file', { 'cow/1.jpg': '' }, [], 'cow/: only 1 empty file'],
  ])('with a class folder of %s is not trained on without it', async (_title, more, folders, why) => {
    const path = await make({ files: { ...pictures('ant/1', 'ant/2', 'bee/3', 'bee/4'), ...more }, folders })
    const training = openTrainingSet(path, { seed: 0 })
    await expect(training).rejects.toThrow(
      `class cow has no pictures; ${why}; add some, or take the folder away`,
    )
    const dataset = await openDataset(path)
    expect(dataset.classes).toEqual(['ant', 'bee', 'cow'])
    expect(dataset.notes[0]).toContain(`class cow (cow/) has no pictures that are read: `)
    await dataset.close()
  })

  it('with a folder of texts beside the classes says that it is none', async () => {
    const { classes, notes } = await opened(
      await make({ files: { ...pictures('ant/1', 'bee/2'), 'labels/1.txt': 'a', 'labels/2.json': '{}' } }),
    )
    expect(classes).toEqual(['ant', 'bee'])
    expect(notes).toEqual(['labels/ is taken as no class: there are only 2 text files'])
  })

  it('of no class says what there is', async () => {
    const path = await make({ files: { 'ant/1.heic': heic, 'ant/2.heic': heic, 'bee/3.txt': 'a' } })
    await expect(openDataset(path)).rejects.toThrow(
      'no pictures that are read, only 2 HEIC pictures (as ant/1.heic), 1 text file (bee/3.txt)',
    )
    await expect(listPictures(path)).rejects.toThrow('no pictures that are read in it, only 2 HEIC pictures')
  })

  it('follows links to files and folders, and counts those that lead nowhere or around', async () => {
    const path = await make({
      files: pictures('ant/1.jpg', 'store/deep/2.jpg', 'store/3.jpg'),
      links: {
        bee: 'store/deep',
        'ant/4.jpg': '../store/3.jpg',
        'ant/gone.jpg': 'nowhere.jpg',
        'ant/around': '..',
      },
    })
    const { classes, items, passed, notes } = await opened(path)
    expect(classes).toEqual(['ant', 'bee', 'store'])
    expect(files(items)).toEqual(['ant/1.jpg', 'ant/4.jpg', 'bee/2.jpg', 'store/3.jpg', 'store/deep/2.jpg'])
    expect(passed).toContain('1 link that leads nowhere (ant/gone.jpg)')
    expect(passed).toContain('1 link to a folder around it (ant/around)')
    expect(notes).toEqual([
      '2 files are reached twice, through links, as store/3.jpg, which is ant/4.jpg too',
    ])
  })

  it.each([
    ['train, valid and test', ['train', 'valid', 'test']],
    ['Train, Validation and TEST', ['Train', 'Validation', 'TEST']],
    ['training, dev and testing', ['training', 'dev', 'testing']],
  ])('has parts called %s', async (_title, names) => {
    const [train, val, test] = names
    const paths = names.flatMap((name) => [`set/${name}/ant/1.jpg`, `set/${name}/bee/far/2.jpg`])
    const { classes, items } = await opened(await make({ files: pictures(...paths) }))
    expect(classes).toEqual(['ant', 'bee'])
    expect(new Map(items.map(([file = '', split]) => [String(file).split('/')[1], split]))).toEqual(
      new Map([
        [train, 'train'],
        [val, 'val'],
        [test, 'test'],
      ]),
    )
  })

  it('takes a link for a part, and says that pictures come twice', async () => {
    const path = await make({ files: pictures('train/ant/1', 'train/bee/2'), links: { val: 'train' } })
    const { items, notes } = await opened(path)
    expect(items.map(([, split]) => split)).toEqual(['train', 'val', 'train', 'val'])
    expect(notes[0]).toContain('2 files are reached twice')
  })

  it.each([
    [['train/a/1', 'val/a/1', 'valid/a/1'], 'val/ and valid/ both are names of the same part (val)'],
    [['train/a/1', 'holdout/a/1'], 'holdout/ lies beside train/, whose folders are classes'],
    [['train/1', 'test/2'], 'holds pictures that lie in no class folder; expected a folder for each class'],
    [['1', '2'], '1 lies in no class folder'],
  ])('of %j is refused: what is meant is open', async (paths, message) => {
    await expect(openDataset(await make({ files: pictures(...paths) }))).rejects.toThrow(message)
  })

  it('leaves pictures in no class folder of a part aside, and says so', async () => {
    const { items, passed } = await opened(
      await make({ files: pictures('train/a/1', 'train/b/2', 'test/3', 'test/4') }),
    )
    expect(files(items)).toEqual(['train/a/1', 'train/b/2'])
    expect(passed).toBe('2 pictures in no class folder (as test/3)')
  })

  it('may have a class called test, or pictures deep in folders, and says how it is understood', async () => {
    const plain = await opened(await make({ files: pictures('car/1', 'test/2') }))
    expect(plain.classes).toEqual(['car', 'test'])
    expect(plain.notes[0]).toContain('test/ is taken as a class')
    const deep = await opened(await make({ files: pictures('one/cat/1', 'two/dog/2') }))
    expect(deep.classes).toEqual(['one', 'two'])
    expect(deep.notes).toEqual(['all pictures lie deeper than the class folders, as one/cat/1, of class one'])
  })

  it('says which classes a part has no pictures of', async () => {
    const path = await make({
      files: { ...pictures('train/a/1', 'train/b/2', 'val/a/3'), 'val/b/4.heic': heic },
    })
    const set = await openTrainingSet(path, { seed: 0 })
    expect(set.notes).toEqual([
      'class b (val/b/) has no pictures that are read: only 1 HEIC picture',
      'val has no pictures of class b',
    ])
    await set.close()
  })

  it('learns no class of which only another part has a folder, an empty one', async () => {
    const path = await make({
      files: pictures('train/a/1', 'train/b/2', 'val/a/3', 'val/b/4'),
      folders: ['val/c'],
    })
    const set = await openTrainingSet(path, { seed: 0 })
    expect(set.classes).toEqual(['a', 'b'])
    expect(set.notes).toEqual(['class c (val/c/) has no pictures that are read: it is empty'])
    await set.close()
  })

  it('orders classes by number where all are numbers, and by letters otherwise', async () => {
    const numbers = Array.from({ length: 12 }, (_, i) => String(i))
    const byNumber = await opened(await make({ files: pictures(...numbers.map((name) => `${name}/1`)) }))
    expect(byNumber.classes).toEqual(numbers)
    const byLetters = await opened(await make({ files: pictures(...numbers.map((name) => `c${name}/1`)) }))
    expect(byLetters.classes.slice(0, 4)).toEqual(['c0', 'c1', 'c10', 'c11'])
  })

  it('says which classes are only written otherwise', async () => {
    const names = [
      'Cat',
      'cat',
      'Caf\u00e9',
      'Cafe\u0301',
      'red_fox',
      'red fox',
      'constructor',
      '__proto__',
      'toString',
    ]
    const { classes, notes } = await opened(
      await make({ files: pictures(...names.map((name) => `${name}/1`)) }),
    )
    expect(classes).toEqual([...names].sort())
    expect(notes).toHaveLength(3)
    expect(notes).toContain(
      'the classes "Cat" and "cat" only differ in how they are written, and are two classes; join them if they are one',
    )
    expect(notes.join()).toContain('(decomposed letters)')
  })
})

describe('an archive', () => {
  it('has links that stay inside it', async () => {
    const path = await archive({
      files: pictures('ant/1.jpg', 'bee/2.jpg'),
      links: { 'ant/out.jpg': '/etc/hostname', 'bee/up': '../../..', 'bee/self': 'self' },
    })
    const { items, passed } = await opened(path)
    expect(files(items)).toEqual(['ant/1.jpg', 'bee/2.jpg'])
    expect(passed).toBe('3 links that lead nowhere (as ant/out.jpg)')
  })
})

describe('a folder', () => {
  it('has links that lead wherever its owner likes', async () => {
    const elsewhere = await folder({ files: pictures('1.jpg', '2.jpg') })
    const path = await folder({ files: pictures('ant/1.jpg'), links: { bee: elsewhere } })
    const { classes, items, notes } = await opened(path)
    expect(classes).toEqual(['ant', 'bee'])
    expect(files(items)).toEqual(['ant/1.jpg', 'bee/1.jpg', 'bee/2.jpg'])
    expect(notes).toEqual([])
  })
})

describe('any layout', () => {
  it('accounts for every file: taken, counted, or a system’s own; or is refused in words', async () => {
    const name = fc.constantFrom('train', 'val', 'Test', 'ant', 'bee', 'constructor', '.x')
    const path = fc.tuple(fc.array(name, { maxLength: 4 }), fc.constantFrom('1.jpg', '2', '.3.jpg'))
    const file = fc.tuple(path, fc.constantFrom(picture, heic, '', 'text'))
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(file, {
          minLength: 1,
          maxLength: 12,
          selector: ([[folders, last]]) => [...folders, last].join('/'),
        }),
        async (given) => {
          const walked = given.map(([[folders, last], content]) => {
            const bytes = async () => new TextEncoder().encode(content)
            return {
              path: [...folders, last].join('/'),
              kind: async () => kindOf(await bytes()),
              read: bytes,
            }
          })
          const catalogue = await catalogueOfFolders('x', {
            files: walked,
            emptyFolders: [],
            passedOver: new Counter(),
            notes: [],
          }).catch((error: unknown) => {
            expect(String(error)).toMatch(/^DatasetError: x: /)
          })
          if (catalogue === undefined) return
          const told = catalogue.passedOver.reduce((sum, { count: some }) => sum + some, 0)
          const hidden = walked.filter(
            ({ path: one }, i) =>
              one.split('/').some((part) => part.startsWith('.')) && given[i]?.[1] !== picture,
          )
          expect(catalogue.items.length + told + hidden.length).toBe(given.length)
        },
      ),
    )
  })
})
