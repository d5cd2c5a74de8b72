/** Training curves: lines through the figures, and the best epoch marked. */
import { describe, expect, test } from 'vitest'
import { drawAccuracy, drawLoss, drawRate, type EpochFigures } from './curves.ts'

const epochs: readonly EpochFigures[] = [
  { epoch: 1, train: { loss: 4, accuracy: 0.2 }, val: { loss: 3, top1: 0.3 }, best: true },
  { epoch: 2, train: { loss: 2, accuracy: 0.6 }, val: { loss: 2, top1: 0.8 }, best: true },
  { epoch: 3, train: { loss: 0, accuracy: 1 }, val: { loss: 4, top1: 0.7 }, best: false },
]

/** The corners of each line. */
function lines(svg: string) {
  return [...svg.matchAll(/<g class="mark-line[^>]*><path d="([^"]+)"/g)].map(([, path = '']) =>
    [...path.matchAll(/([\d.]+),([\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)]),
  )
}

describe('training curves', () => {
  test('go through the figures of training and validation', async () => {
    expect(lines(await drawLoss(epochs))).toEqual([
      [
        [0, 0],
        [210, 110],
        [420, 220],
      ],
      [
        [0, 55],
        [210, 110],
        [420, 0],
      ],
    ])
    const [training, validation] = lines(await drawAccuracy(epochs))
    expect(training?.map(([, y]) => y)).toEqual([220, 110, 0])
    expect(validation?.map(([, y]) => y)).toEqual([192.5, 55, 82.5])
  })

  test('mark the best epoch, which only validation pictures can tell', async () => {
    expect(await drawAccuracy(epochs)).toContain('best: epoch 2')
    const unjudged = epochs.map(({ val: _, ...epoch }) => epoch)
    const svg = await drawAccuracy(unjudged)
    expect(svg).not.toContain('best')
    expect(lines(svg)).toHaveLength(1)
  })

  test('are not flattened by a spike, which is cut and told', async () => {
    const losses = [2.3, 670, 1.5, 1.2, 1, 0.9, 0.85, 0.8]
    const svg = await drawLoss(
      losses.map((loss, i) => ({
        epoch: i + 1,
        train: { loss: 2 / (i + 1), accuracy: 0.5 },
        val: { loss, top1: 0.5 },
        best: false,
      })),
    )
    expect(svg).toContain('axis cut; up to 670')
    const [, validation = []] = lines(svg)
    // Even the first and the third epoch lie clearly apart.
    expect((validation[2]?.[1] ?? 0) - (validation[0]?.[1] ?? 0)).toBeGreaterThan(50)
    expect(validation[1]?.[1]).toBeLessThan(validation[0]?.[1] ?? 0)
    expect(svg).not.toContain('NaN')
  })

  test('of a loss that has exploded for good are drawn by its logarithm, which is told', async () => {
    const svg = await drawLoss(
      [2, 60, 300, 670, 500].map((loss, i) => ({
        epoch: i + 1,
        train: { loss: 2.3 - i / 100, accuracy: 0.1 },
        val: { loss, top1: 0.1 },
        best: false,
      })),
    )
    expect(svg).toContain('logarithmic axis')
    const [training = [], validation = []] = lines(svg)
    expect(Math.abs((validation[1]?.[1] ?? 0) - (training[1]?.[1] ?? 0))).toBeGreaterThan(50)
    expect(svg).not.toContain('NaN')
  })

  test('of one epoch are dots', async () => {
    const svg = await drawLoss(epochs.slice(0, 1))
    expect(svg.match(/<g class="mark-symbol role-mark/g)).toHaveLength(2)
    expect(svg).not.toContain('NaN')
  })
})

test('the learning rate rises and falls as the steps say', async () => {
  const [line] = lines(await drawRate([1, 2, 3].map((step) => ({ step, rate: step === 2 ? 0.4 : 0 }))))
  expect(line).toEqual([
    [0, 220],
    [210, 0],
    [420, 220],
  ])
})
