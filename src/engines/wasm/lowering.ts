/** What the rules that turn nodes into phases have in common: where values lie, what reads them, weights to be renewed. */
import { EngineError } from '../../errors.ts'
import type { Graph, GraphValue, Node } from '../../graph/graph.ts'
import { type Chain, ChainFinder } from './chains.ts'
import { constantKey, constantValue, statesBehind } from './constants.ts'
import { convolutionAttributes } from './convolution-attributes.ts'
import { haloOf } from './halo.ts'
import { type Layout, layoutOf, roundUp, type Storage } from './layout.ts'
import { type Heap, Places, type ScratchPurpose } from './memory.ts'
import type { Pack, PackRecipe, Packs } from './packs.ts'
import { bitsOf, type Phase } from './program.ts'
import type { States } from './states.ts'

export interface CompileOptions {
  readonly batch: number
  readonly threads: number
  readonly precise: boolean
  /** Filters of a panel of packed weights. */
  readonly columns: number
}

/** What the programs of a session share. */
export interface SessionMemory {
  readonly heap: Heap
  readonly states: States
  readonly packs: Packs
}

/** Where a normalisation's statistics left what makes its output of its input. */
export interface Normalised {
  readonly scale: number
  readonly shift: number
}

/** Operations that read single floats of a map when they have one group. */
const denseReaders = ['conv2d', 'conv2dWeightGradient']

export class Lowering {
  readonly heap: Heap
  readonly states: States
  readonly graph: Graph
  readonly batch: number
  readonly chains: ChainFinder
  readonly phases: Phase[] = []
  /** Phases that write states: they run when all others have succeeded, and are not interrupted. */
  readonly commits: Phase[] = []
  /** Values whose kernels write the states that take them, in a commit. */
  readonly committed = new Set<GraphValue>()
  /** Normalisations with the statistics of the batch, by node. */
  readonly normalised = new Map<Node, Normalised>()
  /** What the program reads that follows from states. */
  readonly packs = new Set<Pack>()
  readonly #places: Places
  readonly #kept: Packs
  readonly #storages = new Map<GraphValue, Storage>()
  /** Reads that are still to come, for each place. */
  readonly #pending = new Map<number, number>()
  readonly #permanent = new Set<number>()
  readonly #tables = new Map<string, number>()

  readonly threads: number
  /** Whether every product is summed by its definition. */
  readonly precise: boolean
  /** Filters of a panel of packed weights. */
  readonly columns: number

  /** Whether parameters may be others in each run, since a graph with assignments is a step of a training. */
  readonly training: boolean

  constructor(
    { heap, states, packs }: SessionMemory,
    graph: Graph,
    { batch, threads, precise, columns }: CompileOptions,
  ) {
    this.heap = heap
    this.states = states
    this.#kept = packs
    this.training = graph.assignments.length > 0
    this.graph = graph
    this.batch = batch
    this.threads = threads
    this.precise = precise
    this.columns = columns
    this.chains = new ChainFinder(graph)
    this.#places = new Places(heap)
  }

  /** The layout of a value, with the border that its readers need. */
  layout(value: GraphValue): Layout {
    const layout = layoutOf(value.shape, this.batch, haloOf(value, this.chains))
    // Dense convolutions read single floats, so an image of three channels need not be padded to eight.
    const dense =
      value.kind === 'input' &&
      this.chains
        .readers(value)
        .every(
          (node) => denseReaders.includes(node.operation.name) && convolutionAttributes(node).groups === 1,
        )
    return dense ? { ...layout, pitch: layout.channels } : layout
  }

  /** Whether a value depends on nothing that a run changes, so that it is computed when states are written. */
  isConstant(value: GraphValue): boolean {
    if (value.kind === 'node') return value.node.inputs.every((input) => this.isConstant(input))
    return value.kind === 'buffer' || (value.kind === 'parameter' && !this.training)
  }

  /** Where a value lies that is a state, a constant, or was computed before. */
  storage(value: GraphValue): Storage {
    const storage = this.#storages.get(value) ?? this.#resting(value)
    if (storage === undefined)
      throw new EngineError(`the value "${value.name}" is read before it is computed`)
    return storage
  }

