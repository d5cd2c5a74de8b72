/** Linear layers and normalisations of a head, and their arithmetic: what stands around a linear layer is folded into it. */
import type { Layer } from './named-tensor.ts'

/** A linear layer with the normalisations that act on what it reads and on what it gives. */
export interface FoldedLayer {
  readonly layer: Layer
  readonly inputs: number
  readonly outputs: number
  readonly before: readonly Layer[]
  readonly after: readonly Layer[]
}

/** Inputs and outputs of a linear layer, or of a 1×1 convolution, which is one; undefined for other layers. */
export function linearSizes({ weight }: Layer): { inputs: number; outputs: number } | undefined {
  if (weight === undefined || weight.shape.length < 2) return undefined
  const [outputs = 0, inputs = 0, ...kernel] = weight.shape
  return kernel.every((size) => size === 1) ? { inputs, outputs } : undefined
}

/** Channels of a batch normalisation; undefined for other layers. */
export function normalisedSize({ running_mean: mean, running_var: variance }: Layer): number | undefined {
  return mean?.shape.length === 1 && variance?.shape.length === 1 ? mean.shape[0] : undefined
}

export function isFolded({ before, after }: FoldedLayer): boolean {
  return before.length + after.length > 0
}

/** Of the normalisations that are folded: PyTorch's, which files do not say. */
export const epsilon = 1e-5

/** Weight [K, C] and bias [K] of a layer with its normalisations. */
export async function readFolded(folded: FoldedLayer): Promise<{ weight: Float32Array; bias: Float32Array }> {
  const { layer, inputs, outputs, before, after } = folded
  const weight = Float64Array.from((await layer.weight?.read()) ?? [])
  const bias = Float64Array.from((await layer.bias?.read()) ?? new Float32Array(outputs))
  // Read backwards, the last normalisation in front of the layer is folded first.
  for (const norm of [...before].reverse()) {
    const { scale, shift } = await affine(norm, inputs)
    for (let k = 0; k < outputs; k++) {
      for (let c = 0; c < inputs; c++) {
        const value = weight[k * inputs + c] ?? 0
        bias[k] = (bias[k] ?? 0) + value * (shift[c] ?? 0)
        weight[k * inputs + c] = value * (scale[c] ?? 1)
      }
    }
  }
  for (const norm of after) {
    const { scale, shift } = await affine(norm, outputs)
    for (let k = 0; k < outputs; k++) {
      bias[k] = (bias[k] ?? 0) * (scale[k] ?? 1) + (shift[k] ?? 0)
      for (let c = 0; c < inputs; c++)
        weight[k * inputs + c] = (weight[k * inputs + c] ?? 0) * (scale[k] ?? 1)
    }
  }
  return { weight: Float32Array.from(weight), bias: Float32Array.from(bias) }
}

/** A normalisation by running statistics as scale and shift of each channel. */
async function affine(norm: Layer, size: number): Promise<{ scale: Float64Array; shift: Float64Array }> {
  const [gamma, beta, mean, variance] = await Promise.all(
    [norm.weight, norm.bias, norm.running_mean, norm.running_var].map((tensor) => tensor?.read()),
  )
  const scale = Float64Array.from(
    { length: size },
    (_, c) => (gamma?.[c] ?? 1) / Math.sqrt((variance?.[c] ?? 1) + epsilon),
  )
  const shift = Float64Array.from(
    { length: size },
    (_, c) => (beta?.[c] ?? 0) - (mean?.[c] ?? 0) * (scale[c] ?? 1),
  )
  return { scale, shift }
}
