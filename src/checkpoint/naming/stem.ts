/**
 * The stem of a trunk whose blocks are known, where its own names are not: one convolution in front of the first block, or
 * three, each with a normalisation, told by their shapes.
 */
import type { Layer } from './named-tensor.ts'

const single = { convolutions: ['conv1'], norms: ['bn1'] }
const deep = { convolutions: ['conv1.0', 'conv1.3', 'conv1.6'], norms: ['conv1.1', 'conv1.4', 'bn1'] }
const preactivated = { convolutions: ['stem.conv'], norms: ['stem.norm'] }

/** Our names for the layers of a stem by the file's, of those in front of the first block; empty where they make none. */
export function nameStem(layers: readonly Layer[], isPreactivated: boolean): ReadonlyMap<string, string> {
  const shapeOf = ({ weight }: Layer) => weight?.shape ?? []
  const convolutions = layers.filter((layer) => shapeOf(layer).length === 4)
  const norms = layers.filter((layer) => shapeOf(layer).length === 1)
  const form = isPreactivated ? preactivated : convolutions.length === 3 ? deep : single
  const fits =
    convolutions.length === form.convolutions.length &&
    norms.length <= convolutions.length &&
    (norms.length === convolutions.length || isPreactivated) &&
    norms.every((norm, i) => shapeOf(norm)[0] === shapeOf(convolutions[i] ?? norm)[0]) &&
    convolutions.every((layer) => (shapeOf(layer)[2] ?? 0) > 1)
  if (!fits) return new Map()
  return new Map([
    ...convolutions.map(({ name }, i) => [name, form.convolutions[i] ?? name] as const),
    ...norms.map(({ name }, i) => [name, form.norms[i] ?? name] as const),
  ])
}
