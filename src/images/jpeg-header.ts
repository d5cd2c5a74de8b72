/** Reads the size of JPEG pictures off their headers, without a decoder. */

/** What the header of a JPEG picture says. */
export interface JpegHeader {
  readonly width: number
  readonly height: number
  /** Whether it has a segment of the kind in which EXIF says how the picture is turned. */
  readonly mayBeTurned: boolean
  /** Whether it comes in several scans, all of which are held in memory until the last. */
  readonly progressive: boolean
}

/**
 * The header of a JPEG picture of three components of 8 bits (ITU-T T.81, B.2.2); undefined for anything else, and for
 * headers that are not as they should be.
 */
export function headerOfColourJpeg(bytes: Uint8Array): JpegHeader | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < 4 || view.getUint16(0) !== 0xffd8) return undefined
  let mayBeTurned = false
  // Segments from here on: a marker of two bytes, then their length with its own two bytes.
  for (let at = 2; at + 10 <= bytes.length; at += 2 + view.getUint16(at + 2)) {
    const marker = view.getUint16(at)
    const isFrame = marker >= 0xffc0 && marker <= 0xffc2
    if (isFrame) {
      const [precision, components] = [view.getUint8(at + 4), view.getUint8(at + 9)]
      const [height, width] = [view.getUint16(at + 5), view.getUint16(at + 7)]
      const isColour = precision === 8 && components === 3 && width > 0 && height > 0
      return isColour ? { width, height, mayBeTurned, progressive: marker === 0xffc2 } : undefined
    }
    // Tables, comments and application data may stand before it.
    const isBefore =
      (marker >= 0xffe0 && marker <= 0xffef) || [0xffdb, 0xffc4, 0xffdd, 0xfffe].includes(marker)
    if (!isBefore) return undefined
    mayBeTurned ||= marker === 0xffe1
  }
  return undefined
}
