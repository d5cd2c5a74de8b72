#!/usr/bin/env node
import { enableExperimentalSimd } from '../engines/wasm/experimental-simd.node.ts'
import { run } from './run.ts'

// A library leaves V8's flags to its user, a command sets them for its own process.
enableExperimentalSimd()

// A process that ends before it has its answer has failed. Nothing is awaited at the top: bundles may be of CommonJS.
process.exitCode = 1
run(process.argv.slice(2)).then((status) => {
  process.exitCode = status
})
