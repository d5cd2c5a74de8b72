/**
 * Which network a checkpoint holds. Shapes give the structure; named networks with the very same tensors are the
 * candidates; the source of the names, and a graph where the file carries one, decide between them. What is left open
 * takes the source's usual reading, and is said with its alternatives.
 */
import { type Changes, changed } from '../../architecture/change.ts'
import { parseConfig, type ResNetConfig } from '../../architecture/config.ts'
import type { PreprocessingName } from '../../architecture/preprocessing.ts'
import { type Variant, variantNamed, variants } from '../../architecture/variants.ts'
import { CheckpointError, ConfigError } from '../../errors.ts'
import type { KerasTopology } from '../checkpoint.ts'
import type { NamedCheckpoint } from '../naming/map.ts'
import { type Difference, differencesOf, flatten } from './differences.ts'
import { describe } from './evidence.ts'
import { Shapes } from './shapes.ts'
import { questionOf } from './silent.ts'
import { type SourceReading, sources } from './sources.ts'
import { sameStates, statesOf } from './states.ts'
import { type Structure, seeStructure } from './structure.ts'
import { readTopology, type Settled } from './topology.ts'

/** Something that the file leaves open. */
export interface Ambiguity {
  /** The field of the config, for instance `block.strideAt`. */
  readonly key: string
  readonly question: string
  /** What was taken. */
  readonly reading: string
  /** Other readings, each with a network that has it. */
  readonly alternatives: readonly { readonly value: string; readonly arch: string }[]
}

export interface Recognition {
  readonly config: ResNetConfig
  /** The named network with this very config (classes and input aside), where there is one. */
  readonly variant?: string
  /** That network, or else the nearest with the same tensors. */
  readonly nearest?: string
  /** What to call it: the nearest named network, else a description. */
  readonly name: string
  /** How the config differs from the network called `name`. */
  readonly differences: readonly Difference[]
  readonly preprocessing: PreprocessingName
  readonly evidence: readonly string[]
  readonly ambiguous: readonly Ambiguity[]
  /** The file has no classifier; `config.classes` is 1. */
  readonly headless: boolean
}

/** What recognition reads: names and shapes under our names, and a Keras graph where the file has one. */
export interface Recognisable {
  readonly file: string
  readonly named: Pick<NamedCheckpoint, 'scheme' | 'tensors' | 'head'>
  readonly topology?: KerasTopology
}

/** Throws `CheckpointError` where the tensors are no residual network's, or one that cannot be built. */
export function recogniseArchitecture(given: Recognisable): Recognition {
  try {
    return recognise(given)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    throw new CheckpointError(`${given.file}: its tensors give an impossible network (${error.message})`, {
      cause: error,
    })
  }
}

function recognise({ file, named, topology }: Recognisable): Recognition {
  const structure = structureOf(file, named)
  const source = sources[named.scheme.name]
  const settled: Settled =
    topology === undefined
      ? { changes: {}, evidence: [] }
      : readTopology(file, topology, named.scheme, structure.config)
  const pins = {
    'head.backgroundClass': structure.config.head.backgroundClass,
    ...source.pins(structure.config),
    ...settled.changes,
  }
  const candidates = candidatesFor(structure.config)
  const seen = withPins(structure.config, pins)
  const nearest = nearestOf(candidates, seen, pins, source)
  const config = nearest === undefined ? seen : withPins(asSeen(nearest.config, structure.config), pins)
  const differences = nearest === undefined ? [] : differencesBeyondUse(nearest.config, config)
  const exact = nearest !== undefined && differences.length === 0
  const closed = [...Object.keys(settled.changes), ...(source.settles ?? [])]
  return {
    config,
    ...(exact ? { variant: nearest.name } : {}),
    ...(nearest === undefined ? {} : { nearest: nearest.name }),
    name: nearest?.name ?? describe(config),
    differences,
    preprocessing: source.preprocessing ?? nearest?.preprocessing ?? defaultPreprocessing(config),
    evidence: [
      `names of ${named.scheme.description}`,
      `tensors of ${describe(config)}`,
      ...(source.says === undefined ? [] : [source.says]),
      ...settled.evidence,
      ...(exact ? [`equals ${nearest.name} (${nearest.source})`] : []),
    ],
    ambiguous: ambiguities(config, candidates, closed),
    headless: structure.headless,
  }
}

function structureOf(file: string, named: Recognisable['named']): Structure {
  const structure = seeStructure(
    new Shapes([...named.tensors].map(([name, { shape }]) => [name, shape])),
    named.head,
  )
  if (structure !== undefined) return { ...structure, config: parseConfig(structure.config) }
  throw new CheckpointError(
    `${file}: names of ${named.scheme.description}, but no stem and stages that make a network; name it with --arch`,
  )
}

