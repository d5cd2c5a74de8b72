/** What the report of a run shows. */
import type { Counts } from '../../inference/tally.ts'
import type { EpochFigures } from '../../plots/curves.ts'
import type { KeptEnd, Skipped, Started, Stepped } from '../events.ts'

export interface ReportData {
  readonly started: Started
  /** Where the run and its pictures lie, as they were named. */
  readonly places: Places
  readonly epochs: readonly EpochFigures[]
  /** Steps at even distances, so many as a curve can show. */
  readonly steps: readonly Pick<Stepped, 'step' | 'rate'>[]
  /** The pictures that could not be read, each once. */
  readonly skipped: readonly Pick<Skipped, 'file' | 'error'>[]
  readonly ended: KeptEnd
  /** The best model on pictures that it was not trained on; undefined for a run that was interrupted. */
  readonly judgement: Judgement | undefined
}

export interface Places {
  /** The run's folder. */
  readonly folder: string
  /** The dataset's path; its name where it was given in memory. */
  readonly data: string
  /** The model that the run started from, and the teacher's; null where there is none, or no path to it. */
  readonly from: string | null
  readonly teacher: string | null
}

export interface Judgement {
  readonly on: 'test' | 'val'
  readonly counts: Counts
  /** The most confidently wrong answers, the worst first. */
  readonly mistakes: readonly Answer[]
  /** Where no answer is wrong, the right ones of which the network was least sure, the least sure first. */
  readonly leastSure: readonly Answer[]
  /** Why neither could be drawn, where that failed. */
  readonly undrawn?: string
}

/** What the network said of a picture. */
export interface Answer {
  readonly file: string
  /** The right class, the one that was answered, and how likely the network found each. */
  readonly truth: string
  readonly truthProbability: number
  readonly answer: string
  readonly probability: number
  /** A PNG file of what the network saw. */
  readonly picture: Uint8Array
  /** A PNG file of where it saw the answer; heads other than a global pool and one classifier have none. */
  readonly map: Uint8Array | undefined
}
