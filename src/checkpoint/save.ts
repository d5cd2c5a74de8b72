/** Saves models as files. */
import { saveFile } from '#platform/checkpoint/save'
import type { Model } from './model.ts'
import { type WriteOptions, writeModel } from './model-file.ts'

/** How a model file is saved. */
export interface SaveOptions extends WriteOptions {
  /** Ends the writing, and leaves no file. */
  readonly signal?: AbortSignal
}

/**
 * Saves a model as one `.safetensors` file, in Node; answers its size in bytes. The file appears under its name only
 * when it is whole.
 *
 * @throws ResourceError where it cannot be written.
 * @throws CheckpointError as `writeModel` does.
 */
export async function saveModel(path: string, model: Model, options?: SaveOptions): Promise<number> {
  return saveFile(path, writeModel(model, options), options?.signal)
}
