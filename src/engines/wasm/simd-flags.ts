/**
 * Which of V8's flags give the kernels wider vectors. They are experimental: a flag that one release takes can end the
 * process in the next (`--no-liftoff` on V8 14.6 without `--no-wasm-deopt`). So each release on which the tests have run
 * has its row, and any other is tried in a process of its own first.
 */

export interface SimdFlags {
  readonly flags: readonly string[]
  /** Whether they make V8 fuse pairs of 128-bit operations, which the kernels of the widest level are made for. */
  readonly revectorize: boolean
  /** Whether the tests have run on this release of V8. */
  readonly tried: boolean
}

const none: SimdFlags = { flags: [], revectorize: false, tried: true }

const relaxed: SimdFlags = { ...none, flags: ['--experimental-wasm-relaxed-simd'] }

const revectorizing: SimdFlags = { ...none, flags: ['--experimental-wasm-revectorize'], revectorize: true }

/** V8 14 inlines by feedback, which is not there where the baseline compiler is switched off for a while. */
const revectorizingWithoutFeedback: SimdFlags = {
  ...revectorizing,
  flags: [...revectorizing.flags, '--no-wasm-deopt'],
}

/** Releases of V8 on which the tests have run, and the Node that has them. */
const triedReleases: ReadonlyMap<string, SimdFlags> = new Map([
  ['11.3', relaxed], // Node 20
  ['12.4', none], // Node 22
  ['13.6', revectorizing], // Node 24
  ['14.6', revectorizingWithoutFeedback], // Node 26
])

/** Before it, revectorization gained nothing, or is not there. */
const firstWorthTrying = [13, 6] as const

/** The flags for a version of V8 (`process.versions.v8`) on a processor architecture (`process.arch`). */
export function simdFlagsFor(v8: string, arch: string): SimdFlags {
  const [major = 0, minor = 0] = v8.split('.').map(Number)
  const known = triedReleases.get(`${major}.${minor}`)
  // Revectorization is for AVX2; relaxed SIMD is for all.
  if (arch !== 'x64') return known?.revectorize === false ? known : none
  if (known !== undefined) return known
  const [firstMajor, firstMinor] = firstWorthTrying
  const isWorthTrying = major > firstMajor || (major === firstMajor && minor > firstMinor)
  return isWorthTrying ? { ...revectorizingWithoutFeedback, tried: false } : none
}
