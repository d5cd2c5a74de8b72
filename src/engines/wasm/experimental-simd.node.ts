/** What V8 can do for vectors behind flags. Flags are the whole process's, so nothing is set before somebody asks. */
import { setFlagsFromString } from 'node:v8'
import { simdFlagsFor } from './simd-flags.ts'
import { flagsWork } from './try-flags.node.ts'

/** `off`: nobody asked, or this V8 has none. `failed`: this V8 was not known, and did not pass the trial. */
export type Revectorization = 'on' | 'off' | 'failed'

let state: Revectorization = 'off'

/**
 * Lets V8 use vectors that it counts as experimental, in this whole process, workers included: relaxed SIMD on Node 20, and on
 * Node 24 and later on x86-64 revectorization, which fuses pairs of 128-bit operations. Call it before the first WebAssembly
 * is compiled. The wasm engine tests its revectorized kernels before it uses them; elsewhere nothing changes. On a V8 that
 * this package was not tested on, the flags are tried in a child process first, which takes a second, once: its answer is
 * kept in the cache.
 *
 * @example
 * enableExperimentalSimd()
 * const model = await loadModel('resnet20')
 */
export function enableExperimentalSimd(): void {
  const { flags, revectorize, tried } = simdFlagsFor(process.versions.v8, process.arch)
  if (!tried && !flagsWork(flags)) {
    state = 'failed'
    return
  }
  for (const flag of flags) setFlagsFromString(flag)
  if (revectorize) state = 'on'
}

/** What `enableExperimentalSimd` came to. */
export function revectorization(): Revectorization {
  return state
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
