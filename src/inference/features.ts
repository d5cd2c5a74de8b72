/** The graph whose output are the features of a stage: its last map, averaged over its cells. */
import { ArgumentError } from '../errors.ts'
import { GraphBuilder } from '../graph/builder.ts'
import { type Graph, valueNamed } from '../graph/graph.ts'
import { select } from '../graph/select.ts'
import { globalAveragePool } from '../ops/global-average-pool.ts'

/** Name of the output of `featuresOf`: `[N, C]` or `[N, C, 1, 1]`. */
export const featuresName = 'embedding'

/** Stages of a network. */
export function stagesOf(graph: Graph): number {
  let stages = 0
  while (graph.values.has(`stage${stages + 1}`)) stages++
  return stages
}

/**
 * Cuts out what the features of a stage need. Those of the last stage are what the classifier reads, after the head's own
 * normalisation where it has one.
 *
 * @throws ArgumentError for a stage that the network does not have.
 */
export function featuresOf(graph: Graph, stage: number): Graph {
  const stages = stagesOf(graph)
  if (!Number.isInteger(stage) || stage < 1 || stage > stages)
    throw new ArgumentError(`stage must be a whole number from 1 to ${stages}, not ${stage}`)
  const name = stage === stages ? 'features' : `stage${stage}`
  const cut = select(graph, [name])
  const builder = GraphBuilder.from({ ...cut, outputs: new Map() }, { section: 'features' })
  const value = valueNamed(cut, name)
  builder.output(featuresName, stage === stages ? value : builder.one(globalAveragePool, {}, [value]))
  return builder.build()
}
