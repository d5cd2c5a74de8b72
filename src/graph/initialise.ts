/** The start of a network: each state filled by its own rule from a seed, the same on every machine. */
import { elementsPerImage, type Shape } from '../ops/shape.ts'
import type { Graph, Initialiser, StateValue } from './graph.ts'
import { normal, uniform } from './random.ts'

/**
 * First values of all states. The random numbers of a state depend on the seed and its name alone, so two networks that
 * share a layer start it alike.
 */
export function initialise(graph: Pick<Graph, 'states'>, seed: number): ReadonlyMap<string, Float32Array> {
  return new Map([...graph.states.values()].map((state) => [state.name, initialValues(state, seed)]))
}

function initialValues(state: StateValue, seed: number): Float32Array {
  const { initialiser, shape, name } = state
  const values = new Float32Array(elementsPerImage(shape))
  switch (initialiser.kind) {
    case 'constant':
      return values.fill(initialiser.value)
    case 'uniform': {
      const bound = 1 / Math.sqrt(initialiser.fanIn)
      return values.map((_, index) => (2 * uniform(seed, name, index) - 1) * bound)
    }
    case 'normal':
    case 'kaiming-normal': {
      const deviation =
        initialiser.kind === 'normal' ? initialiser.deviation : Math.sqrt(2 / fan(shape, initialiser))
      return values.map((_, index) => normal(seed, name, index) * deviation)
    }
  }
}

/** Inputs or outputs that one weight position serves. PyTorch's fan out does not divide by the groups; neither do we. */
function fan(shape: Shape, initialiser: Initialiser & { kind: 'kaiming-normal' }): number {
  const [filters = 1, ...rest] = shape.map((dim) => (dim === 'N' ? 1 : dim))
  const perFilter = rest.reduce((product, dim) => product * dim, 1)
  const receptive = rest.slice(1).reduce((product, dim) => product * dim, 1)
  return initialiser.fan === 'in' ? perFilter : filters * receptive
}
