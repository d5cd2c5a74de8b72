/** How well a network tells each class from the others, from the counts of its answers. */
import type { Counts } from '../../inference/tally.ts'

export interface ClassFigures {
  readonly label: string
  readonly images: number
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
      return { label, images, recall: correct / images, precision, f1: (2 * correct) / (images + answers) }
    })
    .toSorted((a, b) => a.f1 - b.f1)
}
