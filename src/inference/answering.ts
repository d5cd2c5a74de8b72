/** What a model's scores answer: probabilities of its classes, and what those are called. */
import { answersOf } from '../checkpoint/consistent.ts'
import type { Model } from '../checkpoint/model.ts'
import { ArgumentError } from '../errors.ts'
import { softmax } from './predictions.ts'

export interface Answering {
  /** Two where the network has one score: no and yes. */
  readonly classes: number
  /** What they are called, in order; empty where nobody knows. */
  readonly labels: readonly string[]
  /** One of the classes it is, and only one: probabilities sum to one. */
  readonly exclusive: boolean
  /** Of a picture's scores; they sum to one where the classes exclude each other. */
  probabilities(scores: ArrayLike<number>): Float64Array
}

/**
 * What the scores of a model answer.
 *
 * @throws ArgumentError for a model without a classifier.
 */
export function answeringOf(model: Model): Answering {
  const { name, labels, config } = model
  const { classes } = config
  switch (answersOf(model)) {
    case 'one':
      return { classes, labels, exclusive: true, probabilities: softmax }
    case 'each':
      return classes === 1
        ? {
            classes: 2,
            labels: twoLabels(labels),
            exclusive: true,
            probabilities: (scores) => noAndYes(scores[0] ?? 0),
          }
        : { classes, labels, exclusive: false, probabilities: (scores) => Float64Array.from(scores, sigmoid) }
    case 'none':
      throw new ArgumentError(
        `${name} has no classifier: features can be taken from it (resnet embed), but classes cannot be told; give it a head by training: resnet train DATASET --from MODEL`,
      )
  }
}

/** Of one class that is named, the other is its absence. */
function twoLabels(labels: readonly string[]): readonly string[] {
  const [only] = labels
  return labels.length === 1 && only !== undefined ? [`not ${only}`, only] : labels
}

function noAndYes(score: number): Float64Array {
  return Float64Array.of(sigmoid(-score), sigmoid(score))
}

function sigmoid(score: number): number {
  return 1 / (1 + Math.exp(-score))
}
