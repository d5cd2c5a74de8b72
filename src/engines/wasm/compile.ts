/** From a graph to a program: each node (or chain of nodes) by the rule of its operation. */
import type { Graph, GraphValue, Node } from '../../graph/graph.ts'
import { dropBlockMask } from '../../ops/drop-block-mask.ts'
import { randomMask } from '../../ops/random-mask.ts'
import { bindBatch, elements } from '../../ops/shape.ts'
import type { TensorMap } from '../engine.ts'
import type { Chain } from './chains.ts'
import { isFlat, pixelBytes, rowsOf, type Storage } from './layout.ts'
import { lowerBatchNormTrainingGradient } from './lower-normalisation.ts'
import { lowerAssignment } from './lower-training.ts'
import { type CompileOptions, Lowering, type SessionMemory } from './lowering.ts'
import type { Pack } from './packs.ts'
import { type Phase, writeDescriptor } from './program.ts'
import { ruleOf } from './rules.ts'

/** A region of memory that takes an input or holds an output, row-major. */
export interface Region {
  readonly address: number
  readonly size: number
}

/** A node of random numbers: they follow from inputs alone, and the operation's own arithmetic gives them before a run. */
export interface Drawn {
  readonly node: Node
  readonly region: Region
}

export interface Program {
  readonly phases: readonly Phase[]
  /** The first of the phases that write states: from there on a run is not interrupted. */
  readonly commit: number
  readonly inputs: ReadonlyMap<string, Region>
  readonly drawn: readonly Drawn[]
  readonly outputs: ReadonlyMap<string, Region>
  /** Names of the states that a run writes. */
  readonly assigned: readonly string[]
  /** What follows from states, to be renewed before a run where it is stale. */
  readonly packs: readonly Pack[]
}

const random: readonly string[] = [randomMask.name, dropBlockMask.name]

/** Throws `EngineError` for a graph with an operation that the engine lacks, naming the node. */
export function compile(memory: SessionMemory, graph: Graph, options: CompileOptions): Program {
  const lowering = new Lowering(memory, graph, options)
  const inputs = new Map<string, Region>()
  const drawn: Drawn[] = []
  for (const input of graph.inputs.values()) inputs.set(input.name, lowerInput(lowering, input))
  const done = new Set<Node>()
  for (const node of graph.nodes) {
    if (done.has(node) || node.outputs.every((output) => lowering.isConstant(output))) continue
    const nodes = random.includes(node.operation.name)
      ? lowerDrawn(lowering, node, drawn)
      : lowerNode(lowering, node)
    for (const member of nodes) done.add(member)
    lowering.release(nodes)
  }
  const outputs = new Map([...graph.outputs].map(([name, value]) => [name, lowerOutput(lowering, value)]))
  for (const { state, value } of graph.assignments) lowerAssignment(lowering, state, value)
  const { phases, commits, packs } = lowering
  return {
    phases: [...phases, ...commits],
    commit: phases.length,
    inputs,
    drawn,
    outputs,
    assigned: graph.assignments.map(({ state }) => state.name),
    packs: [...packs],
  }
}

/** Adds the phases of a node and of those that its kernels take along; answers them all. */
function lowerNode(lowering: Lowering, node: Node): readonly Node[] {
  const normalisation = lowering.chains.normalisationGradient(node)
  if (normalisation !== undefined) {
    lowerBatchNormTrainingGradient(lowering, normalisation, node)
    return [node, normalisation]
  }
  const { absorb, activated, lower } = ruleOf(node)
  const chain = lowering.chains.from(node, { absorb, activated })
  lower(lowering, chain)
  shareResult(lowering, chain)
  return chain.nodes
}

/** What an activation cut off is asked for by its gradient alone, which its output serves as well. */
function shareResult(lowering: Lowering, { nodes, result }: Chain): void {
  for (const value of nodes.flatMap(({ outputs }) => outputs.slice(0, 1))) {
    if (value === result) continue
    const readers = lowering.chains.readers(value).filter((reader) => !nodes.includes(reader))
    if (readers.length > 0) lowering.alias(value, lowering.storage(result), readers.length)
  }
}

function lowerDrawn(lowering: Lowering, node: Node, drawn: Drawn[]): readonly Node[] {
  for (const value of node.outputs) drawn.push({ node, region: lowerInput(lowering, value) })
  return [node]
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
  lowering.phases.push({
    kernel,
    descriptor,
    units: batch * height,
    grain: 1,
    nodes: [],
    packedBytes: 2 * size * Float32Array.BYTES_PER_ELEMENT,
  })
}

function lowerInput(lowering: Lowering, value: GraphValue): Region {
  // What is written row-major where it lies comes before the run: no other value may have the place.
  const storage = lowering.place(value, { fresh: isFlat(value.shape) })
  if (isFlat(value.shape)) return { address: storage.address, size: storage.channels }
  const planesRegion = region(lowering, value)
  planes(lowering, 'fromPlanes', storage, planesRegion)
  return planesRegion
}

function lowerOutput(lowering: Lowering, value: GraphValue): Region {
  const storage = lowering.storage(value)
  if (isFlat(value.shape)) return { address: storage.address, size: storage.channels }
  const planesRegion = region(lowering, value)
  planes(lowering, 'toPlanes', storage, planesRegion)
  return planesRegion
}

/** What the nodes of random numbers give for these inputs. */
export function draw({ node, region }: Drawn, inputs: TensorMap, batch: number): Float64Array {
  const given = node.inputs.map(({ name, shape }) => ({
    shape: bindBatch(shape, batch),
    data: Float64Array.from(inputs.get(name) ?? []),
  }))
  const shapes = node.outputs.map(({ shape }) => bindBatch(shape, batch))
  const [values] = node.operation.reference(given, node.attributes, shapes)
  return values ?? new Float64Array(region.size)
}
