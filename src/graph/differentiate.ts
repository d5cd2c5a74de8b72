/**
 * Reverse-mode differentiation: appends to a graph the nodes that compute a loss's gradients, by the gradient rules of
 * the operations. Only paths from the wanted values to the loss are followed, so frozen stages cost nothing.
 */
import { GraphError } from '../errors.ts'
import { add } from '../ops/add.ts'
import { constant } from '../ops/constant.ts'
import { GraphBuilder } from './builder.ts'
import { type Graph, type GraphValue, type Node, valueNamed } from './graph.ts'
import { nodesBehind } from './select.ts'

/** The name under which the gradient of a value is an output. */
export function gradientName(name: string): string {
  return `gradient/${name}`
}

/**
 * A graph with a further output `gradient/NAME` for each name in `wrt`, of the shape of that value.
 *
 * `loss` names a value of one element. Throws `GraphError` when it has more, when a wanted value does not lead to it,
 * or when an operation on the way cannot be differentiated.
 */
export function differentiate(graph: Graph, loss: string, wrt: readonly string[]): Graph {
  const { builder, gradients } = withGradients(graph, loss, wrt)
  for (const [name, gradient] of gradients) {
    builder.output(gradientName(name), gradient)
    builder.name(gradientName(name), gradient)
  }
  return builder.build()
}

/** The same before the gradients are outputs: a builder that goes on behind them, and each by its name in `wrt`. */
export function withGradients(
  graph: Graph,
  loss: string,
  wrt: readonly string[],
): { readonly builder: GraphBuilder; readonly gradients: ReadonlyMap<string, GraphValue> } {
  const lossValue = valueNamed(graph, loss)
  if (lossValue.shape.length !== 0) {
    throw new GraphError(
      `a loss must be a single number of shape [], not [${lossValue.shape.join(', ')}] ("${loss}")`,
    )
  }
  const wanted = new Set(wrt.map((name) => valueNamed(graph, name)))
  const builder = GraphBuilder.from(graph, { section: 'gradient' })
  const gradients = new Map<GraphValue, GraphValue>()
  gradients.set(lossValue, builder.one(constant, { shape: [], value: 1 }, []))
  const behind = nodesBehind([lossValue])
  const moving = valuesThatDependOn(wanted, graph.nodes)
  for (const node of [...graph.nodes].reverse()) {
    if (behind.has(node) && node.outputs.some((output) => moving.has(output))) {
      propagate(builder, node, gradients, moving)
    }
  }
  const gradientOf = (name: string) => {
    const gradient = gradients.get(valueNamed(graph, name))
    if (gradient === undefined) throw new GraphError(`"${loss}" does not depend on "${name}"`)
    return gradient
  }
  return { builder, gradients: new Map(wrt.map((name) => [name, gradientOf(name)])) }
}

/** The wanted values and everything computed from them. */
function valuesThatDependOn(
  wanted: ReadonlySet<GraphValue>,
  nodes: readonly Node[],
): ReadonlySet<GraphValue> {
  const moving = new Set(wanted)
  for (const node of nodes) {
    if (node.inputs.some((input) => moving.has(input))) for (const output of node.outputs) moving.add(output)
  }
  return moving
}

/** Applies one node's gradient rule and adds what comes out to the gradients of its inputs. */
function propagate(
  builder: GraphBuilder,
  node: Node,
  gradients: Map<GraphValue, GraphValue>,
  moving: ReadonlySet<GraphValue>,
): void {
  const outputGradients = node.outputs.map((output) => gradients.get(output))
  if (outputGradients.every((gradient) => gradient === undefined)) return
  const { operation, attributes, inputs, outputs } = node
  if (operation.gradient === undefined) {
    throw new GraphError(
      `${node.name}: ${operation.name} is itself a gradient and cannot be differentiated again`,
    )
  }
  const wants = (input: number) => {
    const value = inputs[input]
    return value !== undefined && moving.has(value)
  }
  const found = operation.gradient({ emit: builder, attributes, inputs, outputs, outputGradients, wants })
  inputs.forEach((input, index) => {
    const gradient = found[index]
    if (gradient === undefined || !moving.has(input)) return
    const sum = gradients.get(input)
    gradients.set(input, sum === undefined ? gradient : builder.one(add, {}, [sum, gradient]))
  })
}
