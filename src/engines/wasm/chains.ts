/** Which nodes run as one kernel: a convolution with its normalisation, residual sum and activation. */
import type { Graph, GraphValue, Node, NodeValue } from '../../graph/graph.ts'

/** Nodes that end in one value. */
export interface Chain {
  /** The node that the kernel stands for. */
  readonly root: Node
  readonly normalisation?: Node
  /** The value that is added before the activation. */
  readonly summand?: GraphValue
  readonly activation: string
  /** What comes out at the end. */
  readonly result: NodeValue
  readonly nodes: readonly Node[]
}

const activations = ['relu', 'relu6', 'silu', 'sigmoid']

/** Activations whose gradient is known from their output as well as from their input. */
const cuttingOff = ['relu', 'relu6']

export class ChainFinder {
  readonly #readers = new Map<GraphValue, Node[]>()
  readonly #order = new Map<Node, number>()
  readonly #kept: ReadonlySet<GraphValue>

  constructor(graph: Graph) {
    this.#kept = new Set([...graph.outputs.values(), ...graph.assignments.map(({ value }) => value)])
    graph.nodes.forEach((node, index) => {
      this.#order.set(node, index)
      for (const input of new Set(node.inputs)) {
        const readers = this.#readers.get(input)
        if (readers === undefined) this.#readers.set(input, [node])
        else readers.push(node)
      }
    })
  }

  readers(value: GraphValue): readonly Node[] {
    return this.#readers.get(value) ?? []
  }

  /** The only reader of a value that nothing else needs, but for the gradient of an activation that cuts off. */
  onlyReader(value: GraphValue): Node | undefined {
    if (this.#kept.has(value)) return undefined
    const readers = this.readers(value)
    const [next, ...others] = readers.filter((node) => !isGradientOfCut(node, value))
    if (next === undefined || others.length > 0) return undefined
    return readers.length === 1 || cuttingOff.includes(next.operation.name) ? next : undefined
  }

  /** The chain from a node; `absorb` says what its kernel can take along, `activated` which activations. */
  from(
    root: Node,
    {
      absorb,
      activated,
    }: { readonly absorb: readonly ('normalisation' | 'sum')[]; readonly activated: readonly string[] },
  ): Chain {
    const nodes = [root]
    let result = only(root)
    let normalisation: Node | undefined
    let summand: GraphValue | undefined
    let activation = 'none'
    for (let next = this.onlyReader(result); next !== undefined; next = this.onlyReader(result)) {
      const name = next.operation.name
      const other = next.inputs.find((input) => input !== result)
      if (
        name === 'batchNorm' &&
        next.inputs[0] === result &&
        absorb.includes('normalisation') &&
        nodes.length === 1
      ) {
        normalisation = next
      } else if (
        name === 'add' &&
        absorb.includes('sum') &&
        summand === undefined &&
        this.#isReady(other, root)
      ) {
        summand = other
      } else if (activations.includes(name) && activated.includes(name)) {
        activation = name
      } else break
      nodes.push(next)
      result = only(next)
      if (activation !== 'none') break
    }
    return {
      root,
      activation,
      result,
      nodes,
      ...(normalisation === undefined ? {} : { normalisation }),
      ...(summand === undefined ? {} : { summand }),
    }
  }

  /**
   * The gradient of a normalisation that takes the gradient of the activation behind it along: the activation must follow
   * the normalisation at once, so that what it cut off can be computed again from the normalisation's input.
   */
  normalisationGradient(node: Node): Node | undefined {
    const [activated] = node.inputs
    if (activated === undefined || !isGradientOfCut(node, activated)) return undefined
    const next = this.onlyReader(only(node))
    const normalised = activated.kind === 'node' ? activated.node : undefined
    return next?.operation.name === 'batchNormTrainingGradient' &&
      next.inputs[4] === node.outputs[0] &&
      normalised?.operation.name === 'batchNormTraining' &&
      next.inputs[2] === normalised.outputs[1]
      ? next
      : undefined
  }

  /** Whether a value is computed before a node runs. */
  #isReady(value: GraphValue | undefined, node: Node): boolean {
    if (value === undefined) return false
    return value.kind !== 'node' || (this.#order.get(value.node) ?? 0) < (this.#order.get(node) ?? 0)
  }
}

function isGradientOfCut(node: Node, activated: GraphValue): boolean {
  return cuttingOff.some((name) => node.operation.name === `${name}Gradient`) && node.inputs[0] === activated
}

function only(node: Node): NodeValue {
  const [value] = node.outputs
  if (value === undefined) throw new RangeError(`${node.name} has no output`)
  return value
}
