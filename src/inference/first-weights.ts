/** A named network with the weights that training would start from. */
import { nextTask } from '#platform/engines/wasm/worker'
import { buildResNet } from '../architecture/build.ts'
import { preprocessingNamed } from '../architecture/preprocessing.ts'
import { variantNamed } from '../architecture/variants.ts'
import type { Model } from '../checkpoint/model.ts'
import type { Graph } from '../graph/graph.ts'
import { initialise } from '../graph/initialise.ts'

/** The same weights for the same seed, on every machine. Throws `ConfigError` for an unknown name. */
export async function firstWeights(arch: string, seed: number): Promise<Model> {
  const { name, config, preprocessing } = variantNamed(arch)
  return {
    name,
    config,
    tensors: await initialised(buildResNet(config), seed),
    labels: [],
    preprocessing: preprocessingNamed(preprocessing, config.input),
    provenance: new Map([['source', `first weights, seed ${seed}`]]),
    notes: [],
  }
}

/** What `initialise` answers, state by state: between them everything else has its turn, as who wants it ended. */
export async function initialised(
  { states }: Pick<Graph, 'states'>,
  seed: number,
): Promise<ReadonlyMap<string, Float32Array>> {
  const tensors = new Map<string, Float32Array>()
  for (const [name, state] of states) {
    for (const [own, values] of initialise({ states: new Map([[name, state]]) }, seed))
      tensors.set(own, values)
    await nextTask()
  }
  return tensors
}
