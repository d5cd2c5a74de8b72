/** From a graph to a program: each node (or chain of nodes) by the rule of its operation. */
import { EngineError } from '../../errors.ts'
import type { Graph, GraphValue, Node } from '../../graph/graph.ts'
import { bindBatch, elements } from '../../ops/shape.ts'
import type { TensorMap } from '../engine.ts'
import type { Chain } from './chains.ts'
import { isConstant } from './constants.ts'
import { convolutionActivations } from './convolution-parameters.ts'
import { isMap, pixelBytes, rowsOf, type Storage } from './layout.ts'
import { lowerConvolution, lowerLinear } from './lower-convolution.ts'
import {
  lowerActivation,
  lowerAdd,
  lowerBatchNorm,
  lowerBlurPool,
  lowerConcat,
  lowerGroupNorm,
  lowerMean,
  lowerMultiply,
  lowerPadChannels,
  lowerPool,
  lowerReshape,
  lowerScale,
  lowerSlice,
  lowerSoftmax,
  lowerVectorConvolution,
} from './lower-rows.ts'
import { type CompileOptions, Lowering } from './lowering.ts'
import type { Heap } from './memory.ts'
import { Pace } from './pace.ts'
import { type Phase, writeDescriptor } from './program.ts'

/** A region of memory that takes an input or holds an output, row-major. */
export interface Region {
  readonly address: number
  readonly size: number
}

export interface Program {
  readonly phases: readonly Phase[]
  readonly inputs: ReadonlyMap<string, Region>
  readonly outputs: ReadonlyMap<string, Region>
  /** Writes, in slices, the weights that depend on the named states (all without names). */
  pack(states: TensorMap, changed?: ReadonlySet<string>): Promise<void>
}

interface Rule {
  /** Operations behind the node that its kernel takes along. */
  readonly absorb: readonly ('normalisation' | 'sum')[]
  readonly activated: readonly string[]
  readonly lower: (lowering: Lowering, chain: Chain) => void
}

const alone = (lower: Rule['lower']): Rule => ({ absorb: [], activated: [], lower })
const withAnyActivation = (lower: Rule['lower']): Rule => ({
  absorb: [],
  activated: ['relu', 'relu6', 'silu', 'sigmoid'],
  lower,
})

const rules: ReadonlyMap<string, Rule> = new Map([
  [
    'conv2d',
    { absorb: ['normalisation', 'sum'], activated: convolutionActivations, lower: lowerConvolution },
  ],
  ['linear', alone(lowerLinear)],
  ['batchNorm', withAnyActivation(lowerBatchNorm)],
  ['groupNorm', withAnyActivation(lowerGroupNorm)],
  ['add', { absorb: [], activated: ['relu'], lower: lowerAdd }],
  ['multiply', alone(lowerMultiply)],
  ['scale', alone(lowerScale)],
  ...['relu', 'relu6', 'silu', 'sigmoid'].map((name): [string, Rule] => [name, alone(lowerActivation)]),
  ['maxPool', alone(lowerPool)],
  ['averagePool', alone(lowerPool)],
  ['globalAveragePool', alone(lowerMean)],
  ['blurPool', alone(lowerBlurPool)],
  ['concat', alone(lowerConcat)],
  ['slice', alone(lowerSlice)],
  ['padChannels', alone(lowerPadChannels)],
  ['softmax', alone(lowerSoftmax)],
  ['reshape', alone(lowerReshape)],
])

function ruleOf(node: Node): Rule {
  const rule = rules.get(node.operation.name)
  if (rule === undefined)
    throw new EngineError(`${node.name}: the wasm engine has no kernel for ${node.operation.name} yet`)
  if (node.operation.name !== 'conv2d') return rule
  const [x, weight] = node.inputs
  if (x !== undefined && !isMap(x.shape)) return alone(lowerVectorConvolution)
  const depthwise = weight?.shape[1] === 1 && weight.shape[0] !== 1 && weight.shape[0] === x?.shape[1]
  return depthwise ? { ...rule, absorb: ['normalisation'] } : rule
}

/** Throws `EngineError` for a graph with an operation that the engine lacks, naming the node. */
export function compile(heap: Heap, graph: Graph, options: CompileOptions): Program {
  if (graph.assignments.length > 0)
    throw new EngineError('the wasm engine runs inference graphs; train on the reference engine')
  const lowering = new Lowering(heap, graph, options)
  const inputs = new Map<string, Region>()
  for (const input of graph.inputs.values()) inputs.set(input.name, lowerInput(lowering, input))
  const done = new Set<Node>()
  for (const node of graph.nodes) {
    if (done.has(node) || node.outputs.every(isConstant)) continue
    const { absorb, activated, lower } = ruleOf(node)
    const chain = lowering.chains.from(node, { absorb, activated })
    lower(lowering, chain)
    for (const member of chain.nodes) done.add(member)
    lowering.release(chain.nodes)
  }
  const outputs = new Map([...graph.outputs].map(([name, value]) => [name, lowerOutput(lowering, value)]))
  const { phases, packed } = lowering
  return {
    phases,
    inputs,
    outputs,
    async pack(states, changed) {
      const pace = new Pace()
      for (const weights of packed) {
        if (changed === undefined || weights.states.some((name) => changed.has(name))) weights.write(states)
        if (pace.isDue) await pace.rest()
      }
    },
  }
}

function region(lowering: Lowering, value: GraphValue): Region {
  const size = elements(bindBatch(value.shape, lowering.batch))
  return { address: lowering.heap.allocate(size * 4), size }
}

/** The kernel that moves between planes and pixels. */
function planes(lowering: Lowering, kernel: string, storage: Storage, { address, size }: Region): void {
  const { base, image, row } = rowsOf(storage)
  const { height, width, channels, batch } = storage
  const descriptor = writeDescriptor(lowering.heap, 'planes', {
    planes: address,
    planesImage: (size / batch) * 4,
    yBase: base,
    yImage: image,
    yRow: row,
    height,
    width,
    channels,
    pixelBytes: pixelBytes(storage),
  })
  lowering.phases.push({ kernel, descriptor, units: batch * height, grain: 1, nodes: [], role: 'prepares' })
}

function lowerInput(lowering: Lowering, value: GraphValue): Region {
  const planesRegion = region(lowering, value)
  planes(lowering, 'fromPlanes', lowering.place(value), planesRegion)
  return planesRegion
}

function lowerOutput(lowering: Lowering, value: GraphValue): Region {
  const planesRegion = region(lowering, value)
  planes(lowering, 'toPlanes', lowering.storage(value), planesRegion)
  return planesRegion
}
