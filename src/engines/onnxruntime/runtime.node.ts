/** ONNX Runtime's native package for Node; the twin for browsers is `runtime.browser.ts`. */
import { EngineError } from '../../errors.ts'
import type { LoadedRuntime } from './runtime.ts'

/** Throws `EngineError` where the package is not installed. */
export async function loadRuntime(): Promise<LoadedRuntime> {
  try {
    // By a name that bundlers leave alone: it is optional, and a native module.
    const name = 'onnxruntime-node'
    const runtime: typeof import('onnxruntime-node') = await import(
      /* webpackIgnore: true */ /* @vite-ignore */ name
    )
    return { name: 'onnxruntime-node', runtime }
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? error.code : undefined
    const why =
      reason === 'ERR_MODULE_NOT_FOUND'
        ? 'which is not installed here'
        : `which does not load here (${error})`
    throw new EngineError(
      `the engine onnxruntime needs the package onnxruntime-node, ${why}; npm install onnxruntime-node, or use the engine wasm`,
      { cause: error },
    )
  }
}
