/**
 * The phases of a run: which parameters are trained, at which share of the rate, and which sections stay as they are. A
 * network that starts from scratch has one phase; one that starts from another may train its classifier alone at first,
 * and stages at lower rates the earlier they are.
 */
import { buildResNet } from '../architecture/build.ts'
import type { ResNetConfig } from '../architecture/config.ts'
import { buildTraining, type Training } from '../architecture/training.ts'
import type { Graph, StateValue } from '../graph/graph.ts'
import { parametersOf } from '../graph/graph.ts'
import { beyond } from '../graph/select.ts'
import { frozenSections, sectionsOf } from './frozen.ts'
import type { Recipe } from './recipe.ts'

/** Parameters that share a rate and a decay. */
export interface Group {
  readonly name: string
  readonly parameters: readonly string[]
  /** Their rate as a share of the recipe's. */
  readonly rate: number
  /** Whether the recipe's weight decay holds for them. */
  readonly decayed: boolean
}

export interface Phase {
  readonly name: 'head' | 'all'
  /** The first epoch, from 0, and the one after the last. */
  readonly from: number
  readonly to: number
  readonly groups: readonly Group[]
  readonly training: Training
}

export interface PhaseOptions {
  /** Whether the network starts from another. */
  readonly fineTuning: boolean
  /** The value that steps begin at, where what lies before it is computed once: `frozenValue`. */
  readonly start: string | undefined
}

/** The phases of a run, in order; those without an epoch are left out. */
export function phasesOf(config: ResNetConfig, recipe: Recipe, options: PhaseOptions): readonly Phase[] {
  const { fineTuning, start } = options
  const graph = buildResNet(config)
  const sections = sectionsOf(graph)
  const { epochs, fineTuning: settings } = recipe
  const alone = settings.frozen === 'backbone' ? epochs : Math.min(settings.headEpochs, epochs)
  const head = fineTuning ? alone : 0
  const phase = (
    name: Phase['name'],
    [from, to]: readonly [number, number],
    places: readonly Place[],
    frozen: readonly string[],
  ): Phase => {
    const groups = places.flatMap((place) => groupsOf(place, recipe))
    const training = trainingOf(config, recipe, groups, frozen)
    return { name, from, to, groups, training: start === undefined ? training : startingAt(training, start) }
  }
  const kept = fineTuning ? frozenSections(sections, settings.frozen) : []
  return [
    ...(head > 0 ? [phase('head', [0, head], [classifier(graph)], sections)] : []),
    ...(head < epochs ? [phase('all', [head, epochs], placesOf(graph, recipe, kept, fineTuning), kept)] : []),
  ]
}

/** Parameters that are trained alike. */
interface Place {
  readonly name: string
  readonly parameters: readonly StateValue[]
  readonly rate: number
}

/** What scores the features. A final normalisation before them is the backbone's while the classifier is trained alone. */
function classifier(graph: Graph): Place {
  return { name: 'head', parameters: parametersOf(beyond(graph, 'features', 'features')), rate: 1 }
}

/** Each section that is not frozen, at its rate; from scratch all learn alike. */
function placesOf(
  graph: Graph,
  { fineTuning }: Recipe,
  frozen: readonly string[],
  fromModel: boolean,
): readonly Place[] {
  if (!fromModel) return [{ name: 'all', parameters: parametersOf(graph), rate: 1 }]
  const sections = sectionsOf(graph)
  const owners = parametersBySection(graph)
  return sections
    .filter((section) => !frozen.includes(section))
    .map((section) => ({
      name: section,
      parameters: owners.get(section) ?? [],
      rate: fineTuning.stageRate ** (sections.length - 1 - sections.indexOf(section)),
    }))
}

/** The parameters of a place that decay and those that do not. */
function groupsOf({ name, parameters, rate }: Place, recipe: Recipe): readonly Group[] {
  const decays = ({ shape }: StateValue) => recipe.decayed === 'all' || shape.length > 1
  const group = (label: string, decayed: boolean): Group => ({
    name: label,
    parameters: parameters.filter((state) => decays(state) === decayed).map((state) => state.name),
    rate,
    decayed,
  })
  return [group(name, true), group(`${name}, undecayed`, false)].filter(
    (entry) => entry.parameters.length > 0,
  )
}

function trainingOf(
  config: ResNetConfig,
  recipe: Recipe,
  groups: readonly Group[],
  frozen: readonly string[],
): Training {
  const { optimiser, average, distillation, zeroLastScale } = recipe
  return buildTraining(config, {
    groups,
    frozen,
    zeroLastScale,
    optimiser,
    average: average !== null,
    ...(distillation === null ? {} : { distillation }),
  })
}

/** The same steps on what the value `start` is for each image, given as `image`. */
function startingAt({ first, next, update, states }: Training, start: string): Training {
  return { first: beyond(first, start, 'image'), next: beyond(next, start, 'image'), update, states }
}

function parametersBySection(graph: Graph): ReadonlyMap<string, readonly StateValue[]> {
  const sections = new Map<string, StateValue[]>()
  const seen = new Set<StateValue>()
  for (const { part, inputs } of graph.nodes) {
    for (const input of inputs) {
      if (input.kind !== 'parameter' || seen.has(input)) continue
      seen.add(input)
      sections.set(part.section, [...(sections.get(part.section) ?? []), input])
    }
  }
  return sections
}
