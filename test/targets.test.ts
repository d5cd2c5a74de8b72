/** Results are not lost to a bad target, what is answered is kept, and what killed processes left goes away. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { saveFile } from '../src/checkpoint/save.node.ts'
import { makeFolder, partOf } from '../src/disk.node.ts'
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
    [
      ['classify', 'no.png', '--out', missing('a.csv')],
      1,
      /a\.csv: cannot be written: its folder is not there \(ENOENT\); make it first/,
    ],
    [['classify', 'no.png', '--out', join(folder, 'folder.csv')], 2, /is a folder; name a file/],
    [['classify', 'no.png', '--sort', join(folder, 'file/deep')], 2, /file: is a file; name a folder/],
    [['classify', 'no.png', '--sort', ''], 2, /is empty/],
    [['classify', 'no.png', '--cam', missing('a.png')], 1, /its folder is not there/],
    [['embed', 'no.png', '--out', missing('a.npy')], 1, /its folder is not there/],
    [['evaluate', 'no', '--model', 'no', '--confusion', missing('a.svg')], 1, /its folder is not there/],
    [['evaluate', 'no', '--model', 'no', '--out', missing('a.csv')], 1, /its folder is not there/],
    [['convert', 'no.pth', missing('a.onnx')], 1, /its folder is not there/],
    [['bench', 'resnet18', '--plot', missing('a.svg')], 1, /its folder is not there/],
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

describe('what was not written to its end', () => {
  const { pid } = spawnSync(process.execPath, ['--version'])
  const dead = (path: string) => partOf(path).replace(`-${process.pid}.`, `-${pid}.`)
  const elsewhere = (path: string) => dead(path).replace(/\.[0-9a-f]{8}-/, '.00000000-')

  test('goes with the next file that is written there, once nobody writes it, and nothing else goes', async () => {
    const there = await mkdtemp(join(folder, 'left-'))
    const path = join(there, 'net.safetensors')
    const kept = [partOf(path), elsewhere(path), join(there, 'cifar.tar.gz.part'), join(there, 'notes.part')]
    const gone = [dead(path), dead(join(there, 'other.onnx')), elsewhere(join(there, 'old'))]
    for (const part of [...kept, ...gone]) await writeFile(part, 'half written')
    await mkdir(join(dead(join(there, 'dataset')), 'train'), { recursive: true })
    const twoDaysAgo = new Date(Date.now() - 2 * 24 * 60 * 60 * 1000)
    for (const old of [gone[2] ?? '', join(there, 'cifar.tar.gz.part')])
      await utimes(old, twoDaysAgo, twoDaysAgo)
    await saveFile(path, [new Uint8Array(4)])
    const names = [path, ...kept].map((part) => basename(part))
    expect((await readdir(there)).sort()).toEqual(names.sort())
  })

  test('by a command that was killed goes with the next', async () => {
    const there = await mkdtemp(join(folder, 'killed-'))
    const out = join(there, 'net.safetensors')
    await resnet(['convert', 'resnet152', out], {
      meanwhile: (child) => {
        const watch = setInterval(() => {
          if (!readdirSync(there).some((name) => name.endsWith('.part'))) return
          clearInterval(watch)
          child.kill('SIGKILL')
        }, 5)
        child.on('close', () => clearInterval(watch))
      },
    })
    expect(await readdir(there)).toEqual([expect.stringMatching(/\.part$/)])
    const { status } = await resnet(['convert', model, join(there, 'small.safetensors')])
    expect([status, await readdir(there)]).toEqual([0, ['small.safetensors']])
  })
})

const limits = process.platform === 'linux'
test.skipIf(!limits)('a place where no folder can be made is refused, and not tried for ever', async () => {
  await expect(makeFolder('/proc/resnet/cache')).rejects.toThrow(/ENOENT/)
  const { status, stderr } = await resnet(['data', 'cifar10', '--out', '/proc/resnet/data'])
  expect(stderr).toMatch(/cannot be written: its folder is not there \(ENOENT\)/)
  expect(status).toBe(1)
})

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
