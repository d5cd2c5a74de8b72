/** Tables as people bring them: other titles, separators and encodings, missing and repeated files, names without ending. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeFiles } from '../../test/cifar-files.ts'
import { openCatalogue } from './open.node.ts'
import { openTrainingSet } from './training-set.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'resnet-ts-tables-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

let count = 0
/** Writes a table beside two pictures, `a/1.jpg` and `a/2.jpg`, and opens it. */
async function opened(csv: string | Uint8Array, name = 'set.csv') {
  const path = await writeFiles(join(folder, String(count++)), [
    { path: 'a/1.jpg', content: 'GIF89a' },
    { path: 'a/2.jpg', content: 'GIF89a' },
    { path: 'a/3.heic', content: '\0\0\0\x10ftypheic' },
    { path: name, content: csv },
  ])
  const { classes, items, notes, passedOver } = await openCatalogue(join(path, name))
  return {
    path,
    classes,
    notes,
    passedOver,
    items: items.map((item) => [item.file, classes[item.class], item.split]),
  }
}

const two = [
  ['a/1.jpg', 'ant', undefined],
  ['a/2.jpg', 'bee', undefined],
]

describe('a table of other titles', () => {
  it.each([
    ['filename,label'],
    ['image_path,class'],
    ['Image,Category'],
    ['file_name,target'],
    ['id,breed'],
    ['img,species'],
    ['FilePaths,Labels'],
  ])('%s is understood, and said', async (titles) => {
    const { items, notes } = await opened(`${titles}\na/1.jpg,ant\na/2.jpg,bee\n`)
    expect(items).toEqual(two)
    const [file, label] = titles.split(',')
    expect(notes).toEqual([`of the table's columns "${file}" names the pictures, "${label}" their classes`])
  })

  it('leaves other columns aside, and says so', async () => {
    const { items, notes } = await opened(
      ',id,class,label,image_path,data set\n0,7,x,ant,a/1.jpg,Train\n1,8,x,bee,a/2.jpg,VALID\n',
    )
    expect(items).toEqual([
      ['a/1.jpg', 'ant', 'train'],
      ['a/2.jpg', 'bee', 'val'],
    ])
    expect(notes[0]).toContain(
      '"image_path" names the pictures, "label" their classes, "data set" their parts; 3 other columns',
    )
  })
})

describe('a table of another form', () => {
  it.each([
    ['semicolons', 'a/1.jpg;ant\r\na/2.jpg; "bee"\r\n', 'separated by ";"'],
    ['tabs', 'a/1.jpg\tant\na/2.jpg\tbee', 'separated by tabs'],
    ['back slashes', 'a\\1.jpg,ant\n.\\a\\2.jpg,bee', undefined],
    ['a byte order mark', '\ufefffile,label\na/1.jpg,ant\na/2.jpg,bee', undefined],
    ['names without ending', 'a/1,ant\na/2,bee\n', '2 pictures are named without ending'],
  ])('with %s is understood', async (_title, csv, note) => {
    const { items, notes } = await opened(csv)
    expect(items.map(([, label]) => label)).toEqual(['ant', 'bee'])
    expect(notes).toHaveLength(note === undefined ? 0 : 1)
    if (note !== undefined) expect(notes[0]).toContain(note)
  })

  it('may be a .tsv, UTF-16 or Windows-1252', async () => {
    expect((await opened('a/1.jpg\tant\na/2.jpg\tbee', 'set.tsv')).items).toEqual(two)
    const utf16 = Buffer.from('\ufeffa/1.jpg,café\na/2.jpg,bee', 'utf16le')
    expect((await opened(utf16)).classes).toEqual(['bee', 'café'])
    const latin = await opened(Buffer.from('a/1.jpg,café\na/2.jpg,bee', 'latin1'))
    expect(latin.classes).toEqual(['bee', 'café'])
    expect(latin.notes).toEqual(['the table is no UTF-8; it is read as Windows-1252'])
  })

  it('may name whole paths, and files outside its folder', async () => {
    const { path } = await opened('a/1.jpg,ant\n')
    const { items, notes } = await opened(`${path}/a/1.jpg,ant\n../${path.split('/').at(-1)}/a/2.jpg,bee\n`)
    expect(items).toHaveLength(2)
    expect(notes).toEqual(["2 pictures are named by whole paths or outside the table's folder"])
  })
})

describe('what a table names and is not there', () => {
  it('is counted: missing files, other files, lines that come again', async () => {
    const csv = 'file,label\na/1.jpg,ant\na/9.jpg,ant\na/2.jpg,bee\na/2.jpg,bee\na/3.heic,bee\na/8.jpg,bee\n'
    const { items, passedOver } = await opened(csv)
    expect(items).toEqual(two)
    expect(passedOver).toEqual([
      { what: 'missing files', count: 2, example: 'line 3: a/9.jpg' },
      { what: 'line that names a picture again', count: 1, example: 'line 5: a/2.jpg' },
      expect.objectContaining({ what: 'HEIC picture', count: 1, example: 'a/3.heic' }),
    ])
  })

  it('is no class that disappears: training says which one', async () => {
    const { path } = await opened('file,label\na/1.jpg,ant\na/2.jpg,bee\na/9.jpg,cow\n')
    await expect(openTrainingSet(join(path, 'set.csv'), { seed: 0, validation: 0 })).rejects.toThrow(
      'class cow has no pictures; line 4: none of its pictures can be read',
    )
  })
})

describe('any table', () => {
  it('accounts for every line, or is refused in words', async () => {
    const file = fc.constantFrom(
      'a/1.jpg',
      'a/2.jpg',
      'a\\1.jpg',
      './a/2',
      'a/3.heic',
      'gone.jpg',
      '..',
      '',
      'a',
    )
    const label = fc.constantFrom('ant', 'bee', ' bee', '', '7', 'constructor', '"a""b"', 'x;y', '\u0000')
    const separator = fc.constantFrom(',', ';', '\t')
    const head = fc.constantFrom('', 'file,label\n', 'image;class\n', 'id,x,split\n', '\ufeff')
    await fc.assert(
      fc.asyncProperty(
        head,
        separator,
        fc.array(fc.tuple(file, label), { maxLength: 6 }),
        async (first, by, lines) => {
          const csv = `${first}${lines.map((fields) => fields.join(by)).join('\r\n')}`
          const set = await opened(csv).catch((error: unknown) => {
            expect(String(error)).toMatch(/^DatasetError: /)
          })
          if (set === undefined) return
          const told = set.passedOver.reduce((sum, { count: some }) => sum + some, 0)
          expect(set.items.length + told).toBe(lines.length)
        },
      ),
    )
  })
})
