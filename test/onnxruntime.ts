/** ONNX Runtime, where `npm install` was run in `bench/`; tests of it are skipped without it. */
import { createRequire } from 'node:module'
import type { Runtime } from '../src/engines/onnxruntime/onnxruntime.ts'

export const onnxRuntime: Runtime | undefined = find()

function find(): Runtime | undefined {
  const require = createRequire(new URL('../bench/package.json', import.meta.url))
  try {
    return require('onnxruntime-node')
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'MODULE_NOT_FOUND'
    if (missing && process.env.RESNET_TS_REQUIRE_ONNXRUNTIME !== '1') return undefined
    throw error
  }
}
