/** The optional packages, as far as they are used; they are not installed beside this one. */
declare module 'onnxruntime-node' {
  type Runtime = import('./runtime.ts').Runtime
  export const InferenceSession: Runtime['InferenceSession']
  export const Tensor: Runtime['Tensor']
}

declare module 'onnxruntime-web' {
  type Runtime = import('./runtime.ts').Runtime
  export const InferenceSession: Runtime['InferenceSession']
  export const Tensor: Runtime['Tensor']
  export const env: { readonly wasm: { numThreads?: number } }
}
