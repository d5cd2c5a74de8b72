/** Random numbers for initial values, each a function of seed, state name and index. */
import { hashName, randomBits, uniformAfter } from '../ops/random-bits.ts'

/** Uniform in [0, 1), by index. The name is read once, since a network draws tens of millions of numbers. */
export function uniforms(seed: number, name: string): (index: number) => number {
  const bits = randomBits(seed, hashName(name))
  return (index) => uniformAfter(bits, index)
}

/** Standard normal, by Box and Muller from two uniform numbers. */
export function normals(seed: number, name: string): (index: number) => number {
  const bits = randomBits(seed, hashName(name))
  return (index) => {
    const radius = Math.sqrt(-2 * Math.log(1 - uniformAfter(bits, 2 * index)))
    return radius * Math.cos(2 * Math.PI * uniformAfter(bits, 2 * index + 1))
  }
}
