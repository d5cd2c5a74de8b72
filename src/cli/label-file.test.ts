import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ArgumentError } from '../errors.ts'
import { readLabels } from './label-file.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'resnet-ts-labels-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function read(name: string, text: string) {
  const file = join(folder, name)
  await writeFile(file, text)
  return readLabels(file)
}

test.each([
  ['a.txt', 'cat\ndog, wild\n'],
  ['a.names', '\uFEFFcat\r\ndog, wild\r\n\r\n'],
  ['a.txt', '0: cat\n1: dog, wild'],
  ['a.json', '["cat", "dog, wild"]'],
  ['a.json', '{"1": "dog, wild", "0": "cat"}'],
  ['a.json', '{"dog, wild": 1, "cat": 0}'],
  ['a.csv', 'index,name\n1,"dog, wild"\n0,cat\n'],
  ['a.csv', '0,cat\n1,"dog, wild"\n'],
  ['a.csv', 'label,id\ncat,0\n"dog, wild",1\n'],
  ['a.csv', 'name\ncat\n"dog, wild"\n'],
  ['a.tsv', '0\tcat\n1\tdog, wild\n'],
])('%s of %j', async (name, text) => {
  expect(await read(name, text)).toEqual(['cat', 'dog, wild'])
})

test.each([
  ['a.csv', 'index,name\n0,cat\n0,dog\n'],
  ['a.csv', 'index,name\n0,cat\n2,dog\n'],
  ['a.json', '{"cat": 0.5}'],
  ['a.json', '["cat"'],
  ['a.txt', ''],
  ['a.csv', '"cat'],
])('%s of %j is refused', async (name, text) => {
  await expect(read(name, text)).rejects.toThrow(ArgumentError)
})

test('a file that is not there is refused', async () => {
  await expect(readLabels(join(folder, 'none.txt'))).rejects.toThrow('none.txt: cannot be read (ENOENT)')
})
