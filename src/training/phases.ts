/**
 * The phases of a run: which parameters are trained, at which share of the rate, and which normalisations stay as they
 * are. A network that starts from nothing has one phase; one that starts from another may train its head alone at first,
 * and stages at lower rates the earlier they are.
 */
import { buildResNet } from '../architecture/build.ts'
import type { ResNetConfig } from '../architecture/config.ts'
import { buildTraining, type Training } from '../architecture/training.ts'
import { ArgumentError } from '../errors.ts'
import type { Graph, StateValue } from '../graph/graph.ts'
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

/** The phases of a run, in order; those without an epoch are left out. */
export function phasesOf(config: ResNetConfig, recipe: Recipe, fromModel: boolean): readonly Phase[] {
  const graph = buildResNet(config)
  const sections = sectionsOf(graph)
  const { headEpochs, frozen } = recipe.fineTuning
  const head = fromModel ? Math.min(headEpochs, recipe.epochs) : 0
  const kept = fromModel ? frozenSections(sections, frozen) : []
  const phase = (name: Phase['name'], from: number, to: number, frozenNow: readonly string[]): Phase => {
    const groups = groupsOf(graph, recipe, frozenNow, fromModel)
    return { name, from, to, groups, training: trainingOf(config, recipe, groups, frozenNow) }
  }
  const backbone = sections.filter((section) => section !== 'head')
  return [
    ...(head > 0 ? [phase('head', 0, head, backbone)] : []),
    ...(head < recipe.epochs ? [phase('all', head, recipe.epochs, kept)] : []),
  ]
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

/** The sections of a network in order: stem, stage 1, ..., head. */
export function sectionsOf(graph: Graph): readonly string[] {
  return [...new Set(graph.nodes.map(({ part }) => part.section))]
}

function frozenSections(
  sections: readonly string[],
  frozen: Recipe['fineTuning']['frozen'],
): readonly string[] {
  const backbone = sections.filter((section) => section !== 'head')
  if (frozen === 'backbone') return backbone
  if (frozen <= backbone.length) return backbone.slice(0, frozen)
  throw new ArgumentError(
    `${frozen} parts cannot be frozen; the network has ${backbone.length} (${backbone.join(', ')})`,
  )
}

/** Parameters by section, and of each those that are weights of a layer and those that shift or scale. */
function groupsOf(
  graph: Graph,
  recipe: Recipe,
  frozen: readonly string[],
  fromModel: boolean,
): readonly Group[] {
  const sections = sectionsOf(graph)
  const trained = sections.filter((section) => !frozen.includes(section))
  const owners = parametersBySection(graph)
  // From nothing all learn alike, so one name stands for all sections.
  const places = fromModel
    ? trained.map((section) => ({
        name: section,
        sections: [section],
        rate: rateOf(section, sections, recipe),
      }))
    : [{ name: 'all', sections: trained, rate: 1 }]
  return places.flatMap(({ name, sections: own, rate }) => {
    const parameters = own.flatMap((section) => owners.get(section) ?? [])
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
  })
}

function rateOf(section: string, sections: readonly string[], { fineTuning }: Recipe): number {
  return fineTuning.stageRate ** (sections.length - 1 - sections.indexOf(section))
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
