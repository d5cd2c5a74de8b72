/** The optional package, as far as it is used; it is not installed beside this one. */
declare module 'onnxruntime-node' {
  type Runtime = import('./runtime.ts').Runtime
  export const InferenceSession: Runtime['InferenceSession']
  export const Tensor: Runtime['Tensor']
}
