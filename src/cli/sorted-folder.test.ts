import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SortedFolder, safeName } from './sorted-folder.ts'

test.each([
  ['cat', 'cat'],
  ['../x', '.._x'],
  ['/etc/passwd', '_etc_passwd'],
  ['..', '_'],
  ['', '_'],
  ['con', '_con'],
  ['NUL.txt', '_NUL.txt'],
  ['a. .', 'a'],
  ['tench, Tinca tinca', 'tench, Tinca tinca'],
  ['Hütte', 'Hütte'],
  ['x\u0000y\n', 'x_y_'],
  ['\ud800', '_'],
  ['猫'.repeat(100), '猫'.repeat(50)],
  ['🐈'.repeat(100), '🐈'.repeat(37)],
  [`${'x'.repeat(300)}.jpg`, `${'x'.repeat(146)}.jpg`],
  [`${'x'.repeat(149)} y`, 'x'.repeat(149)],
])('a class called %j has the folder %j', (label, folder) => {
  expect(safeName(label)).toBe(folder)
})

test('no name leads out of a folder, whatever it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (label) => {
      const name = safeName(label)
      return !/[/\\:]|\p{Cc}|\p{Cs}|[. ]$|^\.+$|^$/u.test(name) && Buffer.byteLength(name) < 160
    }),
  )
})

test('nothing is overwritten, and two classes of one safe name have two folders', async () => {
  const root = await mkdtemp(join(tmpdir(), 'resnet-ts-sort-'))
  try {
    const sorted = new SortedFolder(root)
    await sorted.add('a/tom.jpg', Buffer.from('first'), 'cat')
    await sorted.add('b/tom.jpg', Buffer.from('second'), 'cat')
    await sorted.add('pets.tar:x/tom.jpg', Buffer.from('third'), 'a/b')
    await sorted.add('tom.jpg', Buffer.from('fourth'), 'a_b')
    await new SortedFolder(root).add('tom.jpg', Buffer.from('fifth'), 'cat')
    await writeFile(join(root, 'taken'), '')
    await expect(new SortedFolder(root).add('tom.jpg', Buffer.from('x'), 'taken')).rejects.toThrow(
      'a part of the path is a file',
    )
    expect((await readdir(root)).sort()).toEqual(['a_b', 'a_b-2', 'cat', 'taken'])
    expect((await readdir(join(root, 'cat'))).sort()).toEqual(['tom-2.jpg', 'tom-3.jpg', 'tom.jpg'])
    expect(await readFile(join(root, 'cat/tom.jpg'), 'utf8')).toBe('first')
  } finally {
    await rm(root, { recursive: true, force: true })
  }
})
