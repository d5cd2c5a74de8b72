/** What becomes of a command whose reader leaves, whose output is full, and who is told to end. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Outcome, resnet, root } from './command.ts'
import { writeSmallPictures } from './small-pictures.ts'

let folder = ''
let pictures = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'resnet-ts-streams-'))
  pictures = join(folder, 'pictures')
  await writeSmallPictures(pictures, { train: 15, test: 2 })
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const training = (out: string) => [
  ...['train', pictures, '--arch', 'cifar_resnet8', '--recipe', 'one-cycle', '--batch', '9', '--epochs', '3'],
  ...['--out', join(folder, out)],
]

/** The command in a shell, with its output led elsewhere: `> /dev/full`. */
function inShell(args: readonly string[], rest: string): Promise<Pick<Outcome, 'status' | 'stderr'>> {
  const line = `"$0" "$@" ${rest}`
  return new Promise((resolve) => {
    const child = execFile(
      'bash',
      ['-o', 'pipefail', '-c', line, process.execPath, join(root, 'dist/cli/main.js'), ...args],
      (_, _stdout, stderr) => resolve({ status: child.exitCode, stderr }),
    )
  })
}

describe('a reader that leaves', () => {
  test('is no reason to stop a training', async () => {
    const { status } = await resnet(training('unread'), {
      meanwhile: (child) => child.stdout?.once('data', () => child.stdout?.destroy()),
    })
    expect(status).toBe(0)
    const events = await readFile(join(folder, 'unread/events.jsonl'), 'utf8')
    expect(events).toContain('"reason":"finished","epochs":3')
  })

  test('of notes stops nothing, and a failure keeps its status', async () => {
    const trained = await inShell([...training('notes'), '--threads', '64'], '2>&1 | true')
    expect(trained.status).toBe(0)
    expect(existsSync(join(folder, 'notes/best.safetensors'))).toBe(true)
    const failed = await inShell(['show', 'resnet51'], '2>&1 | true')
    expect(failed.status).toBe(2)
  })

  test('ends what only answers, without a word', async () => {
    const { status, stderr } = await resnet(['list'], {
      meanwhile: (child) => child.stdout?.once('data', () => child.stdout?.destroy()),
    })
    expect([status, stderr]).toEqual([0, ''])
  })
})

describe.skipIf(!existsSync('/dev/full'))('a full device', () => {
  test('as standard output is one line, and status 1', async () => {
    const { status, stderr } = await inShell(['list'], '> /dev/full')
    expect([status, stderr]).toEqual([
      1,
      'resnet: standard output cannot be written (ENOSPC); is the disk full?\n',
    ])
  })

  test('as standard error is status 1', async () => {
    const { status } = await inShell(['show', 'resnet51'], '2> /dev/full')
    expect(status).toBe(1)
  })

  test('leaves no file of a conversion, as if all was well; a reader that left does', async () => {
    const out = join(folder, 'net.safetensors')
    const args = ['convert', join(root, 'models/cifar10-resnet20.safetensors'), out]
    expect((await inShell(args, '> /dev/full')).status).toBe(1)
    expect(existsSync(out)).toBe(false)
    expect((await inShell(args, '| true')).status).toBe(0)
    expect(existsSync(out)).toBe(true)
  })

  test('lets a training save first, which goes on later', async () => {
    const { status, stderr } = await inShell(training('full'), '> /dev/full')
    expect(status).toBe(1)
    expect(stderr).not.toContain('    at ')
    const resumed = await resnet([...training('full'), '--resume'])
    expect(resumed.status).toBe(0)
  })
})

describe.skipIf(process.platform === 'win32')('who is told to end', () => {
  test.each([500, 900])('writes no model, %i milliseconds after it began', async (wait) => {
    const [out, name] = [await mkdtemp(join(folder, 'convert-')), 'model.safetensors']
    const { status } = await resnet(['convert', 'resnet152', join(out, name)], {
      meanwhile: (child) => setTimeout(() => child.kill('SIGINT'), wait),
    })
    // Before the command listens the signal ends the process by itself.
    expect([130, null]).toContain(status)
    expect(await readdir(out)).toEqual([])
  })

  test.each([
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('by %s saves, says how to go on, and exits with %i', async (signal, exit) => {
    const { status, stderr } = await resnet(training(signal), {
      meanwhile: (child) => child.stdout?.once('data', () => child.kill(signal)),
    })
    expect(status).toBe(exit)
    expect(stderr).toMatch(/interrupted .*; continue with: resnet train \S+ --out \S+ --resume/)
    const resumed = await resnet(['train', pictures, '--out', join(folder, signal), '--resume'])
    expect(resumed.status).toBe(0)
  })
})
