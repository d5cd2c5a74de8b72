/** The part of a network that a run leaves as it is: what it answers for a picture never changes, and is computed once. */
import { buildResNet } from '../architecture/build.ts'
import { ArgumentError } from '../errors.ts'
import { type Graph, valueNamed } from '../graph/graph.ts'
import { elementsPerImage } from '../ops/shape.ts'
import type { RunSettings } from './events.ts'
import type { Recipe } from './recipe.ts'

/** The sections of a network in order: stem, stage 1, ..., head. */
export function sectionsOf(graph: Graph): readonly string[] {
  return [...new Set(graph.nodes.map(({ part }) => part.section))]
}

/**
 * The sections of which nothing is trained.
 *
 * @throws ArgumentError for more than the network has.
 */
export function frozenSections(
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

/** Bytes of features that a run keeps in memory; for more pictures than that the frozen part is computed at each step. */
export const featureBytes = 2 ** 30

/**
 * The name of the last value that nothing trained comes before, where it is to be computed once for each picture: not
 * where pictures are mixed with each other or shown to a teacher, which features cannot be.
 */
export function frozenValue({ from, config, recipe, dataset }: RunSettings): string | undefined {
  const { frozen, copies } = recipe.fineTuning
  const { mixup, cutMix } = recipe.augmentation
  if (from === null || frozen === 0) return undefined
  if (mixup !== null || cutMix !== null || recipe.distillation !== null) return undefined
  const graph = buildResNet(config)
  const last = frozenSections(sectionsOf(graph), frozen).at(-1) ?? 'stem'
  const name = frozen === 'backbone' ? 'features' : last.replace(' ', '')
  const bytes = 4 * elementsPerImage(valueNamed(graph, name).shape) * (dataset.train * copies + dataset.val)
  return bytes <= featureBytes ? name : undefined
}
