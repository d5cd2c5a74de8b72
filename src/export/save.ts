/** Saves models as ONNX files. */
import { saveFile } from '#platform/checkpoint/save'
import type { Model } from '../checkpoint/model.ts'
import { type ModelOnnxOptions, onnxOfModel } from './onnx.ts'

/**
 * Saves a model as one `.onnx` file, in Node; answers its size in bytes. The file appears under its name only when it is
 * whole.
 *
 * @throws ExportError where ONNX cannot hold the network as it is asked for; ArgumentError for wrong options; ResourceError where the file cannot be written.
 */
export async function saveOnnx(
  path: string,
  model: Model,
  { signal, ...options }: ModelOnnxOptions & { readonly signal?: AbortSignal } = {},
): Promise<number> {
  return saveFile(path, [onnxOfModel(model, options)], signal)
}
