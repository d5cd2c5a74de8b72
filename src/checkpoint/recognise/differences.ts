/** Two configs field by field. */
import type { ResNetConfig } from '../../architecture/config.ts'

/** A field whose values differ; a field that one side lacks is undefined there. */
export interface Difference {
  readonly key: string
  readonly a: unknown
  readonly b: unknown
}

/** The fields in which two configs differ, by their dotted keys. */
export function differencesOf(a: ResNetConfig, b: ResNetConfig): readonly Difference[] {
  const left = flatten(a)
  const right = flatten(b)
  return [...new Set([...left.keys(), ...right.keys()])]
    .filter((key) => left.get(key) !== right.get(key))
    .map((key) => ({ key, a: left.get(key), b: right.get(key) }))
}

/** A config as dotted keys and plain values; an empty list is the value `[]`. */
export function flatten(value: unknown, prefix = ''): Map<string, unknown> {
  if (typeof value !== 'object' || value === null) return new Map([[prefix, value]])
  const entries = Object.entries(value)
  if (entries.length === 0) return new Map([[prefix, '[]']])
  return new Map(
    entries.flatMap(([key, entry]) => [...flatten(entry, prefix === '' ? key : `${prefix}.${key}`)]),
  )
}

/** Differences that make another network: not classes, image size and channels. */
export function differencesBeyondUse(a: ResNetConfig, b: ResNetConfig): readonly Difference[] {
  return differencesOf(a, b).filter(({ key }) => !/^(classes|inputChannels|input\.\d)$/.test(key))
}

/** Whether a field is another, or stands in it. */
export function isWithin(key: string, other: string): boolean {
  return key === other || key.startsWith(`${other}.`)
}
