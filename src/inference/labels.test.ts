/** Which class of a model a class of a dataset is: exact names first, and never one of two by chance. */
import { describe, expect, it } from 'vitest'
import { DatasetError } from '../errors.ts'
import { imagenetIdsFor, imagenetLabels } from './imagenet.ts'
import { matchClasses } from './labels.ts'

const model = (labels: readonly string[], classes = labels.length) => ({
  name: 'm',
  labels,
  wordnet: imagenetIdsFor(labels),
  classes,
})
const match = (classes: readonly string[], labels: readonly string[], count = labels.length) =>
  matchClasses({ name: 'd', classes }, model(labels, count))
const composed = 'Caf\u00e9'
const decomposed = 'Cafe\u0301'

describe('the classes of a dataset', () => {
  it('are found by their exact names first', () => {
    const labels = ['cat', 'Cat', composed, decomposed, 'constructor', '__proto__']
    const { indices, notes } = match(['Cat', '__proto__', 'cat', 'constructor', decomposed, composed], labels)
    expect(indices).toEqual([1, 5, 0, 4, 3, 2])
    expect(notes).toEqual([])
  })

  it('then by names that are written otherwise', () => {
    expect(
      match(['traffic_light', decomposed, 'RED  FOX'], ['red-fox', 'Traffic Light', composed]).indices,
    ).toEqual([1, 2, 0])
  })

  it('are never one of two by chance', () => {
    expect(() => match(['CAT', 'dog'], ['Cat', 'cat', 'dog'])).toThrow(DatasetError)
    expect(() => match(['CAT', 'dog'], ['Cat', 'cat', 'dog'])).toThrow(
      'its class CAT could be 0 "Cat" or 1 "cat" of m; call it exactly as',
    )
    expect(() => match(['crane'], imagenetLabels)).toThrow(
      'could be 134 "crane" (n02012849) or 517 "crane" (n03126707) of m; call it by the WordNet id',
    )
    expect(match(['n03126707', 'cardigan', 'Cardigan'], imagenetLabels).indices).toEqual([517, 474, 264])
  })

  it('may be one class of the model together, which is said', () => {
    const { indices, notes } = match(['Cat', 'cat'], ['dog', 'cat'])
    expect(indices).toEqual([1, 1])
    expect(notes).toEqual([`the classes "Cat" and "cat" are both taken as the model's "cat"`])
  })

  it('that the model has not may lack pictures, but for that they are refused', () => {
    const given = { name: 'd', classes: ['cat', 'notes'], used: new Set([0]) }
    expect(matchClasses(given, model(['dog', 'cat'])).indices).toEqual([1, undefined])
    expect(() => match(['cat', 'notes'], ['dog', 'cat'])).toThrow(
      'its classes (notes) are not among the 2 classes of m',
    )
  })

  it('that are numbers are taken in their order, beside the order that ImageFolder has', () => {
    const numbers = Array.from({ length: 12 }, (_, i) => String(i))
    const { indices, byLetters } = match(numbers, [], 12)
    expect(indices).toEqual(numbers.map(Number))
    expect(byLetters).toEqual([0, 1, 4, 5, 6, 7, 8, 9, 10, 11, 2, 3])
    expect(match(['3', '7', '12'], [], 3).byLetters).toEqual([1, 2, 0])
    expect(match(['0', '1', '2'], [], 3).byLetters).toBeUndefined()
    expect(match(numbers, [...numbers].sort()).indices).toEqual([0, 1, 4, 5, 6, 7, 8, 9, 10, 11, 2, 3])
  })
})
