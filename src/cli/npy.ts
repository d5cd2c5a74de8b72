/**
 * NumPy's array file, version 1.0: magic, a header of text padded to 64 bytes, then the values
 * (numpy.org/doc/stable/reference/generated/numpy.lib.format.html).
 */

/** The bytes of an array of float32 of the given shape, row-major and little-endian. */
export function npyFile(shape: readonly number[], values: Float32Array): Uint8Array {
  const dims = shape.length === 1 ? `${shape[0]},` : shape.join(', ')
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${dims}), }`
  const preamble = 10
  const length = Math.ceil((preamble + text.length + 1) / 64) * 64
  const bytes = new Uint8Array(length + values.length * 4)
  const view = new DataView(bytes.buffer)
  bytes.set([0x93, ...new TextEncoder().encode('NUMPY'), 1, 0])
  view.setUint16(8, length - preamble, true)
  bytes.set(new TextEncoder().encode(`${text.padEnd(length - preamble - 1)}\n`), preamble)
  values.forEach((value, index) => {
    view.setFloat32(length + index * 4, value, true)
  })
  return bytes
}
