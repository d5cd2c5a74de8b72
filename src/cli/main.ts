#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8'
import { run } from './run.ts'

// Node 20 has relaxed SIMD behind a flag, later ones have it without and refuse the flag. It must be set before the first
// WebAssembly is compiled; a library leaves such things to its user, a command sets them for its own process.
if (process.versions.node.startsWith('20.')) setFlagsFromString('--experimental-wasm-relaxed-simd')

process.exitCode = await run(process.argv.slice(2))
