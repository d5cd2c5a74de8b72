/**
 * Which network a checkpoint holds. Shapes give the structure; named networks with the very same tensors are the
 * candidates; the source of the names, and a graph where the file carries one, decide between them. What is left open
 * takes the source's usual reading, and is said with its alternatives.
 */
import { type Changes, changed } from '../../architecture/change.ts'
import { parseConfig, type ResNetConfig } from '../../architecture/config.ts'
import type { PreprocessingName } from '../../architecture/preprocessing.ts'
import type { Variant } from '../../architecture/variants.ts'
import { CheckpointError, ConfigError } from '../../errors.ts'
import type { KerasTopology } from '../checkpoint.ts'
import type { NamedCheckpoint } from '../naming/map.ts'
import { type Ambiguity, ambiguitiesOf } from './ambiguity.ts'
import { asSeen, candidatesFor } from './candidates.ts'
import { type DeclaredBeside, readDeclared } from './declared.ts'
import { type Difference, differencesBeyondUse, flatten, isWithin } from './differences.ts'
import { describe } from './evidence.ts'
import { refuseGaps, refuseWithoutStatistics, saysGroups } from './refusals.ts'
import { Shapes } from './shapes.ts'
import { type SourceReading, sources } from './sources.ts'
import { type Structure, seeStructure } from './structure.ts'
import { readTopology, type Settled } from './topology.ts'

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
  /** What a `config.json` beside the file settled. */
  readonly declared?: readonly string[]
}

/** What recognition reads: names and shapes under our names, and a Keras graph where the file has one. */
export interface Recognisable {
  readonly file: string
  readonly named: Pick<NamedCheckpoint, 'scheme' | 'tensors' | 'head' | 'onMaps'>
  readonly topology?: KerasTopology
  /** What a `config.json` beside the file says. */
  readonly declared?: DeclaredBeside | undefined
  /** What the caller says of the network. */
  readonly said?: Changes
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

function recognise({ file, named, topology, declared, said = {} }: Recognisable): Recognition {
  const structure = structureOf(file, named, said)
  const source = sources[named.scheme.name]
  const settled: Settled =
    topology === undefined
      ? { changes: {}, evidence: [] }
      : readTopology(file, topology, named.scheme, structure.config)
  const beside =
    declared === undefined ? undefined : readDeclared(file, declared, { config: structure.config, said })
  const pins = {
    'head.backgroundClass': structure.config.head.backgroundClass,
    ...source.pins(structure.config),
    ...settled.changes,
    ...beside?.changes,
  }
  const candidates = candidatesFor(structure.config)
  const seen = withPins(structure.config, pins)
  const nearest = nearestOf(candidates, seen, pins, source)
  const config = nearest === undefined ? seen : withPins(asSeen(nearest.config, structure.config), pins)
  const differences =
    nearest === undefined ? [] : differencesBeyondUse(asSeen(nearest.config, config), config)
  const exact = nearest !== undefined && differences.length === 0
  const closed = [
    ...Object.keys(settled.changes),
    ...(topology === undefined ? [] : drawn),
    ...(source.settles ?? []),
    ...(beside?.settles ?? []),
    ...Object.keys(said),
  ]
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
      ...(source.says === undefined || beside !== undefined ? [] : [source.says]),
      ...settled.evidence,
      ...(beside?.evidence ?? []),
      ...(exact ? [`equals ${nearest.name} (${nearest.source})`] : []),
    ],
    ambiguous: ambiguitiesOf(config, {
      candidates,
      closed,
      file: { scheme: named.scheme.name, onMaps: named.onMaps },
    }),
    headless: structure.headless,
    ...(beside === undefined ? {} : { declared: beside.evidence }),
  }
}

/** What a graph of layers shows besides: it would have layers, or settings that are refused. */
const drawn = ['antialias', 'outputStride', 'block.order', 'shortcut.kind', 'shortcut.combine']

function structureOf(file: string, named: Recognisable['named'], said: Changes): Structure {
  const shapes = new Shapes([...named.tensors].map(([name, { shape }]) => [name, shape]))
  const structure = seeStructure(shapes, named.head)
  if (structure === undefined) {
    throw new CheckpointError(
      `${file}: names of ${named.scheme.description}, but no stages that make a network; its first block is no residual block that is known here`,
    )
  }
  refuseGaps(file, shapes)
  const config = parseConfig(structure.config)
  if (!saysGroups(said)) refuseWithoutStatistics(file, config, shapes)
  return { ...structure, config }
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

function defaultPreprocessing({ input: [height] }: ResNetConfig): PreprocessingName {
  return height <= 64 ? 'cifar10' : 'torch-imagenet'
}
