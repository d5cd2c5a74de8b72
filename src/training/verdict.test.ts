import { expect, it } from 'vitest'
import type { Counts } from '../inference/tally.ts'
import type { EpochFigures } from '../plots/curves.ts'
import { recipeNamed } from './recipes.ts'
import { type RunHistory, verdictOf, warningsOf } from './verdict.ts'

const settings: RunHistory['settings'] = {
  classes: Array.from({ length: 10 }, (_, i) => `class ${i}`),
  from: null,
  recipe: { ...recipeNamed('one-cycle'), epochs: 12 },
  dataset: {
    name: 'pictures',
    train: 360,
    val: 40,
    test: 0,
    valFrom: 'share',
    validation: 0.1,
    fingerprint: '',
  },
}

/** Epochs with these losses. */
function epochs(...losses: readonly (readonly [train: number, val?: number])[]): readonly EpochFigures[] {
  return losses.map(([train, val], i) => ({
    epoch: i + 1,
    train: { loss: train, accuracy: 0.5 },
    ...(val === undefined ? {} : { val: { loss: val, top1: 0.5 } }),
    best: i === 0,
  }))
}

function judged(correct: number, perClass: readonly number[]): RunHistory['judgement'] {
  const images = perClass.reduce((sum, count) => sum + count, 0)
  const tallies = perClass.map((count, index) => ({
    label: `class ${index}`,
    index,
    images: count,
    correct: 0,
    top1: 0,
  }))
  const counts: Counts = {
    images,
    correct,
    correct5: correct,
    top1: correct / images,
    top5: correct / images,
    loss: 1,
    perClass: tallies,
    confusion: [],
  }
  return { on: 'test', counts }
}

const kinds = (history: Omit<RunHistory, 'settings'>) =>
  verdictOf({ settings, ...history }).map(({ kind }) => kind)

it('says that the validation loss has exploded, with the loss of guessing and what to do', () => {
  const [finding, ...rest] = verdictOf({ settings, epochs: epochs([2.2, 3], [2.1, 670]) })
  expect(rest).toEqual([])
  expect(finding?.kind).toBe('exploded')
  expect(finding?.text).toBe(
    'the validation loss ends at 670 after epoch 2, where guessing one of 10 classes gives 2.30: the training is not stable; a lower rate than 0.4 or more steps may help, and so does starting from a trained network (--from resnet50.keras_in1k)',
  )
})

it('tells an explosion from a network that is too sure of its few mistakes', () => {
  const two = { ...settings, classes: ['a', 'b'] }
  const of = (top1: number) =>
    verdictOf({
      settings: two,
      epochs: [{ epoch: 1, train: { loss: 0.1, accuracy: 1 }, val: { loss: 2.5, top1 }, best: true }],
    }).map(({ kind }) => kind)
  expect(of(0.5)).toEqual(['exploded'])
  expect(of(0.8)).toEqual(['learnt'])
})

it('says that nothing was learnt where no loss came below that of guessing', () => {
  expect(kinds({ epochs: epochs([2.5, 2.31], [2.4, 2.35]) })).toEqual(['chance'])
  expect(kinds({ epochs: epochs([2.5], [2.4]) })).toEqual(['chance'])
  expect(kinds({ epochs: epochs([2.5, 2.29], [2.4, 2.35]) })).toEqual(['learnt'])
})

it('does not take the share of the largest class for learning', () => {
  const history = { epochs: epochs([0.3, 0.3]) }
  expect(kinds({ ...history, judgement: judged(900, [900, 100]) })).toEqual(['chance'])
  expect(kinds({ ...history, judgement: judged(960, [900, 100]) })).toEqual(['learnt'])
})

it('says that few pictures say little', () => {
  const history = { epochs: epochs([0.3, 0.3]) }
  const [learnt, few] = verdictOf({ settings, ...history, judgement: judged(7, [3, 4]) })
  expect(learnt?.text).toBe(
    '100.0 % of the test pictures are right (7 of 7; 65 % to 100 %); guessing gives 10.0 %',
  )
  expect(few?.text).toBe('7 test pictures say little: 7 of 7; 65 % to 100 %')
})

it('says that it learns by heart where the validation loss rises and the training loss falls', () => {
  expect(kinds({ epochs: epochs([2, 1.8], [1, 1.5], [0.2, 2.4]) })).toEqual(['learnt', 'overfit'])
  expect(kinds({ epochs: epochs([2, 1.8], [1, 1.5], [1.2, 2.4]) })).toEqual(['learnt'])
})

it('has nothing to say of a run without an epoch', () => {
  expect(verdictOf({ settings, epochs: [] })).toEqual([])
})

it('warns once of each thing while the run goes on', () => {
  const losses = epochs([2.5, 2.4], [2.5, 700], [2.5, 800], [2.5, 2.4], [2.5, 2.4], [2.5, 2.4])
  const told = losses.map((_, i) =>
    warningsOf({ settings, epochs: losses.slice(0, i + 1) }).map(({ kind }) => kind),
  )
  // A third of twelve epochs is four: before, a run that rises through its warm-up may have learnt nothing yet.
  expect(told).toEqual([[], ['exploded'], [], ['chance'], [], []])
})
