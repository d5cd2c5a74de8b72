import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, open, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CheckpointError } from '../errors.ts'
import { openFile as browserFile, openFolder as browserFolder } from './bytes.browser.ts'
import { openFile, openFolder } from './bytes.node.ts'
import { type ByteSource, sourceOfBlob, sourceOfBytes } from './bytes.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'resnet-bytes-'))
  await mkdir(join(folder, 'inside/deep'), { recursive: true })
  await writeFile(join(folder, 'outside.bin'), 'secret')
  await writeFile(join(folder, 'inside/a.bin'), 'abcdef')
  await writeFile(join(folder, 'inside/deep/b.bin'), 'xyz')
  await writeFile(join(folder, 'inside/empty.bin'), '')
  await symlink(join(folder, 'outside.bin'), join(folder, 'inside/leak.bin'))
  await symlink('a.bin', join(folder, 'inside/alias.bin'))
  await symlink('loop.bin', join(folder, 'inside/loop.bin'))
})
afterAll(() => rm(folder, { recursive: true }))

const textOf = async (source: ByteSource, offset: number, length: number) => {
  const result = new TextDecoder().decode(await source.read(offset, length))
  await source.close()
  return result
}

describe('openFile', () => {
  it('reads ranges, many at once', async () => {
    const source = await openFile(join(folder, 'inside/a.bin'))
    expect(source.size).toBe(6)
    const parts = await Promise.all([source.read(4, 2), source.read(0, 3), source.read(6, 0)])
    expect(parts.map((part) => new TextDecoder().decode(part))).toEqual(['ef', 'abc', ''])
    await source.close()
  })

  it('reads beyond 4 GB', async () => {
    const path = join(folder, 'sparse.bin')
    const handle = await open(path, 'w')
    await handle.write('end', 5 * 2 ** 30)
    await handle.close()
    const source = await openFile(path)
    expect(source.size).toBe(5 * 2 ** 30 + 3)
    expect(await textOf(source, 5 * 2 ** 30, 3)).toBe('end')
  })

  it('says when the file became shorter while it was open', async () => {
    const path = join(folder, 'shrinks.bin')
    await writeFile(path, 'abcdef')
    const source = await openFile(path)
    await truncate(path, 2)
    await expect(source.read(0, 6)).rejects.toThrow(
      /shrinks\.bin: became shorter while it was read; it ends at 2/,
    )
    await source.close()
  })

  it.each([
    ['inside/none.bin', /none\.bin: there is no such file or folder; check the path/],
    ['inside', /inside: is a folder, not a file; name a checkpoint file inside it/],
    ['inside/empty.bin', /empty\.bin: is empty \(0 bytes\); fetch or copy it again/],
    ['inside/a.bin/x', /a part of the path is a file, not a folder/],
    ['inside/loop.bin', /is a symbolic link that leads to itself/],
  ])('refuses %s', async (path, message) => {
    await expect(openFile(join(folder, path))).rejects.toThrow(CheckpointError)
    await expect(openFile(join(folder, path))).rejects.toThrow(message)
  })

  it.skipIf(process.platform === 'win32')('does not wait for a pipe', async () => {
    execFileSync('mkfifo', [join(folder, 'pipe')])
    await expect(openFile(join(folder, 'pipe'))).rejects.toThrow(/is not an ordinary file/)
  })
})

describe('openFolder', () => {
  it('opens files inside, in folders inside, and by links that stay inside', async () => {
    const inside = await openFolder(join(folder, 'inside'))
    expect(await textOf(await inside.open('a.bin'), 0, 6)).toBe('abcdef')
    expect(await textOf(await inside.open('deep/b.bin'), 0, 3)).toBe('xyz')
    const alias = await inside.open('alias.bin')
    expect(alias.name).toBe(join(folder, 'inside/alias.bin'))
    expect(await textOf(alias, 1, 2)).toBe('bc')
  })

  it.each([
    ['../outside.bin', /the path "\.\.\/outside\.bin" is not that of a file inside this folder/],
    ['deep/../../outside.bin', /is not that of a file inside this folder/],
    ['/etc/hostname', /is not that of a file inside this folder/],
    ['..\\outside.bin', /is not that of a file inside this folder/],
    ['C:a.bin', /is not that of a file inside this folder/],
    ['', /is not that of a file inside this folder/],
    ['leak.bin', /leak\.bin is a link that leads outside this folder; copy the file into it/],
    ['none.bin', /none\.bin: there is no such file/],
    ['deep', /is a folder, not a file/],
    ['.', /is a link that leads outside this folder|is a folder/],
  ])('refuses %s', async (path, message) => {
    const inside = await openFolder(join(folder, 'inside'))
    await expect(inside.open(path)).rejects.toThrow(CheckpointError)
    await expect(inside.open(path)).rejects.toThrow(message)
  })

  it('refuses what is not a folder', async () => {
    await expect(openFolder(join(folder, 'outside.bin'))).rejects.toThrow(/outside\.bin: is not a folder/)
    await expect(openFolder(join(folder, 'nowhere'))).rejects.toThrow(
      /nowhere: there is no such file or folder/,
    )
  })
})

it.each<[string, (bytes: Uint8Array<ArrayBuffer>) => ByteSource]>([
  ['bytes', (bytes) => sourceOfBytes('x', bytes)],
  ['a Blob', (bytes) => sourceOfBlob('x', new Blob([bytes]))],
])('refuses ranges past the end of %s', async (_, make) => {
  const source = make(Uint8Array.of(1, 2, 3))
  expect(await source.read(1, 2)).toEqual(Uint8Array.of(2, 3))
  for (const [offset, length] of [
    [2, 2],
    [-1, 1],
    [0, -1],
    [0, 2 ** 60],
    [0.5, 1],
    [Number.NaN, 1],
  ] as const) {
    await expect(source.read(offset, length)).rejects.toThrow(/the file ends at 3; it is truncated/)
  }
})

it('has a twin for browsers that takes a text for an address', async () => {
  const data = 'data:application/octet-stream;base64,AQIDBA=='
  const source = await browserFile(data)
  expect(source.name).toBe('data:application/octet-stream;base64,…')
  expect([...(await source.read(1, 2))]).toEqual([2, 3])
  await expect(browserFile('http://127.0.0.1:1/a.pth')).rejects.toThrow(/a\.pth: cannot be fetched \(/)
  await expect(browserFolder('a')).rejects.toThrow(CheckpointError)
})
