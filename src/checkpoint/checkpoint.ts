/**
 * What every reader of a container yields: named tensors that are read one at a time, and what the container says beside
 * them. Names are the file's own, wrappers (`state_dict`, `model`) opened; mapping them is the work of `naming/`.
 */
import type { Beside } from './bytes.ts'

export interface Checkpoint {
  readonly format: CheckpointFormat
  /** What to call it in messages. */
  readonly name: string
  readonly tensors: ReadonlyMap<string, StoredTensor>
  /** Text that the container carries beside its tensors (safetensors' `__metadata__`). */
  readonly metadata: ReadonlyMap<string, string>
  /**
   * Plain values that the container holds around the network (`classes`, `epoch`, `meta`), by key, the nearest first; of
   * safetensors' metadata, texts that are JSON are parsed. Nothing without it.
   */
  readonly extras?: ReadonlyMap<string, PlainValue>
  /** Opens a file that lies in the same folder, where there is one: `config.json`, `labels.txt`. */
  readonly beside?: Beside
  /** The layers of a Keras network, where the container carries its graph. */
  readonly topology?: KerasTopology
  /** What a person should know: wrappers that were opened, inert values that were passed over. */
  readonly notes: readonly string[]
  close(): Promise<void>
}

/** Data as JSON and Python's pickles have it; keys of dictionaries are texts, numbers among them written out. */
export type PlainValue =
  | null
  | boolean
  | number
  | string
  | readonly PlainValue[]
  | ReadonlyMap<string, PlainValue>

export type CheckpointFormat = 'safetensors' | 'torch-zip' | 'torch-legacy' | 'tfjs'

export type StoredType =
  | 'F64'
  | 'F32'
  | 'F16'
  | 'BF16'
  | 'I64'
  | 'I32'
  | 'I16'
  | 'I8'
  | 'U64'
  | 'U32'
  | 'U16'
  | 'U8'
  | 'BOOL'

/** One tensor in a file, checked against the file's size but not yet read. */
export interface StoredTensor {
  readonly name: string
  readonly type: StoredType
  readonly shape: readonly number[]
  /** Its values row by row. Half and bfloat16 widen exactly; doubles and integers round to the nearest float32. */
  read(): Promise<Float32Array>
}

/** The layers of a Keras network as its configuration lists them. */
export interface KerasTopology {
  readonly layers: readonly KerasLayer[]
}

export interface KerasLayer {
  readonly name: string
  /** `Conv2D`, `BatchNormalization`, `MaxPooling2D`, ... */
  readonly className: string
  /** The layer's own settings as parsed JSON: `strides`, `padding`, `epsilon`, `use_bias`, ... */
  readonly config: Readonly<Record<string, unknown>>
  /** Names of the layers it reads. */
  readonly inputs: readonly string[]
}
