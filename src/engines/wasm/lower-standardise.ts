/** Standardised weights as phases, where they are trained: elsewhere they are constants. */
import type { Chain } from './chains.ts'
import { inputOf, sizesOf } from './convolution-parameters.ts'
import { originOf } from './layout.ts'
import type { Lowering } from './lowering.ts'
import { bitsOf, writeDescriptor } from './program.ts'

/** (weight) -> y, or (weight, dy) -> dweight: kernels of the operations' names. */
export function lowerStandardiseWeight(lowering: Lowering, chain: Chain): void {
  const { root, result } = chain
  const [weight, dy] = root.inputs
  const attributes: { readonly epsilon?: number } = root.attributes
  const [filters = 1, ...sizes] = sizesOf(weight)
  const descriptor = writeDescriptor(lowering.heap, 'standardise', {
    weight: originOf(lowering.storage(inputOf(root))),
    dy: dy === undefined ? 0 : originOf(lowering.storage(dy)),
    y: originOf(lowering.place(result)),
    length: sizes.reduce((product, size) => product * size, 1),
    epsilon: bitsOf(attributes.epsilon ?? 0),
  })
  lowering.phase(chain, root.operation.name, descriptor, filters)
}
