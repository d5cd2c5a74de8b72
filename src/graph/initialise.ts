/** The start of a network: each state filled by its own rule from a seed, the same on every machine. */
import { elementsPerImage, type Shape } from '../ops/shape.ts'
import type { Graph, Initialiser, StateValue } from './graph.ts'
import { normals, uniforms } from './random.ts'

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
      const number = uniforms(seed, name)
      for (let i = 0; i < values.length; i++) values[i] = (2 * number(i) - 1) * bound
      return values
    }
    case 'normal':
    case 'kaiming-normal': {
      const deviation =
        initialiser.kind === 'normal' ? initialiser.deviation : Math.sqrt(2 / fan(shape, initialiser))
      const number = normals(seed, name)
      for (let i = 0; i < values.length; i++) values[i] = number(i) * deviation
      return values
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
