// ONNX Runtime in WebAssembly, in Node.
import * as runtime from 'onnxruntime-web'
import { openOnnx } from './onnxruntime.mjs'

export async function open({ threads, ...work }) {
  runtime.env.wasm.numThreads = threads
  const options = { executionProviders: ['wasm'] }
  return { step: await openOnnx(runtime, { ...work, options }), runsOn: `WebAssembly, ${threads} threads` }
}
