/**
 * What a file may ask for, at most. A ResNet needs a small part of each; a hostile file meets them before it costs
 * memory or time.
 */
export const limits = {
  /** Bytes of a header of safetensors, or of a `model.json`: those of the largest ResNets are under 1 MB. */
  jsonBytes: 10 * 2 ** 20,
  /** Values in it. A tensor of safetensors has about ten. */
  jsonValues: 1_000_000,
  /** Levels of nesting in a JSON text or in a pickled object. */
  depth: 100,
  tensors: 20_000,
  rank: 8,
  /** Bytes of the pickle that describes the tensors of a PyTorch file. */
  pickleBytes: 64 * 2 ** 20,
  pickleOpcodes: 1_000_000,
  /** Values on the stack of the pickle machine, and in its memo. */
  pickleValues: 200_000,
  pickleStringBytes: 2 ** 20,
  /** An unsigned 64-bit random seed takes 9 bytes, the magic number of PyTorch's old format 10. */
  pickleIntegerBytes: 10,
  storages: 25_000,
  /** Uncompressed size over compressed size of a zip entry. */
  zipRatio: 100,
  /** Bytes that all entries of a zip may hold beyond the size of the file. */
  zipExcessBytes: 512 * 2 ** 20,
  zipDirectoryBytes: 16 * 2 ** 20,
  /** How often the tensors of a state dictionary may, together, read each byte of the file. */
  sharing: 16,
  shards: 1000,
  /** Values that are taken from around a network, their nesting, and characters of one text. */
  plainValues: 100_000,
  plainDepth: 12,
  plainText: 10_000,
} as const
