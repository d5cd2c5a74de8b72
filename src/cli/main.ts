#!/usr/bin/env node
import { enableExperimentalSimd } from '../engines/wasm/experimental-simd.node.ts'
import { run } from './run.ts'

// A library leaves V8's flags to its user, a command sets them for its own process.
enableExperimentalSimd()

process.exitCode = await run(process.argv.slice(2))
