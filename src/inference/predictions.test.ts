import { describe, expect, test } from 'vitest'
import { DatasetError } from '../errors.ts'
import { matchClasses } from './labels.ts'
import { bestClasses, predictionsOf, softmax } from './predictions.ts'
import { Tally } from './tally.ts'

describe('predictions', () => {
  test('softmax survives great scores and sums to one', () => {
    const probabilities = softmax([1000, 1000, -1000])
    expect([...probabilities]).toEqual([0.5, 0.5, 0])
  })

  test('the best come first, of equal ones the lower number', () => {
    expect(bestClasses([1, 3, 3, 2], 3)).toEqual([1, 2, 3])
  })

  test('classes without names have their number', () => {
    expect(predictionsOf([0.25, 0.75], ['cat'], 5)).toEqual([
      { label: 'class 1', index: 1, probability: expect.closeTo(0.75, 12) },
      { label: 'cat', index: 0, probability: expect.closeTo(0.25, 12) },
    ])
  })
})

describe('matchClasses', () => {
  const imagenet = {
    name: 'resnet50',
    labels: ['tench', 'traffic light', 'wall clock'],
    wordnet: ['n01440764', 'n06874185', 'n04548280'],
    classes: 3,
  }

  test('takes WordNet ids and names, however they are written', () => {
    const dataset = { name: 'x.tar', classes: ['n04548280', 'Traffic_Light', 'tench'] }
    expect(matchClasses(dataset, imagenet)).toEqual({ indices: [2, 1, 0], notes: [] })
  })

  test('takes the order of the dataset where the model names nothing, and says so', () => {
    const model = { name: 'm', labels: [], wordnet: [], classes: 2 }
    const { indices, notes } = matchClasses({ name: 'x.tar', classes: ['cat', 'dog'] }, model)
    expect(indices).toEqual([0, 1])
    expect(notes).toEqual([
      'the model does not name its 2 classes; they are taken in the order of the dataset',
    ])
  })

  test("takes numbers for the model's own, and says so", () => {
    const { indices, notes } = matchClasses({ name: 'x.tar', classes: ['0', '1'] }, imagenet)
    expect(indices).toEqual([0, 1])
    expect(notes).toEqual([
      'the dataset only numbers its classes; they are taken as the model numbers its own',
    ])
  })

  test('refuses a model of other classes in one line', () => {
    const match = () => matchClasses({ name: 'cifar10.tar', classes: ['airplane', 'tench'] }, imagenet)
    expect(match).toThrow(DatasetError)
    expect(match).toThrow(
      'cifar10.tar: its classes (airplane) are not among the 3 classes of resnet50 (tench, traffic light, wall clock); evaluate a model of these classes',
    )
  })
})

test('a tally counts firsts, fives, loss and confusion', () => {
  const tally = new Tally([
    { index: 2, label: 'c' },
    { index: 0, label: 'a' },
  ])
  tally.add(0, [0, 0, Math.log(2)])
  tally.add(0, [Math.log(2), 0, 0])
  tally.add(1, [Math.log(2), 0, 0])
  expect(tally.counts()).toEqual({
    images: 3,
    top1: 2 / 3,
    top5: 1,
    correct: 2,
    correct5: 3,
    loss: expect.closeTo((Math.log(2) + Math.log(4) + Math.log(2)) / 3, 12),
    perClass: [
      { label: 'c', index: 2, images: 2, correct: 1, top1: 0.5 },
      { label: 'a', index: 0, images: 1, correct: 1, top1: 1 },
    ],
    confusion: [
      { truth: 0, answer: 0, count: 1 },
      { truth: 0, answer: 2, count: 1 },
      { truth: 1, answer: 0, count: 1 },
    ],
  })
})
