// ONNX Runtime's own engine, native code.
import * as runtime from 'onnxruntime-node'
import { openOnnx } from './onnxruntime.mjs'

export async function open({ threads, ...work }) {
  const options = { intraOpNumThreads: threads, interOpNumThreads: 1, executionProviders: ['cpu'] }
  return { step: await openOnnx(runtime, { ...work, options }), runsOn: `native, ${threads} threads` }
}
