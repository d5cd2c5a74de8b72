/** What every way to compute a convolution shares: its parameters with their normalisation, its activation's code. */
import type { GraphValue, Node } from '../../graph/graph.ts'
import type { ReadableState } from '../state.ts'
import type { Chain } from './chains.ts'
import { constantKey, constantValue, statesBehind } from './constants.ts'
import { foldingOf } from './pack.ts'

/** Activations that the kernels of convolutions apply themselves. */
export const convolutionActivations = ['relu', 'relu6']

export const activationCode = (name: string): number => 1 + convolutionActivations.indexOf(name)

/** What multiplies each filter of a chain and what is added to its sums, and the states behind. */
export interface Fold {
  readonly key: string
  readonly states: readonly string[]
  vectors(states: ReadableState): FoldVectors
}

export interface FoldVectors {
  factor(filter: number): number
  bias(filter: number): number
}

/** A chain's bias and the normalisation that its kernel takes along: (x + bias) · factor + offset. */
export function foldOf({ root, normalisation }: Chain): Fold {
  const bias = root.inputs[2]
  const attributes: { readonly epsilon?: number } = normalisation?.attributes ?? {}
  const { epsilon = 0 } = attributes
  const folded = normalisation?.inputs.slice(1) ?? []
  return {
    key: [bias, ...folded].map(constantKey).concat(String(epsilon)).join(),
    states: [...(bias === undefined ? [] : [bias]), ...folded].flatMap(statesBehind),
    vectors(states) {
      const given = bias === undefined ? undefined : constantValue(bias, states).data
      const folding =
        folded.length === 0
          ? undefined
          : foldingOf(
              folded.map((value) => constantValue(value, states)),
              epsilon,
            )
      const factor = (filter: number) => folding?.factor[filter] ?? 1
      return {
        factor,
        bias: (filter) => (given?.[filter] ?? 0) * factor(filter) + (folding?.offset[filter] ?? 0),
      }
    },
  }
}

export function inputOf(node: Node, index = 0): GraphValue {
  const input = node.inputs[index]
  if (input === undefined) throw new RangeError(`${node.name} has no input ${index}`)
  return input
}

export function sizesOf(value: GraphValue | undefined): readonly number[] {
  return (value?.shape ?? []).map((dim) => (dim === 'N' ? 1 : dim))
}
