/** What the commands leave about pictures: tables, sorted copies, maps. */
import { cp, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { onlyLine, resnet, root } from './command.ts'

const model = join(root, 'models/cifar10-resnet20.safetensors')
let folder = ''
let photo = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'resnet-ts-pictures-'))
  photo = join(folder, 'photo.jpg')
  await sharp({ create: { width: 90, height: 60, channels: 3, background: '#705030' } })
    .jpeg()
    .toFile(photo)
  for (const label of ['cat', 'dog']) {
    await mkdir(join(folder, 'pets', label), { recursive: true })
    await cp(photo, join(folder, 'pets', label, 'one, two.jpg'))
  }
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('resnet classify', () => {
  test('writes a table, and sorts pictures into folders of their classes', async () => {
    const [out, sorted] = [join(folder, 'classes.csv'), join(folder, 'sorted')]
    const args = [
      'classify',
      join(folder, 'pets'),
      '--model',
      model,
      '--top',
      '2',
      '--out',
      out,
      '--sort',
      sorted,
    ]
    const outcome = await resnet([...args, '--json'])
    expect(outcome.status).toBe(0)
    const lines = (await readFile(out, 'utf8')).trimEnd().split('\n')
    expect(lines[0]).toBe('file,rank,label,index,probability,error')
    expect(lines).toHaveLength(5)
    expect(lines[1]).toMatch(/^".*cat\/one, two\.jpg",1,\w+,\d,0\.\d+,$/)
    const answers: unknown = JSON.parse(outcome.stdout)
    const [label = ''] = await readdir(sorted)
    expect(answers).toMatchObject([
      { sorted: join(sorted, label, 'one, two.jpg') },
      { sorted: expect.any(String) },
    ])
    expect((await readdir(join(sorted, label))).sort()).toEqual(['one, two-2.jpg', 'one, two.jpg'])
  })

  test('draws the map of any class over the whole picture, in the file that is named', async () => {
    const sizes = []
    for (const [name, wanted] of [
      ['map.png', 'dog'],
      ['map.jpg', '5'],
    ] as const) {
      const out = join(folder, name)
      const outcome = await resnet(['classify', photo, '--model', model, '--cam', out, '--class', wanted])
      expect(outcome.status, outcome.stderr).toBe(0)
      const { width, height, format } = await sharp(out).metadata()
      sizes.push({ width, height, format })
    }
    expect(sizes).toEqual([
      { width: 90, height: 60, format: 'png' },
      { width: 90, height: 60, format: 'jpeg' },
    ])
  })

  test.each([
    [['--class', 'dog'], '--class says what --cam draws'],
    [['--cam', 'map.png', '--class', 'unicorn'], 'has no class called "unicorn"'],
    [['--cam', 'map.tga'], 'a map is written as .png, .jpg or .webp'],
    [['--out', 'classes.xls'], 'It must be called NAME.csv or NAME.jsonl; see resnet classify --help'],
  ])('%j is refused in one line', async (args, words) => {
    const outcome = await resnet(['classify', photo, '--model', model, ...args])
    expect(outcome.status).toBe(2)
    expect(outcome.stderr.trimEnd().split('\n').at(-1)).toContain(words)
  })
})

describe('resnet evaluate', () => {
  test('tells two folders that are one class of the model by their own names', async () => {
    for (const label of ['cat', 'cat_']) {
      await mkdir(join(folder, 'twins', label), { recursive: true })
      await cp(photo, join(folder, 'twins', label, '1.jpg'))
    }
    const { stdout } = await resnet(['evaluate', join(folder, 'twins'), '--model', model, '--json'])
    const { perClass } = JSON.parse(stdout)
    expect(perClass).toMatchObject([
      { label: 'cat', index: 3 },
      { label: 'cat_', index: 3 },
    ])
  })

  test('writes what it answers for each image', async () => {
    const out = join(folder, 'answers.jsonl')
    const { status, stdout } = await resnet([
      'evaluate',
      join(folder, 'pets'),
      '--model',
      model,
      '--out',
      out,
    ])
    expect(status).toBe(0)
    expect(stdout).toMatch(
      /^1 of 2 images right \(50\.0 %; \d+ % to \d+ % with 95 % confidence\)|^0 of 2 images right/,
    )
    const rows = (await readFile(out, 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line))
    expect(rows).toMatchObject(
      ['cat', 'dog'].map((label) => ({
        file: expect.stringContaining(`${label}/one, two.jpg`),
        label,
        answer: expect.any(String),
        probability: expect.any(Number),
        correct: expect.any(Boolean),
      })),
    )
  })
})

describe('usage', () => {
  test.each([
    [['classify', '--tops', '3'], 'see resnet classify --help'],
    [['show'], 'see resnet show --help'],
    [['--debug', 'train'], 'see resnet train --help'],
    [['nonsense'], 'see resnet --help'],
  ])('%j points to the help that speaks of it', async (args, words) => {
    expect(onlyLine(await resnet(args))).toContain(words)
  })
})

describe('the examples of the help', () => {
  /** The examples that a command's help shows, as arguments. */
  async function examplesOf(command: string): Promise<readonly (readonly string[])[]> {
    const { stdout } = await resnet([command, '--help'])
    const [, examples = ''] = stdout.split(/^Examples?:$/m)
    return [...examples.matchAll(/^ +resnet (.+)$/gm)].map(([, line = '']) => line.split(' '))
  }

  test.each(['list', 'show', 'compare'])('of %s run', async (command) => {
    const examples = await examplesOf(command)
    expect(examples.length).toBeGreaterThan(0)
    for (const example of examples) {
      const bar = example.indexOf('|')
      const outcome = await resnet(bar === -1 ? example : example.slice(0, bar))
      expect(outcome.status, `${example.join(' ')}: ${outcome.stderr}`).toBe(0)
      expect(outcome.stderr).toBe('')
    }
  })

  test('of the others name options that there are', async () => {
    for (const command of ['classify', 'evaluate', 'embed', 'train', 'convert', 'data', 'bench']) {
      const { stdout } = await resnet([command, '--help'])
      const examples = await examplesOf(command)
      expect(examples.length, command).toBeGreaterThan(0)
      for (const option of examples.flat().filter((word) => word.startsWith('--')))
        expect(stdout, `${command} ${option}`).toMatch(new RegExp(`^ +(-\\w, )?${option}[ ,\\n]`, 'm'))
    }
  })
})
