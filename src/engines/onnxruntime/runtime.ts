/**
 * What the engine uses of ONNX Runtime's JavaScript interface (onnxruntime.ai/docs/api/js), which its packages for Node,
 * browsers and graphics processors share.
 */

/** A module such as `onnxruntime-node`, `onnxruntime-web` or `onnxruntime-web/webgpu`. */
export interface Runtime {
  readonly InferenceSession: {
    /** Opens an ONNX file. */
    create(model: Uint8Array, options: RuntimeOptions): Promise<RuntimeSession>
  }
  /** Settings of the module as a whole. */
  readonly env?: { readonly wasm: { numThreads?: number } }
  readonly Tensor: new (type: 'float32', data: Float32Array, dims: readonly number[]) => RuntimeTensor
}

/** How a session computes. */
export interface RuntimeOptions {
  /** What computes, in order of preference: `cpu`, `webgpu`, `cuda`, `coreml`, `dml`. */
  executionProviders?: readonly string[]
  intraOpNumThreads?: number
}

/** An ONNX file that is ready to run. */
export interface RuntimeSession {
  /** The outputs by name, of inputs by name. */
  run(feeds: Readonly<Record<string, RuntimeTensor>>): Promise<Readonly<Record<string, RuntimeTensor>>>
  /** Frees what it holds. */
  release(): Promise<void>
}

/** Values and their shape. */
export interface RuntimeTensor {
  /** The values, fetched from the graphics processor where they lie there. */
  getData(): Promise<unknown>
  /** Frees what it holds. */
  dispose(): void
}

/** A runtime that was found, and the name of its package. */
export interface LoadedRuntime {
  readonly name: string
  readonly runtime: Runtime
}
