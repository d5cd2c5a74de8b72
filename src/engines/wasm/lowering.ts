/** What the rules that turn nodes into phases have in common: where values lie, what reads them, weights to be renewed. */
import { EngineError } from '../../errors.ts'
import type { Graph, GraphValue, Node } from '../../graph/graph.ts'
import type { TensorMap } from '../engine.ts'
import { type Chain, ChainFinder } from './chains.ts'
import { isConstant } from './constants.ts'
import { convolutionAttributes } from './convolution-attributes.ts'
import { haloOf } from './halo.ts'
import { type Layout, layoutOf, roundUp, type Storage } from './layout.ts'
import { type Heap, Places } from './memory.ts'
import type { Phase } from './program.ts'

/** Weights in memory that depend on states, and how to write them anew. */
export interface Packed {
  readonly states: readonly string[]
  write(states: TensorMap): void
}

export interface CompileOptions {
  readonly batch: number
  readonly threads: number
  readonly precise: boolean
  /** Filters of a panel of packed weights. */
  readonly columns: number
}

export class Lowering {
  readonly heap: Heap
  readonly graph: Graph
  readonly batch: number
  readonly chains: ChainFinder
  readonly phases: Phase[] = []
  readonly packed: Packed[] = []
  readonly #places: Places
  readonly #storages = new Map<GraphValue, Storage>()
  /** Reads that are still to come, for each place. */
  readonly #pending = new Map<number, number>()
  readonly #permanent = new Set<number>()

  readonly threads: number
  /** Whether every product is summed by its definition. */
  readonly precise: boolean
  /** Filters of a panel of packed weights. */
  readonly columns: number

  constructor(heap: Heap, graph: Graph, { batch, threads, precise, columns }: CompileOptions) {
    this.heap = heap
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
        .every((node) => node.operation.name === 'conv2d' && convolutionAttributes(node).groups === 1)
    return dense ? { ...layout, pitch: layout.channels } : layout
  }

  /** Where a computed value lies. */
  storage(value: GraphValue): Storage {
    const storage = this.#storages.get(value)
    if (storage === undefined)
      throw new EngineError(`the value "${value.name}" is read before it is computed`)
    return storage
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

  /** Lets a value lie where another one does. */
  alias(value: GraphValue, storage: Storage): void {
    this.#hold(value, storage)
  }

  #hold(value: GraphValue, storage: Storage): void {
    this.#storages.set(value, storage)
    const outside = [...this.graph.outputs.values()].includes(value) ? 1 : 0
    const readers = this.chains.readers(value).length + outside
    this.#pending.set(storage.address, (this.#pending.get(storage.address) ?? 0) + readers)
  }

  /** Scratch that lives from one phase to the next of the same node. */
  scratch(layout: Layout): Storage {
    return new Places(this.heap).take(layout)
  }

  /** Bytes from one thread's scratch to the next. */
  scratchStride(bytes: number): number {
    return roundUp(bytes, 4096) + 64
  }

  /** Scratch for each thread; whatever was in it is lost with each phase, so all layers share it. */
  threadScratch(bytes: number): number {
    return this.heap.scratch(this.threads * this.scratchStride(bytes))
  }

  phase(
    { nodes }: Pick<Chain, 'nodes'>,
    kernel: string,
    descriptor: number,
    units: number,
    { grain = 1, role = 'computes' }: { readonly grain?: number; readonly role?: Phase['role'] } = {},
  ): void {
    this.phases.push({ kernel, descriptor, units, grain, nodes: nodes.map(({ name }) => name), role })
  }

  pack(states: readonly string[], write: (states: TensorMap) => void): void {
    this.packed.push({ states, write })
  }

  /** Gives back the places that a chain's nodes were the last to read. */
  release(nodes: readonly Node[]): void {
    const own = new Set(nodes.flatMap(({ outputs }) => outputs))
    for (const node of nodes) {
      for (const input of new Set<GraphValue>(node.inputs)) {
        if (isConstant(input) || (input.kind === 'node' && own.has(input))) continue
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