/** Named networks with exactly these tensors, the classifier's size and the image's channels aside. */
function candidatesFor(config: ResNetConfig): readonly Variant[] {
  const states = statesOf(config)
  return [...variants(), ...familyMembers(config)].filter(
    (variant) =>
      mayMatch(variant.config, config) && sameStates(statesOf(asSeen(variant.config, config)), states),
  )
}

/** A cheap look before a graph is built: block kind and numbers of blocks. */
function mayMatch(a: ResNetConfig, b: ResNetConfig): boolean {
  if (a.block.kind !== b.block.kind) return false
  const counts = ({ stages }: ResNetConfig) => stages.map(({ blocks }) => blocks)
  const total = (config: ResNetConfig) => counts(config).reduce((sum, count) => sum + count, 0)
  if (a.block.kind === 'inverted') return total(a) === total(b)
  return counts(a).join() === counts(b).join() && a.stem.kind === b.stem.kind
}

/** CIFAR networks and Wide ResNets of a depth and width that the table does not list. */
function familyMembers({ stages, block, stem }: ResNetConfig): readonly Variant[] {
  const [first] = stages
  const alike = stages.every(({ blocks }) => blocks === first?.blocks)
  if (first === undefined || stages.length !== 3 || !alike || block.kind !== 'basic') return []
  const preactivated = block.order === 'full-preactivation'
  const factor = first.width / 16
  if (stem.width !== 16 || !Number.isInteger(factor)) return []
  const depth = 6 * first.blocks
  const name = preactivated ? `wrn_${depth + 4}_${factor}` : `cifar_resnet${depth + 2}`
  return depth < 99_990 && factor < 1000 ? [variantNamed(name)] : []
}

/** A named config with the classes and image channels of the file. */
function asSeen(config: ResNetConfig, seen: ResNetConfig): ResNetConfig {
  return { ...config, classes: seen.classes, inputChannels: seen.inputChannels }
}

/** Applies what source and graph settle; fields that this network does not have are left out. */
function withPins(config: ResNetConfig, pins: Changes): ResNetConfig {
  const fields = [...flatten(config).keys()]
  const known = Object.entries(pins).filter(([pin]) => fields.some((key) => isWithin(key, pin)))
  return changed(config, Object.fromEntries(known))
}

/** The candidate that contradicts least: first what is settled, then the usual reading, then the source's own table. */
function nearestOf(
  candidates: readonly Variant[],
  seen: ResNetConfig,
  pins: Changes,
  source: SourceReading,
): Variant | undefined {
  const pinned = Object.keys(pins)
  const cost = (variant: Variant) => {
    const differences = differencesBeyondUse(variant.config, seen)
    const broken = differences.filter(({ key }) => pinned.some((pin) => isWithin(key, pin)))
    const rank = source.prefer.findIndex((start) => variant.source.startsWith(start))
    return [broken.length, differences.length, rank < 0 ? source.prefer.length : rank] as const
  }
  let nearest: Variant | undefined
  let least: readonly number[] = []
  for (const variant of candidates) {
    const costs = cost(variant)
    const at = costs.findIndex((value, i) => value !== least[i])
    if (nearest === undefined || (at >= 0 && (costs[at] ?? 0) < (least[at] ?? 0))) {
      nearest = variant
      least = costs
    }
  }
  return nearest
}

function isWithin(key: string, pin: string): boolean {
  return key === pin || key.startsWith(`${pin}.`)
}

/** Differences that make another network: not classes, image size and channels. */
function differencesBeyondUse(a: ResNetConfig, b: ResNetConfig): readonly Difference[] {
  return differencesOf(a, b).filter(({ key }) => !/^(classes|inputChannels|input\.\d)$/.test(key))
}

/** For each silent field in which a candidate differs and that is not closed: the reading and the alternatives. */
function ambiguities(
  config: ResNetConfig,
  candidates: readonly Variant[],
  closed: readonly string[],
): readonly Ambiguity[] {
  const open = new Map<string, Map<string, string>>()
  for (const variant of candidates) {
    for (const { key, a, b } of differencesBeyondUse(variant.config, config)) {
      // A field that one of the two does not have follows from another field, its kind.
      const follows = a === undefined || b === undefined
      if (follows || questionOf(key) === undefined || closed.some((pin) => isWithin(key, pin))) continue
      const values = open.get(key) ?? new Map<string, string>()
      if (!values.has(String(a))) values.set(String(a), variant.name)
      open.set(key, values)
    }
  }
  const current = flatten(config)
  return [...open].map(([key, values]) => ({
    key,
    question: questionOf(key) ?? key,
    reading: String(current.get(key)),
    alternatives: [...values].map(([value, arch]) => ({ value, arch })),
  }))
}

function defaultPreprocessing({ input: [height] }: ResNetConfig): PreprocessingName {
  return height <= 64 ? 'cifar10' : 'torch-imagenet'
}
