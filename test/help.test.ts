/**
 * What help shows works: every example of every command runs as it is written, in a folder that has what it names.
 * And with `--json`, standard output holds JSON and nothing else, whatever comes of it.
 */
import { spawnSync } from 'node:child_process'
import { copyFile, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { create } from 'tar'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cifar10Files, cifar10Names, writeFiles } from './cifar-files.ts'
import { resnet, root } from './command.ts'
import { writeSmallPictures } from './small-pictures.ts'

const shipped = 'models/cifar10-resnet20.safetensors'
const commands = [
  'list',
  'show',
  'compare',
  'classify',
  'evaluate',
  'embed',
  'train',
  'convert',
  'data',
  'bench',
] as const

/** The lines of a command's help that show how it is called. */
function examplesOf(command: string): readonly string[] {
  const { stdout } = spawnSync(process.execPath, [join(root, 'dist/cli/main.js'), command, '--help'], {
    encoding: 'utf8',
  })
  const [, examples = ''] = stdout.split(/^Examples?:$/m)
  return examples.split('\n').flatMap((line) => (line.startsWith('  resnet ') ? [line.trim()] : []))
}

const examples = commands.map((command) => ({ command, lines: examplesOf(command) }))

/** The words of an example, quicker: one run or epoch, and the shipped model for the one that is fetched. */
function wordsOf(example: string): readonly string[] {
  const [line = ''] = example.split(' | ')
  const [, command = '', ...words] = line.split(' ')
  const quick: Readonly<Record<string, readonly string[]>> = {
    bench: ['--runs', '1'],
    train: ['--epochs', '1'],
  }
  const own = words.map((word) => (word === 'resnet50.keras_in1k' ? 'cifar10-resnet20' : word))
  return [command, ...own, ...(quick[command] ?? [])]
}

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'resnet-ts-help-'))
  const at = (name: string) => join(folder, name)
  const model = join(root, shipped)
  await cp(join(root, 'examples/pictures'), at('examples/pictures'), { recursive: true })
  await writeSmallPictures(at('photos'), { train: 12, test: 2 })
  await writeFiles(at('cifar10'), cifar10Files(1))
  for (const name of ['a.jpg', 'b.jpg']) await copyFile(at('examples/pictures/maze.png'), at(name))
  await mkdir(at('runs/cifar10'), { recursive: true })
  for (const name of ['runs/cifar10/best.safetensors', 'resnet50-0676ba61.pth'])
    await copyFile(model, at(name))
  await cifarFolder(at('pictures'))
  await create({ file: at('pictures.tar'), cwd: at('pictures') }, ['val'])
  await writeFile(at('broken.png'), 'no picture')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** A picture for each class that the shipped model knows. */
async function cifarFolder(to: string): Promise<void> {
  for (const name of cifar10Names) {
    await mkdir(join(to, 'val', name), { recursive: true })
    await copyFile(join(root, 'examples/pictures/maze.png'), join(to, 'val', name, '1.png'))
  }
}

// `resnet data` fetches 170 MB from its publisher, whom a machine with npm's registry at hand may not reach.
const reachesPublisher =
  process.env.RESNET_TS_REQUIRE_NETWORK === '1' &&
  (await fetch('https://www.cs.toronto.edu', { method: 'HEAD', signal: AbortSignal.timeout(5000) }).then(
    () => true,
    () => false,
  ))

describe.each(examples)('the help of resnet $command', ({ command, lines }) => {
  test('has an example', () => expect(lines).not.toEqual([]))

  test.skipIf(command === 'data' && !reachesPublisher).each(lines)('runs as it says: %s', async (line) => {
    const outcome = await resnet(wordsOf(line), { cwd: folder })
    expect(outcome, outcome.stderr).toMatchObject({ status: 0 })
    expect(outcome.stdout).not.toBe('')
  })
})

describe('with --json, standard output is JSON and nothing else:', () => {
  /** A call, its exit status, and how many values it answers: none where it fails as a whole. */
  const cases: readonly (readonly [status: number, answers: number, call: string])[] = [
    [0, 1, 'list'],
    [2, 0, 'list --family caffe'],
    [0, 1, 'show resnet50_v1b --algorithms'],
    [0, 1, 'show cifar10-resnet20'],
    [2, 0, 'show resnet51'],
    [0, 1, 'compare resnet20 resnet18'],
    [0, 1, 'compare resnet50 resnet50_v1b'],
    [2, 0, 'compare resnet20 resnet51'],
    [0, 1, 'classify a.jpg --model cifar10-resnet20 --cam map.png --out answers.csv --sort sorted'],
    [2, 1, 'classify a.jpg broken.png missing.png --model cifar10-resnet20'],
    [2, 0, 'classify a.jpg --model missing.safetensors'],
    [0, 1, 'evaluate cifar10 --model cifar10-resnet20 --out judged.csv --confusion confusion.svg'],
    [2, 0, 'evaluate photos --model cifar10-resnet20'],
    [0, 1, 'embed a.jpg --model cifar10-resnet20'],
    [2, 1, 'embed a.jpg broken.png --model cifar10-resnet20 --out features.npy'],
    [2, 1, 'embed a.jpg --model cifar10-resnet20 --stage 9'],
    [0, 2, 'train photos --arch cifar_resnet8 --epochs 1 --preview --out runs/json'],
    [0, 0, 'train photos --arch cifar_resnet8 --epochs 1 --preview only --out runs/preview'],
    [2, 0, 'train photos --arch cifar_resnet8 --epochs 1 --out runs/json'],
    [0, 1, 'convert resnet18 first.safetensors'],
    [2, 0, 'convert resnet18 first.txt'],
    [1, 0, 'data cifar10 --out datasets --from http://127.0.0.1:9/cifar-10-binary.tar.gz'],
    [2, 0, 'data cifar'],
    [0, 1, 'bench cifar_resnet8 --runs 1 --per-layer --plot roofline.svg'],
    [2, 0, 'bench cifar_resnet9'],
  ]

  test('no command is forgotten', () => {
    expect(new Set(cases.map(([, , call]) => call.split(' ')[0]))).toEqual(new Set(commands))
  })

  test.each(cases)('status %i, %i values: %s', async (status, answers, call) => {
    const outcome = await resnet([...call.split(' '), '--json'], { cwd: folder })
    const lines = outcome.stdout.split('\n').filter((line) => line !== '')
    for (const line of lines) expect(() => JSON.parse(line), line).not.toThrow()
    expect([outcome.status, lines.length], outcome.stderr).toEqual([status, answers])
    if (answers === 0 && status !== 0) expect(outcome.stderr).toMatch(/^resnet: .*\n$/m)
  })
})
