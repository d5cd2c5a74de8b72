/**
 * Means and deviations of pictures that lie among a network's tensors: buffers of a module that normalises
 * (`normalize.mean`, `pixel_mean`, `transform.image_std`), and the adapted statistics of Keras' `Normalization`.
 */
import { divisorFor, type PreprocessingOverrides } from '../architecture/preprocessing.ts'
import type { Checkpoint, StoredTensor } from './checkpoint.ts'

export interface Statistics {
  readonly mean: readonly number[]
  readonly std: readonly number[]
  /** What the file calls them. */
  readonly names: readonly string[]
}

const meanName = /^(.*[./])?(_?(?:image|img|pixel|input|norm|imagenet|rgb)?_?)mean$/i

/** Values of one for each channel that a picture may have. */
const counts = [1, 3]

/** Takes the statistics of pictures out of a checkpoint's tensors, which a network has no place for. */
export async function takeStatistics(
  checkpoint: Checkpoint,
): Promise<{ readonly rest: Checkpoint; readonly statistics: Statistics | undefined }> {
  const pair = statisticsAmong(checkpoint)
  if (pair === undefined) return { rest: checkpoint, statistics: undefined }
  const [mean, spread] = [[...(await pair.mean.read())], [...(await pair.spread.read())]]
  const std = pair.isVariance ? spread.map((value) => Math.max(Math.sqrt(value), 1e-7)) : spread
  const usable = [...mean, ...std].every(Number.isFinite) && std.every((value) => value > 0)
  return {
    rest: withoutStatistics(checkpoint),
    statistics: usable ? { mean: mean.map(short), std: std.map(short), names: pair.names } : undefined,
  }
}

/** A checkpoint without the tensors that are statistics of pictures. */
export function withoutStatistics(checkpoint: Checkpoint): Checkpoint {
  const pair = statisticsAmong(checkpoint)
  if (pair === undefined) return checkpoint
  const taken = new Set([...pair.names, ...pair.counters])
  return { ...checkpoint, tensors: new Map([...checkpoint.tensors].filter(([name]) => !taken.has(name))) }
}

interface Pair {
  readonly mean: StoredTensor
  readonly spread: StoredTensor
  readonly isVariance: boolean
  readonly names: readonly string[]
  readonly counters: readonly string[]
}

function statisticsAmong({ tensors }: Checkpoint): Pair | undefined {
  for (const [name, mean] of tensors) {
    const [, prefix = '', kind = ''] = meanName.exec(name) ?? []
    if (!meanName.test(name) || !isPerChannel(mean)) continue
    const beside = (end: string) => [...tensors.keys()].find((other) => sameName(other, prefix + kind + end))
    const [deviation, variance] = [beside('std'), beside('variance')]
    const found = deviation ?? variance
    const spread = found === undefined ? undefined : tensors.get(found)
    if (found === undefined || spread === undefined || !isPerChannel(spread)) continue
    const counters = [beside('count')].filter((counter) => counter !== undefined)
    return { mean, spread, isVariance: deviation === undefined, names: [name, found], counters }
  }
  return undefined
}

function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}

function isPerChannel({ shape }: StoredTensor): boolean {
  return counts.includes(shape.reduce((product, size) => product * size, 1))
}

/** A number as a person wrote it: float32 has seven digits. */
function short(value: number): number {
  return Number(value.toPrecision(7))
}

/** The fields that means and deviations of pictures settle. */
export function statisticsFields(
  given: { readonly mean: readonly number[]; readonly std: readonly number[] },
  channels: number,
): PreprocessingOverrides {
  const [mean, std] = [forEach(given.mean, channels), forEach(given.std, channels)]
  const wide = divisorFor(mean) === 1 || std.some((value) => value > 2)
  return { mean, std, divisor: wide ? 1 : 255, ...orderOf(mean) }
}

/** One number in a file stands for all channels. */
function forEach(values: readonly number[], channels: number): readonly number[] {
  return values.length === 1 ? Array.from({ length: channels }, () => values[0] ?? 0) : values
}

/** ImageNet's means of red, green and blue tell their order: red is the greatest. */
const imagenetMeans = [0.485, 0.456, 0.406]

function orderOf(mean: readonly number[]): Pick<PreprocessingOverrides, 'channels'> {
  const unit = divisorFor(mean) === 1 ? 255 : 1
  const near = (values: readonly number[]) =>
    mean.length === 3 && values.every((value, i) => Math.abs((mean[i] ?? 0) / unit - value) < 0.01)
  if (near(imagenetMeans)) return { channels: 'rgb' }
  return near([...imagenetMeans].reverse()) ? { channels: 'bgr' } : {}
}
