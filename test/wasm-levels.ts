/** The wasm engine at each level of its kernels, which this process may use: any of them computes right on any Node. */
import type { Engine } from '../src/engines/engine.ts'
import { enableExperimentalSimd } from '../src/engines/wasm/experimental-simd.node.ts'
import { type LevelName, levels } from '../src/engines/wasm/levels.ts'
import { openSession } from '../src/engines/wasm/wasm.ts'

enableExperimentalSimd()

export const levelNames = Object.keys(levels) as readonly LevelName[]

export const wasmLevels: readonly Engine[] = levelNames.map((level) => ({
  name: `wasm at level ${level}`,
  open: (state, options = {}) => openSession(state, options, true, level),
}))
