/** What V8 can do for vectors behind flags. Flags are the whole process's, so nothing is set before somebody asks. */
import { setFlagsFromString } from 'node:v8'

let revectorized = false

/**
 * Lets V8 use vectors that it counts as experimental, in this whole process, workers included: relaxed SIMD on Node 20, and on
 * Node 24 and later on x86-64 revectorization, which fuses pairs of 128-bit operations. Call it before the first WebAssembly
 * is compiled. The wasm engine tests its revectorized kernels before it uses them; elsewhere nothing changes.
 *
 * @example
 * enableExperimentalSimd()
 * const model = await loadModel('resnet20')
 */
export function enableExperimentalSimd(): void {
  const release = Number.parseInt(process.versions.node, 10)
  if (release === 20) setFlagsFromString('--experimental-wasm-relaxed-simd')
  if (release < 24 || process.arch !== 'x64') return
  setFlagsFromString('--experimental-wasm-revectorize')
  revectorized = true
}

/** Whether `enableExperimentalSimd` switched revectorization on. */
export function isRevectorized(): boolean {
  return revectorized
}

/**
 * Runs some work whose kernels are compiled by the optimising compiler at their first call, as they are in the end: the
 * baseline compiler, which usually comes first, fuses nothing.
 */
export async function withOptimisedKernels<T>(work: () => Promise<T>): Promise<T> {
  setFlagsFromString('--no-liftoff')
  try {
    return await work()
  } finally {
    setFlagsFromString('--liftoff')
  }
}
