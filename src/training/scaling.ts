/**
 * Features in one scale: a classifier is trained on features that are shifted and scaled to mean 0 and deviation 1, so that
 * one learning rate fits every network, and is turned into one that reads features as they are afterwards.
 */

/** Standardised features are `(x - mean) / deviation`; one of each for each feature. */
export interface Scaling {
  readonly mean: Float64Array
  readonly deviation: Float64Array
}

/** Share of the mean variance that is added to each, so that a feature which hardly ever occurs is not blown up. */
const leastVariance = 0.1

/** Mean and deviation of each feature over the rows of all tables, but those that begin with NaN. */
export function scalingOf(tables: readonly Float32Array[], features: number): Scaling {
  const rows = tables.flatMap((table) =>
    Array.from({ length: table.length / features }, (_, i) =>
      table.subarray(i * features, (i + 1) * features),
    ),
  )
  const readable = rows.filter((row) => !Number.isNaN(row[0]))
  const mean = meanOf(readable, features, (x) => x)
  const variance = meanOf(readable, features, (x, feature) => (x - (mean[feature] ?? 0)) ** 2)
  const usual = variance.reduce((sum, value) => sum + value, 0) / features
  // Where all features are constant there is nothing to scale, and nothing to divide by.
  return { mean, deviation: variance.map((value) => Math.sqrt(value + leastVariance * usual) || 1) }
}

function meanOf(
  rows: readonly Float32Array[],
  features: number,
  of: (x: number, feature: number) => number,
): Float64Array {
  const sums = new Float64Array(features)
  for (const row of rows) for (const [i, x] of row.entries()) sums[i] = (sums[i] ?? 0) + of(x, i)
  return sums.map((sum) => sum / Math.max(1, rows.length))
}

/** Standardises the rows of a table in place. */
export function standardise(table: Float32Array, { mean, deviation }: Scaling): void {
  for (const [i, x] of table.entries()) {
    const feature = i % mean.length
    table[i] = (x - (mean[feature] ?? 0)) / (deviation[feature] ?? 1)
  }
}

interface Classifier {
  /** Name of the weights [K, C]. */
  readonly weight: string
  /** Name of the biases [K]. */
  readonly bias: string
}

/** Turns a classifier of plain features into the one that answers the same on standardised ones. */
export function standardiseClassifier(
  tensors: Map<string, Float32Array>,
  names: Classifier,
  { mean, deviation }: Scaling,
): void {
  turn(tensors, names, { scale: deviation, shift: mean })
}

/** Turns a classifier of standardised features into the one that answers the same on plain ones. */
export function plainClassifier(
  tensors: Map<string, Float32Array>,
  names: Classifier,
  { mean, deviation }: Scaling,
): void {
  const scale = deviation.map((value) => 1 / value)
  turn(tensors, names, { scale, shift: mean.map((value, i) => -value * (scale[i] ?? 1)) })
}

/** W·x + b, given x' where x = scale·x' + shift, is (W·scale)·x' + (b + W·shift). */
function turn(
  tensors: Map<string, Float32Array>,
  names: Classifier,
  { scale, shift }: { readonly scale: Float64Array; readonly shift: Float64Array },
): void {
  const [weight, bias] = [tensors.get(names.weight), tensors.get(names.bias)]
  if (weight === undefined || bias === undefined) return
  const features = scale.length
  const shifted = bias.map((value, k) => {
    const row = weight.subarray(k * features, (k + 1) * features)
    return row.reduce((sum, w, i) => sum + w * (shift[i] ?? 0), value)
  })
  tensors.set(
    names.weight,
    weight.map((w, i) => w * (scale[i % features] ?? 1)),
  )
  tensors.set(names.bias, shifted)
}
