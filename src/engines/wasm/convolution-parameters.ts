/** What every way to compute a convolution shares: its parameters with their normalisation, its activation's code. */
import type { GraphValue, Node } from '../../graph/graph.ts'
import type { ReadableState } from '../state.ts'
import type { Chain } from './chains.ts'
import { constantValue, statesBehind } from './constants.ts'
import { foldingOf } from './pack.ts'

/** Activations that the kernels of convolutions apply themselves. */
export const convolutionActivations = ['relu', 'relu6']

export const activationCode = (name: string): number => 1 + convolutionActivations.indexOf(name)

/** Weight, bias and normalisation of a chain, by which its packed weights are written. */
export function parametersOf({ root, normalisation }: Chain) {
  const [, weight, bias] = root.inputs
  const attributes: { readonly epsilon?: number } = normalisation?.attributes ?? {}
  const folded = normalisation?.inputs.slice(1) ?? []
  const values = [weight, bias, ...folded].filter((value) => value !== undefined)
  return { weight, bias, folded, epsilon: attributes.epsilon ?? 0, states: values.flatMap(statesBehind) }
}

type Parameters = ReturnType<typeof parametersOf>

export function readParameters({ weight, bias, folded, epsilon }: Parameters, states: ReadableState) {
  const read = (value: GraphValue | undefined) =>
    value === undefined ? undefined : constantValue(value, states)
  const kernel = read(weight) ?? { shape: [], data: new Float64Array() }
  const folding = folded.length === 0 ? undefined : foldingOf(folded.map(read), epsilon)
  return { kernel, bias: read(bias), folding }
}

export function inputOf(node: Node, index = 0): GraphValue {
  const input = node.inputs[index]
  if (input === undefined) throw new RangeError(`${node.name} has no input ${index}`)
  return input
}

export function sizesOf(value: GraphValue | undefined): readonly number[] {
  return (value?.shape ?? []).map((dim) => (dim === 'N' ? 1 : dim))
}
