/** A tensor under our name and in our layout, and tensors gathered into layers. */
import type { StoredTensor } from '../checkpoint.ts'
import { shapeInOurs, valuesInOurs } from './layout.ts'
import type { NamingScheme, Suffix } from './scheme.ts'
import { type Stored, splitName } from './trunks.ts'

export interface NamedTensor {
  readonly name: string
  /** What the file calls it. */
  readonly from: string
  readonly shape: readonly number[]
  read(): Promise<Float32Array>
}

/** A layer that no rule names: its tensors by our suffixes. */
export interface Layer {
  /** As the file calls it. */
  readonly name: string
  readonly weight?: NamedTensor
  readonly bias?: NamedTensor
  readonly running_mean?: NamedTensor
  readonly running_var?: NamedTensor
}

export function namedTensor(name: string, { layout }: Suffix, stored: StoredTensor): NamedTensor {
  return {
    name,
    from: stored.name,
    shape: shapeInOurs(layout, stored.shape),
    read: async () => valuesInOurs(layout, stored.shape, await stored.read()),
  }
}

/** Layers of some names in the file's order. */
export function layersOf(stored: Stored, scheme: NamingScheme, names: readonly string[]): readonly Layer[] {
  const layers = new Map<string, Layer>()
  for (const name of names) {
    const parts = splitName(scheme, name)
    const tensor = stored.get(name)
    if (parts === undefined || tensor === undefined) continue
    const { layer, suffix } = parts
    const before = layers.get(layer) ?? { name: layer }
    layers.set(layer, { ...before, [suffix.ours]: namedTensor(`${layer}.${suffix.ours}`, suffix, tensor) })
  }
  return [...layers.values()]
}

export function tensorsOf({ weight, bias, running_mean, running_var }: Layer): readonly NamedTensor[] {
  return [weight, bias, running_mean, running_var].filter((tensor) => tensor !== undefined)
}
