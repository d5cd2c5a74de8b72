/**
 * Counter-based random numbers: a number is a function of what it is for, never of how many were drawn before, so it is
 * the same for any number of threads, micro-batches or machines. Hashes are FNV-1a for names and the finaliser of
 * MurmurHash3 for mixing.
 */

/** Mixes 32 bits so that each input bit moves every output bit. */
export function mix(bits: number): number {
  let h = bits | 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** 32 bits of a name. */
export function hashName(name: string): number {
  let h = 0x811c9dc5
  for (const byte of new TextEncoder().encode(name)) h = Math.imul(h ^ byte, 0x01000193)
  return h >>> 0
}

/** 32 random bits for a chain of counters. */
export function randomBits(...counters: readonly number[]): number {
  return counters.reduce(continued, 0)
}

/** The bits of a chain that has one counter more. */
function continued(bits: number, counter: number): number {
  return mix(bits ^ mix((counter + 0x9e3779b9) | 0))
}

/** A random number in [0, 1) by the last counter of a chain whose others are behind `bits`. */
export function uniformAfter(bits: number, counter: number): number {
  return continued(bits, counter) / 0x1_0000_0000
}

/** A random number in [0, 1) for a chain of counters. */
export function randomUniform(...counters: readonly number[]): number {
  return randomBits(...counters) / 0x1_0000_0000
}
