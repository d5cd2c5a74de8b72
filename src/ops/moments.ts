/**
 * What every normalisation shares: the mean and variance of a set of elements, and the gradient through
 * u = (x - mean) / sqrt(variance + epsilon) with both taken over the set itself (arXiv:1502.03167, section 3).
 */

/** A set of elements: runs of `length` neighbours that begin at `starts`. */
export interface Runs {
  readonly starts: readonly number[]
  readonly length: number
}

export interface Moments {
  readonly count: number
  readonly mean: number
  /** Biased: divided by the count. */
  readonly variance: number
}

export function forEachIndex(runs: Runs, visit: (index: number) => void): void {
  for (const start of runs.starts) for (let i = start; i < start + runs.length; i++) visit(i)
}

export function sumOver(runs: Runs, term: (index: number) => number): number {
  let sum = 0
  for (const start of runs.starts) for (let i = start; i < start + runs.length; i++) sum += term(i)
  return sum
}

export function moments(x: Float64Array, runs: Runs): Moments {
  const count = runs.starts.length * runs.length
  const mean = sumOver(runs, (i) => x[i] ?? 0) / count
  const variance = sumOver(runs, (i) => ((x[i] ?? 0) - mean) ** 2) / count
  return { count, mean, variance }
}

/** Writes y = (x - mean) · factor + shift over a set. */
export function writeNormalised(
  y: Float64Array,
  x: Float64Array,
  runs: Runs,
  { mean, factor, shift }: { readonly mean: number; readonly factor: number; readonly shift: number },
): void {
  for (const start of runs.starts) {
    for (let i = start; i < start + runs.length; i++) y[i] = ((x[i] ?? 0) - mean) * factor + shift
  }
}

/**
 * Writes dx over a set, from du (the gradient of the normalised elements u):
 * dx = inverse · (du - mean(du) - u · mean(du · u)), where inverse = 1 / sqrt(variance + epsilon).
 */
export function writeNormalisedGradient(
  dx: Float64Array,
  x: Float64Array,
  runs: Runs,
  {
    mean,
    inverse,
    du,
  }: { readonly mean: number; readonly inverse: number; readonly du: (index: number) => number },
): void {
  const count = runs.starts.length * runs.length
  const normalised = (i: number) => ((x[i] ?? 0) - mean) * inverse
  const meanDu = sumOver(runs, du) / count
  const meanProduct = sumOver(runs, (i) => du(i) * normalised(i)) / count
  for (const start of runs.starts) {
    for (let i = start; i < start + runs.length; i++) {
      dx[i] = inverse * (du(i) - meanDu - normalised(i) * meanProduct)
    }
  }
}
