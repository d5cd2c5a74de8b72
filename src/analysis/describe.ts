/** One node in a few words, for diagrams and tables. */
import type { Node } from '../graph/graph.ts'
import { groupsOf, windowOf } from './window.ts'

/** Convolutions and linear layers. */
export function isWeighted(node: Node): boolean {
  return node.operation.macs !== undefined
}

/** A name without that of its block: `layer2.0.conv1` is `conv1`. */
export function shortName(name: string, block = ''): string {
  return block !== '' && name.startsWith(`${block}.`) ? name.slice(block.length + 1) : name
}

export interface NodeContext {
  /** Name of the block that the node stands in. */
  readonly block: string
  /** Nodes of the attention whose gate it multiplies by. */
  readonly attention: readonly Node[]
  /** Names of further values that it reads. */
  readonly beside: readonly string[]
}

/** What a node does, for instance `conv2: 3×3, 128 → 128, stride 2`. */
export function describeNode(node: Node, context: NodeContext): string {
  const name = shortName(node.name, context.block)
  if (isWeighted(node)) return `${name}: ${describeWeights(node)}`
  if (context.attention.length > 0) return `× ${describeAttention(context.attention)}`
  const words = describeOperation(node)
  const others = context.beside.map((other) => shortName(other, context.block))
  return [words, ...others].join(' ')
}

/** Kernel, channels and whatever is not usual. */
export function describeWeights(node: Node): string {
  const [from, to] = [node.inputs[0]?.shape[1], node.outputs[0]?.shape[1]]
  const window = windowOf(node)
  const groups = groupsOf(node)
  return [
    ...(window === undefined ? [] : [window.kernel.join('×')]),
    `${from} → ${to}`,
    ...(window !== undefined && window.stride[0] > 1 ? [`stride ${window.stride[0]}`] : []),
    ...(window !== undefined && window.dilation[0] > 1 ? [`dilation ${window.dilation[0]}`] : []),
    ...(groups > 1 ? [groups === from ? 'depthwise' : `${groups} groups`] : []),
  ].join(', ')
}

/** The gate of an attention, for instance `sigmoid(mean, 256 → 16 → 256)`. */
function describeAttention(nodes: readonly Node[]): string {
  const weighted = nodes.filter(isWeighted)
  const first = weighted[0]?.inputs[0]?.shape[1]
  const gate = nodes.some(({ operation }) => operation.name === 'softmax') ? 'softmax' : 'sigmoid'
  // ECA's convolution runs over the channels themselves: its own widths are 1 and 1.
  if (first === 1) return `${gate}(mean, ${weighted[0]?.inputs[1]?.shape[2]} neighbours)`
  return `${gate}(mean, ${[first, ...weighted.map((node) => node.outputs[0]?.shape[1])].join(' → ')})`
}

/** Operations whose own name, or that of their class, says enough. */
const words: ReadonlyMap<string, string> = new Map([
  ['batchNorm', 'batch norm'],
  ['batchNormTraining', 'batch norm'],
  ['groupNorm', 'group norm'],
  ['relu', 'ReLU'],
  ['relu6', 'ReLU6'],
  ['silu', 'SiLU'],
  ['multiply', '×'],
  ['add', '+'],
])

function describeOperation(node: Node): string {
  const { name } = node.operation
  const window = windowOf(node)
  const [from, to] = [node.inputs[0]?.shape[1], node.outputs[0]?.shape[1]]
  const kernel = window?.kernel.join('×')
  const stride = `stride ${window?.stride[0]}`
  switch (name) {
    case 'averagePool':
      return kernel === '1×1' ? `subsample, ${stride}` : `${kernel} average, ${stride}`
    case 'maxPool':
      return `${kernel} maximum, ${stride}`
    case 'blurPool':
      return `${kernel} blur, ${stride}`
    case 'padChannels':
      return `zeros, ${from} → ${to}`
    case 'scale':
      return describeScale(node)
    default:
      return words.get(name) ?? name
  }
}

function describeScale(node: Node): string {
  const [factor, offset]: readonly unknown[] = [
    Reflect.get(node.attributes, 'factor'),
    Reflect.get(node.attributes, 'offset'),
  ]
  return offset === 0 ? `× ${factor}` : `${offset} ${Number(factor) < 0 ? '−' : '+'} x`
}
