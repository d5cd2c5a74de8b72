/** What a report shows, of a run that never was. */
import { changed, config, preprocessingNamed } from '../src/index.ts'
import { Tally } from '../src/inference/tally.ts'
import { randomUniform } from '../src/ops/random-bits.ts'
import { recipeNamed } from '../src/training/recipes.ts'
import type { ReportData } from '../src/training/report/data.ts'

/** The run of a network with these classes, of which each picture of the first is taken for the next. */
export function madeUp(classes: readonly string[], pictures: number): ReportData {
  const tally = new Tally(classes.map((label, index) => ({ index, label })))
  for (const row of classes.keys()) {
    for (let n = 0; n < pictures; n++) {
      const answer = row === 0 ? 1 : Math.floor(row + 3 * randomUniform(row, n)) % classes.length
      const scores = new Float32Array(classes.length)
      scores[answer] = 3
      tally.add(row, scores)
    }
  }
  const counts = tally.counts()
  const epochs = [1, 2, 3].map((epoch) => ({
    epoch,
    train: { loss: 2 / epoch, accuracy: epoch / 4 },
    val: { loss: 3 / epoch, top1: epoch / 5 },
    best: true,
  }))
  return {
    started: {
      kind: 'started',
      settings: {
        arch: 'resnet20',
        config: changed(config('resnet20'), { classes: classes.length }),
        preprocessing: preprocessingNamed('cifar10', [32, 32]),
        classes,
        recipeName: 'one-cycle',
        recipe: { ...recipeNamed('one-cycle'), epochs: 3 },
        seed: 5,
        from: null,
        teacher: null,
        sources: { from: null, teacher: null },
        dataset: {
          name: "Tom's <b>cats</b>",
          ...{ train: 1000, val: 100, test: counts.images },
          ...{ valFrom: 'share', validation: 0.1, fingerprint: '0' },
        },
      },
      ...{ parameters: 269_722, trained: 269_722, macs: 40_551_808, stepsPerEpoch: 8 },
      ...{ runsOn: 'relaxed SIMD, 2 threads', resumedAt: 0, passedOver: [] },
    },
    places: { folder: "runs/Tom's cats", data: "../Tom's cats", from: null, teacher: null },
    epochs,
    steps: Array.from({ length: 24 }, (__, i) => ({ step: i + 1, rate: 0.1 * (1 - i / 24) })),
    skipped: Array.from({ length: 25 }, (__, i) => ({
      file: `train/${i}<script>.png`,
      error: `train/${i}<script>.png: the file is empty`,
    })),
    ended: {
      kind: 'ended',
      ...{ reason: 'finished', epochs: 3, steps: 24, seconds: 12 },
      ...{ best: { epoch: 3, loss: 1, top1: 0.6, refinedLoss: 1 }, test: counts, verdict: [] },
    },
    judgement: {
      on: 'test',
      counts,
      mistakes: Array.from({ length: 12 }, (__, i) => ({
        file: `test/<script>alert(${i})</script>.png`,
        ...{ truth: classes[0] ?? '', truthProbability: 0.1, answer: classes[1] ?? '', probability: 0.9 },
        picture: noise(62_208, i),
        // As of a head that has none.
        map: i === 11 ? undefined : noise(62_208, i + 100),
      })),
      leastSure: [],
    },
  }
}

/** What does not get smaller. */
function noise(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => 256 * randomUniform(seed, i))
}
