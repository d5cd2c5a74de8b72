/** How a network does on each class, of the counts of its answers. */
import type { Counts } from '../../inference/tally.ts'

export interface ClassFigures {
  readonly label: string
  readonly images: number
  readonly correct: number
  /** How often the class was answered. */
  readonly answers: number
  /** Share of the class's pictures that are answered rightly. */
  readonly recall: number
  /** Share of the answers of this class that are right; 0 where there are none. */
  readonly precision: number
  /** Harmonic mean of both. */
  readonly f1: number
}

/** The classes that have pictures, the worst first; equal ones in their order. */
export function classFigures({ perClass, confusion }: Counts): readonly ClassFigures[] {
  const answered = new Map<number, number>()
  for (const { answer, count } of confusion) answered.set(answer, (answered.get(answer) ?? 0) + count)
  return perClass
    .filter(({ images }) => images > 0)
    .map(({ label, index, images, correct }) => {
      const answers = answered.get(index) ?? 0
      const precision = answers === 0 ? 0 : correct / answers
      const f1 = (2 * correct) / (images + answers)
      return { label, images, correct, answers, recall: correct / images, precision, f1 }
    })
    .toSorted((a, b) => a.f1 - b.f1)
}

/** Pictures of one class that are taken for another. */
export interface Confused {
  readonly truth: string
  readonly answer: string
  readonly count: number
  /** Pictures of the class `truth`. */
  readonly images: number
}

export interface MostConfused {
  readonly pairs: readonly Confused[]
  /** How many more pairs are confused. */
  readonly more: number
}

/** So many pairs are named; of so few classes the matrix says it all. */
const shownPairs = 10
const fewClasses = 4

/** The pairs of classes that are confused most often. */
export function mostConfused({ perClass, confusion }: Counts): MostConfused {
  if (perClass.length <= fewClasses) return { pairs: [], more: 0 }
  const labels = new Map(perClass.map(({ index, label }) => [index, label]))
  const wrong = confusion.flatMap(({ truth, answer, count }) => {
    const entry = perClass[truth]
    return entry === undefined || entry.index === answer
      ? []
      : [{ truth: entry.label, answer, count, images: entry.images }]
  })
  const pairs = wrong
    .toSorted((a, b) => b.count - a.count || b.count / b.images - a.count / a.images)
    .slice(0, shownPairs)
    .map((pair) => ({ ...pair, answer: labels.get(pair.answer) ?? `class ${pair.answer}` }))
  return { pairs, more: wrong.length - pairs.length }
}
