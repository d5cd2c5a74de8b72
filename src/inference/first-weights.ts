/** A named network with the weights that training would start from. */
import { buildResNet } from '../architecture/build.ts'
import { preprocessingNamed } from '../architecture/preprocessing.ts'
import { variantNamed } from '../architecture/variants.ts'
import type { Model } from '../checkpoint/model.ts'
import { initialise } from '../graph/initialise.ts'

/** The same weights for the same seed, on every machine. Throws `ConfigError` for an unknown name. */
export function firstWeights(arch: string, seed: number): Model {
  const { name, config, preprocessing } = variantNamed(arch)
  return {
    name,
    config,
    tensors: initialise(buildResNet(config), seed),
    labels: [],
    preprocessing: preprocessingNamed(preprocessing, config.input),
    provenance: new Map([['source', `first weights, seed ${seed}`]]),
    notes: [],
  }
}
