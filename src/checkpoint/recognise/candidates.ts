/** Named networks of the very same tensors. */
import type { ResNetConfig } from '../../architecture/config.ts'
import { type Variant, variantNamed, variants } from '../../architecture/variants.ts'
import { sameStates, statesOf } from './states.ts'

/** Named networks with exactly these tensors, the classifier's size and the image's channels aside. */
export function candidatesFor(config: ResNetConfig): readonly Variant[] {
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

/** A named config with the classes, image channels and hidden layers of the file. */
export function asSeen(config: ResNetConfig, seen: ResNetConfig): ResNetConfig {
  const { hidden, pool, classifier } = seen.head
  const head = {
    ...config.head,
    ...(hidden.length > 0 || pool.kind !== 'global' ? { hidden, pool, classifier } : {}),
  }
  return { ...config, classes: seen.classes, inputChannels: seen.inputChannels, head }
}
