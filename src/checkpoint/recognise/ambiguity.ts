/** What a file leaves open, with what was taken and how to take something else, and the notes that say so. */
import { type Changes, changed } from '../../architecture/change.ts'
import { checkConfig } from '../../architecture/check.ts'
import type { ResNetConfig } from '../../architecture/config.ts'
import type { Variant } from '../../architecture/variants.ts'
import { ConfigError } from '../../errors.ts'
import { shellWord } from '../../shell.ts'
import { asSeen } from './candidates.ts'
import { differencesBeyondUse, isWithin } from './differences.ts'
import { type SilentChoice, type SilentField, type SilentFile, silentFields } from './silent.ts'

/** Another reading, and how to ask for it. */
export interface Alternative {
  readonly value: string
  /** The fields of the config that say it. */
  readonly changes: Changes
  /** A named network that is the one that was read but for this. */
  readonly arch?: string
}

/** Something that the file leaves open. */
export interface Ambiguity {
  /** The field of the config, for instance `block.strideAt`. */
  readonly key: string
  readonly question: string
  /** What was taken. */
  readonly reading: string
  readonly alternatives: readonly Alternative[]
  /** What a wrong reading costs: scores that mean nothing, or are a little off; `rare` readings are hardly ever met. */
  readonly weight: SilentField['weight']
}

export interface OpenFields {
  /** Named networks of the same tensors. */
  readonly candidates: readonly Variant[]
  /** Fields that a source, a graph or the caller has settled. */
  readonly closed: readonly string[]
  readonly file: SilentFile
}

/** Every question that concerns this network and that nothing closes, the most consequential first. */
export function ambiguitiesOf(
  config: ResNetConfig,
  { candidates, closed, file }: OpenFields,
): readonly Ambiguity[] {
  const isClosed = (key: string) => closed.some((other) => isWithin(key, other) || isWithin(other, key))
  const ranks = ['most', 'some', 'rare']
  return silentFields
    .filter(({ key, applies }) => applies(config, file) && !isClosed(key))
    .map(({ key, question, weight, reading, alternatives }) => ({
      key,
      question,
      weight,
      reading: reading(config),
      alternatives: alternatives(config).flatMap((choice) => alternativeOf(config, choice, candidates)),
    }))
    .filter(({ alternatives }) => alternatives.length > 0)
    .toSorted((a, b) => ranks.indexOf(a.weight) - ranks.indexOf(b.weight))
}

/** A choice with the named network that it leads to; none where the config cannot take it. */
function alternativeOf(
  config: ResNetConfig,
  { value, changes }: SilentChoice,
  candidates: readonly Variant[],
): readonly Alternative[] {
  try {
    const other = changed(config, changes)
    checkConfig(other)
    // No named network has the head's own layers, which every candidate is given.
    const ofHead = Object.keys(changes).some((key) => /^head\.(hidden|pool)/.test(key))
    const same = (variant: Variant) => differencesBeyondUse(asSeen(variant.config, other), other).length === 0
    const arch = ofHead ? undefined : candidates.find(same)?.name
    return [{ value, changes, ...(arch === undefined ? {} : { arch }) }]
  } catch (error) {
    if (error instanceof ConfigError) return []
    throw error
  }
}

/** The options that ask for a reading, quoted for a shell. */
export function optionsFor({ changes, arch }: Alternative): string {
  if (arch !== undefined) return `--arch ${arch}`
  return Object.entries(changes)
    .map(([key, value]) => {
      const text = typeof value === 'string' ? value : JSON.stringify(value)
      return `--set ${shellWord(`${key}=${text}`)}`
    })
    .join(' ')
}

/** At most three lines: what decides the scores with how to choose, what moves them a little, what is hardly ever met. */
export function openNotes(ambiguous: readonly Ambiguity[]): readonly string[] {
  const of = (weight: Ambiguity['weight']) => ambiguous.filter((entry) => entry.weight === weight)
  const asked = of('most').map(({ question, reading, alternatives: [first] }) => {
    const other = first === undefined ? '' : `; ${optionsFor(first)} takes ${first.value}`
    return `${question} (taken: ${reading}${other})`
  })
  const lesser = of('some').map(({ question, reading, alternatives }) => {
    const named = alternatives.flatMap(({ arch }) => (arch === undefined ? [] : [arch])).slice(0, 2)
    return `${question} (${[reading, ...named.map((arch) => `--arch ${arch}`)].join('; or ')})`
  })
  const rare = of('rare').map(({ reading, key }) => `${key} ${reading.replace(/^no, output stride /, '')}`)
  return [
    ...(asked.length === 0 ? [] : [`the file does not say ${asked.join(', ')}`]),
    ...(lesser.length === 0
      ? []
      : [`the file does not say${asked.length === 0 ? '' : ' either'} ${lesser.join(', ')}`]),
    ...(rare.length === 0 || asked.length + lesser.length === 0
      ? []
      : [`assumed without a sign: ${rare.join(', ')}; --set FIELD=VALUE says otherwise`]),
  ]
}

/** What the caller chose. */
export function askedNotes(changes: Changes): readonly string[] {
  const asked = Object.entries(changes).map(
    ([key, value]) => `${key} ${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
  return asked.length === 0 ? [] : [`as asked: ${asked.join(', ')}`]
}
