/** Datasets of thousands of classes cost what their pictures cost: nothing is as large as classes by classes. */
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
  '22,000 classes of two pictures are judged and reported within 500 MB',
  async () => {
    const classes = named(22_000)
    const grey = { data: new Uint8Array(3 * 64).fill(128), width: 8, height: 8 }
    const pictures = classes.flatMap((label) =>
      (['train', 'val'] as const).map(
        (split): LabelledPicture => ({
          ...{ label, split, file: `${label}/${split}.png`, picture: grey },
        }),
      ),
    )
    const set = trainingSetOf('many', pictures, { seed: 1 })
    const changes = { epochs: 1, batch: 64, leastSteps: null }
    let before = 0
    for await (const event of train({ data: set, arch: 'cifar_resnet8', changes })) {
      if (event.kind === 'epoch') before = process.memoryUsage().rss
      if (event.kind === 'ended') expect(event.reason).toBe('finished')
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(500e6)
  },
  3_600_000,
)
