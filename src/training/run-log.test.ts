import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CheckpointError } from '../errors.ts'
import { historyOf } from './report/history.ts'
import { eventIn, mendEvents } from './run-log.node.ts'

const steps = Array.from({ length: 8 }, (_, i) => ({ kind: 'step', step: i + 1, rate: 0.1 }))
const whole = [{ kind: 'started' }, ...steps].map((event) => `${JSON.stringify(event)}\n`)
/** The state was saved after six steps; two more were told. */
const saved = { step: 6, epoch: 0, length: Buffer.byteLength(whole.slice(0, 7).join('')) }

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'resnet-ts-log-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** The steps of the log that is left of these bytes, how many bytes were kept, and what was set aside. */
async function mended(bytes: Buffer) {
  const [log, aside] = [join(folder, 'events.jsonl'), join(folder, 'aside')]
  await rm(aside, { force: true })
  await writeFile(log, bytes)
  const { length, notes } = await mendEvents(log, aside, saved)
  const left = (await readFile(log)).subarray(0, length).toString()
  const events = left
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
  const told = events.flatMap(({ kind, step }) => (kind === 'step' ? [step] : []))
  return { told, notes, aside: await readFile(aside, 'utf8').catch(() => '') }
}

async function* told(...lines: readonly string[]): AsyncGenerator<unknown> {
  for (const line of lines) yield eventIn(Buffer.from(line))
}

const changed = (change: (lines: string[]) => void) => {
  const lines = [...whole]
  change(lines)
  return Buffer.from(lines.join(''), 'latin1')
}

describe('the log of a run that goes on', () => {
  test('is cut off after what was told when its state was saved', async () => {
    const { told, notes } = await mended(changed(() => undefined))
    expect(told).toEqual([1, 2, 3, 4, 5, 6])
    expect(notes).toEqual([])
  })

  test.each<[string, Buffer, readonly number[], string]>([
    [
      'has a torn last line',
      changed((lines) => lines.splice(6, 3, `${'{"kind":"st'.padEnd(60, ' ')}`)),
      [1, 2, 3, 4, 5],
      `${'{"kind":"st'.padEnd(60, ' ')}\n`,
    ],
    ['ends in zeros', changed((lines) => lines.splice(5, 4, '\0'.repeat(300))), [1, 2, 3, 4], ''],
    [
      'has bytes in it',
      changed((lines) => lines.splice(2, 1, '\xff\xfe{"ki\n')),
      [1, 3, 4, 5, 6],
      '\ufffd\ufffd{"ki\n',
    ],
    [
      'has two lines in one',
      changed((lines) => lines.splice(2, 2, '{"kind":"ste{"kind":"step","step":3}\n')),
      [1, 4, 5, 6],
      '{"kind":"ste{"kind":"step","step":3}\n',
    ],
    [
      'has a number that is none',
      changed((lines) => lines.splice(2, 1, '{"kind":"step","step":2,"rate":null}\n')),
      [1, 3, 4, 5, 6],
      '{"kind":"step","step":2,"rate":null}\n',
    ],
    [
      'was written twice',
      changed((lines) => lines.splice(3, 0, '\n', ...lines.slice(1, 3))),
      [1, 2, 3, 4, 5, 6],
      '',
    ],
    [
      'went through an editor',
      Buffer.from(`\ufeff${whole.join('').replaceAll('\n', '\r\n')}`),
      [1, 2, 3, 4, 5, 6],
      '',
    ],
    [
      'is a picture',
      Buffer.from('\x89PNG'.padEnd(400, 'x'), 'latin1'),
      [],
      `${'\ufffdPNG'.padEnd(400, 'x')}\n`,
    ],
  ])('that %s keeps every whole line of before, once', async (_, bytes, left, aside) => {
    const outcome = await mended(bytes)
    expect(outcome.told).toEqual(left)
    expect(outcome.aside).toBe(aside)
    expect(outcome.notes.join()).toMatch(/not as it was when the run was saved: .*the weights are whole/)
  })

  test.each<[string, Buffer]>([
    ['lacks its last byte', Buffer.from(whole.slice(0, 7).join('')).subarray(0, -1)],
    ['lacks its end', changed((lines) => lines.splice(5, 4, '{"kind":"st'))],
    ['is empty', Buffer.alloc(0)],
  ])('that %s is refused as it is, and says how to go on without it', async (_, bytes) => {
    const path = join(folder, 'events.jsonl')
    await expect(mended(bytes)).rejects.toThrow(
      new RegExp(`has ${bytes.length} bytes, and had ${saved.length} when .*; or go on .*: rm ${path}$`),
    )
    expect(await readFile(path)).toEqual(bytes)
  })

  test('that was removed is begun anew, with a note', async () => {
    const path = join(folder, 'removed.jsonl')
    const { length, notes } = await mendEvents(path, join(folder, 'aside'), saved)
    expect(length).toBe(0)
    expect(notes.join()).toMatch(/it is gone; curves may lack something, the weights are whole/)
  })

  test('that cannot be read is told', async () => {
    await expect(mendEvents(folder, join(folder, 'aside'), { ...saved, length: 1 })).rejects.toThrow(
      /cannot be read \(EISDIR\)/,
    )
  })

  test('has what was told before answers were counted by those that happened', async () => {
    const test = {
      images: 3,
      top1: 1,
      perClass: [],
      confusion: [
        [2, 0],
        [0, 1],
      ],
    }
    const line = JSON.stringify({ kind: 'ended', reason: 'finished', steps: 6, test })
    expect(eventIn(Buffer.from(line))).toEqual(JSON.parse(line))
    expect(await historyOf(told(line))).toEqual({ epochs: [], steps: [], skipped: [] })
  })

  test('is mended or refused whatever was done to it', async () => {
    const place = fc.nat(Buffer.byteLength(whole.join('')))
    await fc.assert(
      fc.asyncProperty(place, place, fc.uint8Array({ maxLength: 40 }), async (from, to, put) => {
        const bytes = Buffer.from(whole.join(''))
        const damaged = Buffer.concat([
          bytes.subarray(0, Math.min(from, to)),
          put,
          bytes.subarray(Math.max(from, to)),
        ])
        if (damaged.length < saved.length) {
          await expect(mended(damaged)).rejects.toThrow(CheckpointError)
          return
        }
        const { told } = await mended(damaged)
        // Each line that is left is an event: reading them has checked it.
        expect(told.length).toBeLessThanOrEqual(steps.length)
      }),
      { numRuns: 100 },
    )
  })
})
