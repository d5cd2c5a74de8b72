/** A page cannot set flags: it has the vectors that its browser offers. */

export type Revectorization = 'on' | 'off' | 'failed'

/** Does nothing in a browser. In Node, lets V8 use vectors that it counts as experimental. */
export function enableExperimentalSimd(): void {}

export function revectorization(): Revectorization {
  return 'off'
}

export async function withOptimisedKernels<T>(work: () => Promise<T>): Promise<T> {
  return work()
}
