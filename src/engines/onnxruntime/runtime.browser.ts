/** ONNX Runtime in browsers: the page gives its module; the twin for Node is `runtime.node.ts`. */
import { EngineError } from '../../errors.ts'
import type { LoadedRuntime } from './runtime.ts'

/** Throws `EngineError`: an import here would be one that every bundle without the optional package warns of or fails at. */
export async function loadRuntime(): Promise<LoadedRuntime> {
  throw new EngineError(
    'in a page the engine onnxruntime needs its module; npm install onnxruntime-web, import it as ort, and take the engine onnxruntime({ runtime: ort }), or use the engine wasm',
  )
}
