/** Random numbers for initial values, each a function of seed, state name and index. */
import { hashName, randomUniform } from '../ops/random-bits.ts'

const hashes = new Map<string, number>()

function hashOf(name: string): number {
  const known = hashes.get(name)
  if (known !== undefined) return known
  const hash = hashName(name)
  hashes.set(name, hash)
  return hash
}

/** Uniform in [0, 1). */
export function uniform(seed: number, name: string, index: number): number {
  return randomUniform(seed, hashOf(name), index)
}

/** Standard normal, by Box and Muller from two uniform numbers. */
export function normal(seed: number, name: string, index: number): number {
  const radius = Math.sqrt(-2 * Math.log(1 - uniform(seed, name, 2 * index)))
  return radius * Math.cos(2 * Math.PI * uniform(seed, name, 2 * index + 1))
}
