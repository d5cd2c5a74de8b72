/** What runs graphs. An engine knows operations, not networks and not gradients. */
import type { Graph } from '../graph/graph.ts'

/** Values by name, row-major. Shapes are the graph's, with the batch bound. */
export type TensorMap = ReadonlyMap<string, Float32Array>

export interface EngineOptions {
  /** Threads to compute on; the engine's own choice without it. */
  readonly threads?: number
  /**
   * In pages: the address of the package's file `dist/engines/wasm/thread-program.browser.js` (with `thread.js` and `hello.js`
   * beside it), where the bundler does not take it along and a policy forbids workers from blobs.
   */
  readonly threadProgram?: string | URL
  /** Sums every product by its definition, without Winograd's shorter way (which rounds a little more). */
  readonly precise?: boolean
}

export interface Engine {
  readonly name: string
  /**
   * Opens a session on state tensors (parameters and buffers by name). The session may go on with the arrays that it is given:
   * change a state by `writeState` alone.
   */
  open(state: TensorMap, options?: EngineOptions): Promise<Session>
}

/** Time and size of one kernel in a profiled run. */
export interface KernelTiming {
  readonly kernel: string
  /** Names of the nodes it covers. */
  readonly nodes: readonly string[]
  readonly milliseconds: number
  /** Multiply-adds of the whole batch. */
  readonly macs: number
  /** Bytes read and written. */
  readonly bytes: number
}

/** One set of state tensors and the graphs that run on it. Calls are queued: one runs at a time. */
export interface Session {
  /** What computes, for people: `relaxed SIMD, 2 threads`; where it is one thread for want of more, why. */
  readonly runsOn: string
  /**
   * Adds a graph for one batch size; at any time.
   *
   * @throws EngineError for an operation that the engine lacks, a state that is missing or has another size.
   */
  add(name: string, graph: Graph, options: { readonly batch: number }): Promise<void>
  /** Runs a graph; its assignments are committed only when it succeeded. */
  run(name: string, inputs: TensorMap, options?: { readonly signal?: AbortSignal }): Promise<TensorMap>
  /** Runs a graph and times each kernel. */
  profile(name: string, inputs: TensorMap): Promise<readonly KernelTiming[]>
  /** Copies of the states, of all or of those named. */
  readState(names?: readonly string[]): Promise<TensorMap>
  /** Replaces the states that are given; packed weights are renewed. */
  writeState(tensors: TensorMap): Promise<void>
  /** Ends its threads and frees its memory. */
  dispose(): Promise<void>
}
