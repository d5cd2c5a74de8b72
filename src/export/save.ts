/** Saves models as ONNX files. */
import { saveFile } from '#platform/checkpoint/save'
import type { Model } from '../checkpoint/model.ts'
import { onnxOfModel } from './onnx.ts'

/**
 * Saves a model as one `.onnx` file, in Node; answers its size in bytes. The file appears under its name only when it is
 * whole.
 *
 * @throws ExportError where ONNX cannot hold the network; ResourceError where the file cannot be written.
 */
export async function saveOnnx(
  path: string,
  model: Model,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<number> {
  return saveFile(path, [onnxOfModel(model)], signal)
}
