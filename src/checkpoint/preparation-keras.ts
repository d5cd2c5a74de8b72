/**
 * What a Keras graph does with pictures before its first convolution: Rescaling, Normalization and Resizing are taken out
 * of the network, as all preprocessing is here.
 */
import type { KerasLayer, KerasTopology } from './checkpoint.ts'
import type { Statement } from './preparation.ts'
import { numberSetting, textSetting } from './recognise/keras-settings.ts'
import type { Statistics } from './statistics.ts'

/** Layers in front of the first convolution that leave a picture as it is when a network runs, or are the network's own. */
const passing = /^(InputLayer|Random.*|ZeroPadding2D|BatchNormalization|Dropout|GaussianNoise|.*Augment.*)$/

export function graphPreparation(
  { layers }: KerasTopology,
  statistics: Statistics | undefined,
): readonly Statement[] {
  const first = layers.findIndex(({ className }) => /Conv2D$/.test(className))
  const front = layers.slice(0, Math.max(first, 0)).filter(({ className }) => !passing.test(className))
  let change: Affine = { factor: [1], shift: [0] }
  const followed: string[] = []
  const others: string[] = []
  for (const layer of front) {
    const next = affineOf(layer, statistics)
    if (next !== undefined) change = after(change, next)
    if (next !== undefined || layer.className === 'Resizing') followed.push(layer.className)
    else others.push(`${layer.name} (${layer.className})`)
  }
  const notes =
    others.length === 0
      ? []
      : [
          `the file's graph has ${others.slice(0, 3).join(', ')} before its first convolution, which ${others.length === 1 ? 'is' : 'are'} not followed; check the preparation of pictures below`,
        ]
  if (followed.length === 0) return notes.length === 0 ? [] : [{ from: '', fields: {}, notes }]
  const affine = followed.some((name) => name !== 'Resizing')
  return [
    {
      from: `the layers ${[...new Set(followed)].join(', ')} of the file's graph`,
      fields: { ...(affine ? fieldsOf(change) : {}), ...resizingOf(front) },
      notes,
    },
  ]
}

/** `x × factor + shift`, for each channel or for all. */
interface Affine {
  readonly factor: readonly number[]
  readonly shift: readonly number[]
}

function affineOf(layer: KerasLayer, statistics: Statistics | undefined): Affine | undefined {
  if (layer.className === 'Rescaling') {
    const [factor, shift] = [listSetting(layer, 'scale'), listSetting(layer, 'offset')]
    return factor === undefined ? undefined : { factor, shift: shift ?? [0] }
  }
  if (layer.className !== 'Normalization') return undefined
  const [mean, variance] = [listSetting(layer, 'mean'), listSetting(layer, 'variance')]
  if (mean !== undefined && variance !== undefined)
    return normalising(
      mean,
      variance.map((value) => Math.max(Math.sqrt(value), 1e-7)),
    )
  const own = statistics?.names.some((name) => name.split('/').includes(layer.name)) ?? false
  return own && statistics !== undefined ? normalising(statistics.mean, statistics.std) : undefined
}

function normalising(mean: readonly number[], std: readonly number[]): Affine {
  return {
    factor: std.map((value) => 1 / value),
    shift: std.map((value, i) => -(mean[i] ?? mean[0] ?? 0) / value),
  }
}

/** A number, or a list of one or three, however it nests. */
function listSetting(layer: KerasLayer, key: string): readonly number[] | undefined {
  const value = layer.config[key]
  const list: readonly unknown[] = Array.isArray(value) ? value.flat(4) : [value]
  const numbers = list.filter((item): item is number => typeof item === 'number' && Number.isFinite(item))
  return numbers.length === list.length && (list.length === 1 || list.length === 3) ? numbers : undefined
}

function after(first: Affine, second: Affine): Affine {
  const count = Math.max(
    ...[first.factor, first.shift, second.factor, second.shift].map(({ length }) => length),
  )
  const at = (values: readonly number[], i: number) => values[i] ?? values[0] ?? 0
  const channels = Array.from({ length: count }, (_, i) => i)
  return {
    factor: channels.map((i) => at(first.factor, i) * at(second.factor, i)),
    shift: channels.map((i) => at(first.shift, i) * at(second.factor, i) + at(second.shift, i)),
  }
}

/** `x × factor + shift` as `(x / divisor − mean) / std`, with the divisor that makes the numbers those that people know. */
function fieldsOf({ factor, shift }: Affine): Statement['fields'] {
  const three = (values: readonly number[]) =>
    values.length === 1 ? [0, 0, 0].map(() => values[0] ?? 0) : values
  const [factors, shifts] = [three(factor), three(shift)]
  const divisor = factors.some((value) => Math.abs(value) < 0.1) ? 255 : 1
  const std = factors.map((value) => round(1 / (value * divisor)))
  return { channels: 'rgb', divisor, std, mean: shifts.map((value, i) => round(-value * (std[i] ?? 1))) }
}

function round(value: number): number {
  return Number(value.toPrecision(9)) + 0
}

function resizingOf(front: readonly KerasLayer[]): Statement['fields'] {
  const layer = front.find(({ className }) => className === 'Resizing')
  if (layer === undefined) return {}
  const [height, width] = [numberSetting(layer, 'height'), numberSetting(layer, 'width')]
  const named = textSetting(layer, 'interpolation')
  const interpolation = named === 'nearest' || named === 'bicubic' ? named : 'bilinear'
  if (height === undefined || height !== width) return { interpolation }
  const kind = layer.config.crop_to_aspect_ratio === true ? 'short-side' : 'squash'
  return { interpolation, crop: [height, height], resize: { kind, size: height } }
}
