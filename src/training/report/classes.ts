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
  const answered = new Float64Array(confusion[0]?.length ?? 0)
  for (const row of confusion) {
    row.forEach((count, index) => {
      answered[index] = (answered[index] ?? 0) + count
    })
  }
  return perClass
    .filter(({ images }) => images > 0)
    .map(({ label, index, images, correct }) => {
      const answers = answered[index] ?? 0
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

/** So many pairs are named; of so few classes the matrix says it all. */
const shownPairs = 10
const fewClasses = 4

/** The pairs of classes that are confused most often. */
export function mostConfused({ perClass, confusion }: Counts): readonly Confused[] {
  if (perClass.length <= fewClasses) return []
  const labels = new Map(perClass.map(({ index, label }) => [index, label]))
  const pairs: Confused[] = []
  perClass.forEach(({ label, index, images }, row) => {
    confusion[row]?.forEach((count, answer) => {
      if (answer === index || count === 0) return
      pairs.push({ truth: label, answer: labels.get(answer) ?? `class ${answer}`, count, images })
    })
  })
  return pairs
    .toSorted((a, b) => b.count - a.count || b.count / b.images - a.count / a.images)
    .slice(0, shownPairs)
}
