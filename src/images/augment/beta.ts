/** Samples of the distributions that mixing draws its shares from. */
import type { Random } from './random.ts'

/** A sample of Beta(a, a): a share whose mean is a half; the smaller `a`, the nearer to 0 or 1. */
export function symmetricBeta(a: number, random: Random): number {
  const [one, other] = [logGamma(a, random), logGamma(a, random)]
  // The quotient g₁ / (g₁ + g₂) of gamma samples, by their logarithms: for small `a` both are too small to be divided.
  return 1 / (1 + Math.exp(other - one))
}

/** The logarithm of a sample of Gamma(shape, 1). Below 1 the sample of shape + 1 is scaled by u^(1/shape). */
function logGamma(shape: number, random: Random): number {
  if (shape >= 1) return Math.log(marsagliaTsang(shape, random))
  return Math.log(marsagliaTsang(shape + 1, random)) + Math.log(1 - random.uniform()) / shape
}

/** Marsaglia and Tsang, A Simple Method for Generating Gamma Variables (2000), for shapes from 1 on. */
function marsagliaTsang(shape: number, random: Random): number {
  const d = shape - 1 / 3
  for (;;) {
    const x = normal(random)
    const v = (1 + x / Math.sqrt(9 * d)) ** 3
    if (v > 0 && Math.log(1 - random.uniform()) < 0.5 * x * x + d * (1 - v + Math.log(v))) return d * v
  }
}

/** Box and Muller. */
function normal(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.uniform()))
  return radius * Math.cos(2 * Math.PI * random.uniform())
}
