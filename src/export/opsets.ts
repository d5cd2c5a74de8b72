/**
 * Versions of ONNX's operators that our forms are valid for, as ONNX Runtime 1.30 reads them. Every runtime since 2022 reads
 * 17, which is written where nothing else is asked for.
 */
export const opsets = { least: 13, usual: 17, greatest: 25 } as const
