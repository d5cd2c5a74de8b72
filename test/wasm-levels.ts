/** The wasm engine at each level of its kernels, which this process may use: any of them computes right on any Node. */
import type { Engine } from '../src/engines/engine.ts'
import { enableExperimentalSimd } from '../src/engines/wasm/experimental-simd.node.ts'
import { type LevelName, levels } from '../src/engines/wasm/levels.ts'
import { openSession } from '../src/engines/wasm/wasm.ts'

enableExperimentalSimd()

export const levelNames = Object.keys(levels) as readonly LevelName[]

/**
 * One level shares the work among threads, by chance another one each time: that threads give the same bits at every level is
 * a test of its own (wasm.test.ts), and starting them takes longer than most tests do.
 */
const shared = Math.floor(Math.random() * levelNames.length)

export const wasmLevels: readonly Engine[] = levelNames.map((level, index) => {
  const threads = index === shared ? 2 : 1
  return {
    name: `wasm at level ${level}, threads: ${threads}`,
    open: (state, options = {}) => openSession(state, { threads, ...options }, true, level),
  }
})