  /** The place of a state, or of a constant that is renewed with the states behind it. */
  #resting(value: GraphValue): Storage | undefined {
    const layout = layoutOf(value.shape, this.batch)
    if (value.kind === 'parameter' || value.kind === 'buffer') {
      const address = this.states.addressOf(value.name)
      if (address === undefined) return undefined
      // A reshaped state is a node's value that lies here, but not to be given back.
      this.#permanent.add(address)
      return { ...layout, address }
    }
    if (!this.isConstant(value)) return undefined
    return { ...layout, address: this.packConstant(value, layout.pitch) }
  }

  /** A place for a value. `fresh`: one that is all zeros, for values that are written in part. */
  place(value: GraphValue, { fresh = false }: { readonly fresh?: boolean } = {}): Storage {
    const layout = this.layout(value)
    const partial = fresh || layout.pitch !== layout.channels
    const storage = partial ? new Places(this.heap).take(layout) : this.#places.take(layout)
    if (partial) this.#permanent.add(storage.address)
    this.#hold(value, storage)
    return storage
  }

  /** Lets a value lie where another one does; `readers` are those that are still to come. */
  alias(value: GraphValue, storage: Storage, readers = this.#readersOf(value)): void {
    this.#hold(value, storage, readers)
  }

  #readersOf(value: GraphValue): number {
    const outputs = [...this.graph.outputs.values()].filter((output) => output === value).length
    const assigned = this.graph.assignments.filter((assignment) => assignment.value === value).length
    return this.chains.readers(value).length + outputs + assigned
  }

  #hold(value: GraphValue, storage: Storage, readers = this.#readersOf(value)): void {
    this.#storages.set(value, storage)
    this.#pending.set(storage.address, (this.#pending.get(storage.address) ?? 0) + readers)
  }

  /** A map that only phases of one node use, zeroed once. */
  scratch(layout: Layout): Storage {
    return new Places(this.heap).take(layout)
  }

  /** Bytes that only phases of one node use; whatever was in them is lost with the next node. */
  scratchBytes(purpose: ScratchPurpose, bytes: number): number {
    return this.heap.scratch(purpose, bytes)
  }

  /** Bytes from one thread's scratch to the next. */
  scratchStride(bytes: number): number {
    return roundUp(bytes, 4096) + 64
  }

  /** Integers that do not change, written once for all that have the same key. */
  table(key: string, make: () => Int32Array): number {
    const there = this.#tables.get(key)
    if (there !== undefined) return there
    const address = this.heap.writeIntegers(make())
    this.#tables.set(key, address)
    return address
  }

  /** Zeros that nothing writes, as biases that there are none of: at least so many floats. */
  zeros(count: number): number {
    return this.table(`zeros ${count}`, () => new Int32Array(count))
  }

  /** Ones, as factors that change nothing: at least so many floats. */
  ones(count: number): number {
    return this.table(`ones ${count}`, () => new Int32Array(count).fill(bitsOf(1)))
  }

  /** Scratch for each thread; whatever was in it is lost with each phase, so all layers share it. */
  threadScratch(bytes: number): number {
    return this.heap.scratch('threads', this.threads * this.scratchStride(bytes))
  }

  phase(
    { nodes }: Pick<Chain, 'nodes'>,
    kernel: string,
    descriptor: number,
    units: number,
    { grain = 1, packedBytes }: { readonly grain?: number; readonly packedBytes?: number | undefined } = {},
  ): void {
    const names = nodes.map(({ name }) => name)
    this.phases.push({ kernel, descriptor, units, grain, nodes: names, packedBytes })
  }

  /** A phase that writes states. */
  commit(nodes: readonly Node[], kernel: string, descriptor: number, units: number): void {
    const names = nodes.map(({ name }) => name)
    this.commits.push({ kernel, descriptor, units, grain: 1, nodes: names })
  }

  /** Where something lies that follows from states: what has the same key lies there for all programs. */
  pack(key: string, recipe: () => PackRecipe): number {
    const pack = this.#kept.take(key, this.heap, recipe)
    this.packs.add(pack)
    return pack.address
  }

  /** A constant's numbers, with room for so many floats. */
  packConstant(value: GraphValue, floats: number): number {
    const { heap } = this
    return this.pack(`constant ${constantKey(value)} ${floats}`, () => ({
      bytes: floats * 4,
      states: statesBehind(value),
      write(address, states) {
        heap.floats.set(constantValue(value, states).data, address / 4)
        return []
      },
    }))
  }

  /** Gives back the places that a chain's nodes were the last to read. */
  release(nodes: readonly Node[]): void {
    const own = new Set(nodes.flatMap(({ outputs }) => outputs))
    for (const node of nodes) {
      for (const input of new Set<GraphValue>(node.inputs)) {
        if (input.kind === 'parameter' || input.kind === 'buffer' || this.committed.has(input)) continue
        if (this.isConstant(input) || (input.kind === 'node' && own.has(input))) continue
        this.#read(this.storage(input))
      }
    }
  }

  #read(storage: Storage): void {
    const pending = (this.#pending.get(storage.address) ?? 0) - 1
    this.#pending.set(storage.address, pending)
    if (pending > 0 || this.#permanent.has(storage.address)) return
    this.#pending.delete(storage.address)
    this.#places.giveBack(storage)
  }
}
