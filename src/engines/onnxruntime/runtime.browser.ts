/** ONNX Runtime's package for browsers; the twin for Node is `runtime.node.ts`. */
import { EngineError } from '../../errors.ts'
import type { LoadedRuntime } from './runtime.ts'

/** Throws `EngineError` where the page was built without the package. The threads are those of the whole page. */
export async function loadRuntime(threads: number | undefined): Promise<LoadedRuntime> {
  try {
    const runtime = await import('onnxruntime-web')
    if (threads !== undefined) runtime.env.wasm.numThreads = threads
    return { name: 'onnxruntime-web', runtime }
  } catch (error) {
    throw new EngineError(
      `the engine onnxruntime needs the package onnxruntime-web, which does not load here (${error}); npm install onnxruntime-web, or use the engine wasm`,
      { cause: error },
    )
  }
}
