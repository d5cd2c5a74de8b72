/** Where a run is kept, so that it can go on after an interruption: a folder in Node (`run-folder.node.ts`). */
import type { Model } from '../checkpoint/model.ts'
import type { TensorMap } from '../engines/engine.ts'
import type { RefinedLoss } from './choice.ts'
import type { Best, KeptEvent, RunSettings } from './events.ts'

/** Where a run stands; with the session's states, all that going on needs. */
export interface Position {
  /** Steps taken. */
  readonly step: number
  /** Epochs finished. */
  readonly epoch: number
  /** Sums over the images of the epoch that is under way. */
  readonly sums: { readonly loss: number; readonly correct: number; readonly images: number }
  /** Seconds of training in this epoch and in all, evaluation apart. */
  readonly epochSeconds: number
  readonly seconds: number
  /** The epoch whose model is kept as the best. */
  readonly best: Best | null
  /** Of few validation pictures, the least refined loss so far. */
  readonly least: RefinedLoss | null
  /** Epochs since the last one that was better than all before it. */
  readonly sinceBest: number
}

export const startPosition: Position = {
  step: 0,
  epoch: 0,
  sums: { loss: 0, correct: 0, images: 0 },
  epochSeconds: 0,
  seconds: 0,
  best: null,
  least: null,
  sinceBest: 0,
}

export interface SavedRun {
  readonly position: Position
  /** Parameters, running statistics, the optimiser's state, averages. */
  readonly states: TensorMap
  /** The tensors of the best model so far. */
  readonly bestTensors: TensorMap | undefined
}

/** Which features: of what (all that they depend on), how many rows, and how many numbers each. */
export interface RowsOfFeatures {
  readonly fingerprint: string
  readonly rows: number
  readonly values: number
}

export interface FeatureRow {
  readonly row: number
  readonly values: Float32Array
}

export interface KeptFeatures {
  /** What is there, each row whole. */
  read(): AsyncIterable<FeatureRow>
  append(row: FeatureRow): Promise<void>
  close(): Promise<void>
}

/** Bytes that a run leaves: of one model, of the state, of the features, of the logs. */
export interface SpaceNeeded {
  readonly model: number
  readonly state: number
  readonly features: number
  readonly logs: number
}

export interface RunStore {
  /** The folder, as it was named. */
  readonly path: string
  /** The run that was there and goes on; nothing was saved of one that was stopped before its first save. */
  readonly before: { readonly settings: RunSettings; readonly saved: SavedRun | undefined } | undefined
  /** What a person should know of how it was found. */
  readonly notes: readonly string[]
  /** Begins a run of which nothing is saved. */
  begin(settings: RunSettings): Promise<void>
  /** Keeps the settings of a run that goes on with others. */
  saveSettings(settings: RunSettings): Promise<void>
  append(event: KeptEvent): Promise<void>
  /** Keeps a sheet of augmented pictures, a PNG file; answers its path. */
  savePreview(png: Uint8Array): Promise<string>
  /** All that was appended, before an interruption too, as JSON has it. */
  events(): AsyncIterable<unknown>
  saveReport(page: string): Promise<void>
  saveModel(which: 'last' | 'best', model: Model): Promise<void>
  /** Saves a state from which the run can go on, whole or not at all. */
  save(position: Position, states: TensorMap): Promise<void>
  /** Opens what is kept of features; what is kept of others is forgotten. */
  openFeatures(of: RowsOfFeatures): Promise<KeptFeatures>
  /** Throws `ResourceError` where the disk has too little space for what the run will leave. */
  checkSpace(needed: SpaceNeeded): Promise<void>
  close(): Promise<void>
}
