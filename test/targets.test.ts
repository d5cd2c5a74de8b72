/** Results are not lost to a bad target, what is answered is kept, and what killed processes left goes away. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { saveFile } from '../src/checkpoint/save.node.ts'
import { partOf } from '../src/disk.node.ts'
import { resnet, root } from './command.ts'

const model = join(root, 'models/cifar10-resnet20.safetensors')
const picture = join(root, 'examples/pictures/balloon.png')

const folder = mkdtempSync(join(tmpdir(), 'resnet-ts-targets-'))
beforeAll(async () => {
  await mkdir(join(folder, 'folder.csv'))
  await writeFile(join(folder, 'file'), '')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('a target that cannot be written is refused before anything is read', () => {
  const missing = (name: string) => join(folder, 'missing', name)
  test.each([
    [['classify', 'no.png', '--out', missing('a.csv')], 1, /there is no folder .*missing; make it first/],
    [['classify', 'no.png', '--out', join(folder, 'folder.csv')], 2, /is a folder; name a file/],
    [['classify', 'no.png', '--sort', join(folder, 'file/deep')], 2, /file: is a file; name a folder/],
    [['classify', 'no.png', '--sort', ''], 2, /is empty/],
    [['classify', 'no.png', '--cam', missing('a.png')], 1, /there is no folder/],
    [['embed', 'no.png', '--out', missing('a.npy')], 1, /there is no folder/],
    [['evaluate', 'no', '--model', 'no', '--confusion', missing('a.svg')], 1, /there is no folder/],
    [['evaluate', 'no', '--model', 'no', '--out', missing('a.csv')], 1, /there is no folder/],
    [['convert', 'no.pth', missing('a.onnx')], 1, /there is no folder/],
    [['bench', 'resnet18', '--plot', missing('a.svg')], 1, /there is no folder/],
    [['train', 'no', '--out', ''], 2, /is empty/],
    [['data', 'cifar10', '--out', ''], 2, /is empty/],
  ])('%j', async (args, status, message) => {
    const answer = await resnet(args)
    expect(answer.stderr).toMatch(message)
    expect(answer.stderr.trimEnd().split('\n')).toHaveLength(1)
    expect(answer.status).toBe(status)
  })
})

test('Ctrl-C keeps what was answered, on standard output and in the table', async () => {
  const out = join(folder, 'answers.csv')
  const pictures = Array.from({ length: 3000 }, () => picture)
  const { status, stdout, stderr } = await resnet(
    ['classify', ...pictures, '--model', model, '--top', '1', '--out', out],
    { meanwhile: (child) => child.stdout?.once('data', () => child.kill('SIGINT')) },
  )
  expect(status).toBe(130)
  const [, answered] = /interrupted: (\d+) of 3000 pictures are answered/.exec(stderr) ?? []
  expect(Number(answered)).toBeGreaterThan(0)
  expect(stdout.match(/balloon\.png$/gm)).toHaveLength(Number(answered))
  expect(await readdir(folder)).toContain('answers.csv')
})

test('what a killed process left beside a file is removed by the next one, and nothing else', async () => {
  const path = join(folder, 'net.safetensors')
  const own = partOf(path)
  const { pid } = spawnSync(process.execPath, ['--version'])
  const dead = own.replace(`-${process.pid}.`, `-${pid}.`)
  const elsewhere = dead.replace(/\.[0-9a-f]{8}-/, '.00000000-')
  const another = partOf(join(folder, 'other.safetensors')).replace(`-${process.pid}.`, `-${pid}.`)
  for (const part of [own, dead, elsewhere, another]) await writeFile(part, 'half written')
  await saveFile(path, [new Uint8Array(4)])
  const left = (await readdir(folder)).filter((name) => name.endsWith('.part'))
  expect(left.sort()).toEqual([own, elsewhere, another].map((part) => basename(part)).sort())
})

const limits = process.platform === 'linux'
test.skipIf(!limits)('addresses that are refused are told with what helps, and that does help', () => {
  const line = `ulimit -v 11000000; exec "$0" "$@"`
  const main = join(root, 'dist/cli/main.js')
  const run = (options: string) =>
    spawnSync('bash', ['-c', line, process.execPath, main, 'classify', picture, '--model', model], {
      encoding: 'utf8',
      env: { ...process.env, NODE_OPTIONS: options },
    })
  const refused = run('')
  expect(refused.stderr).toMatch(/ulimit -v.*NODE_OPTIONS=--disable-wasm-trap-handler/)
  expect(refused.status).toBe(1)
  expect(run('--disable-wasm-trap-handler').status).toBe(0)
})
