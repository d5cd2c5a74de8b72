/**
 * Tells cameras' RAW files that begin as TIFF does (DNG, NEF, ARW, CR2, PEF): their first picture is a small preview, and
 * taking it for the photograph would be wrong without a word (TIFF 6.0; DNG 1.4).
 */

const tags = { subfileType: 0xfe, dngVersion: 0xc612 } as const
const reducedResolution = 1
const bytesOfEntry = 12

/** `bytes` begin as a TIFF file; its first directory may lie beyond them, which RAW files' does not. */
export function isRaw(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const little = bytes[0] === 0x49
  if (bytes.length < 16 || view.getUint16(2, little) !== 42) return false
  // Canon's mark: "CR".
  if (bytes[8] === 0x43 && bytes[9] === 0x52) return true
  const directory = view.getUint32(4, little)
  if (directory + 2 > bytes.length) return false
  const count = view.getUint16(directory, little)
  for (let entry = 0; entry < count; entry++) {
    const at = directory + 2 + entry * bytesOfEntry
    if (at + bytesOfEntry > bytes.length) return false
    const tag = view.getUint16(at, little)
    if (tag === tags.dngVersion) return true
    if (tag === tags.subfileType) {
      const value = view.getUint32(at + 8, little)
      if ((value & reducedResolution) !== 0) return true
    }
  }
  return false
}
