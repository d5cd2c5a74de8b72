/** Datasets of thousands of classes cost what their pictures cost: nothing is as large as classes by classes. */
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type LabelledPicture, train, trainingSetOf } from '../src/index.ts'
import { drawConfusion } from '../src/plots/confusion.ts'
import { reportOf } from '../src/training/report/report.ts'
import { madeUp } from './made-up-run.ts'
import { takesMinutes } from './minutes.ts'

const named = (count: number) => Array.from({ length: count }, (_, i) => `n${String(i).padStart(8, '0')}`)

describe('two thousand classes of two pictures', () => {
  const data = madeUp(named(2000), 2)
  const counts = data.judgement?.counts

  test('are counted in no more entries than pictures', () => {
    expect(counts?.images).toBe(4000)
    expect(counts?.confusion.length).toBeGreaterThan(2000)
    expect(counts?.confusion.length).toBeLessThanOrEqual(4000)
    expect(counts?.confusion.reduce((sum, { count }) => sum + count, 0)).toBe(4000)
    // Some 40 bytes for each answer, and 70 for each class.
    expect(JSON.stringify(counts).length).toBeLessThan(2000 * 80 + 4000 * 45)
  })

  test('have a report that shows the worst of them, and says how many it leaves out', async () => {
    const page = await reportOf({
      ...data,
      judgement: counts && { on: 'test', counts, mistakes: [], leastSure: [] },
    })
    expect(page).toContain('1,970 more classes, which go better')
    expect(page).toContain('1,000 classes that go better still are left out here')
    expect(page).toMatch(/and [\d,]+ more pairs\./)
    expect(page).toContain('the 100 of 2,000 classes that are confused most')
    expect(page.length).toBeLessThan(300_000)
  })

  test('have a drawing of the hundred that are confused most', async () => {
    const svg = await drawConfusion(counts ?? { perClass: [], confusion: [] })
    expect(svg.length).toBeLessThan(100_000)
  })
})

test.runIf(takesMinutes)(
  '22,000 classes of two pictures have their report in seconds, and take less than 500 MB for it',
  async () => {
    const out = await mkdtemp(join(tmpdir(), 'resnet-ts-many-'))
    try {
      const grey = { data: new Uint8Array(3 * 64).fill(128), width: 8, height: 8 }
      const pictures = named(22_000).flatMap((label) =>
        (['train', 'test'] as const).map(
          (split): LabelledPicture => ({ label, split, file: `${label}/${split}.png`, picture: grey }),
        ),
      )
      const data = trainingSetOf('many', pictures, { seed: 1, validation: 0 })
      const changes = { epochs: 1, batch: 128, leastSteps: null }
      const options = { data, arch: 'cifar_resnet8', recipe: 'one-cycle', changes, out: join(out, 'run') }
      let before = 0
      for await (const event of train(options)) {
        if (event.kind === 'epoch') before = process.memoryUsage().rss
        if (event.kind === 'ended') expect([event.reason, event.reportError]).toEqual(['finished', undefined])
      }
      expect(process.memoryUsage().rss - before).toBeLessThan(500e6)
      const { size } = await stat(join(out, 'run', 'events.jsonl'))
      expect(size).toBeLessThan(10e6)
      // The network answers 22,000 pictures before a report is made; this is the report alone.
      const { judgement, ...rest } = madeUp(named(22_000), 2)
      const start = performance.now()
      await reportOf({ ...rest, judgement: judgement && { ...judgement, mistakes: [] } })
      expect(performance.now() - start).toBeLessThan(10_000)
    } finally {
      await rm(out, { recursive: true, force: true })
    }
  },
  3_600_000,
)
