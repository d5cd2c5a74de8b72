/** Which way up a picture is kept: EXIF's orientation (CIPA DC-008, 4.6.4), read and applied by ourselves in pages. */
import type { Picture } from './picture.ts'

/** 1 is upright; 2 to 8 are the other ways to turn and mirror a picture. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8

const orientations: readonly Orientation[] = [1, 2, 3, 4, 5, 6, 7, 8]
const orientationTag = 0x112
const shortType = 3
const bytesOfEntry = 12

/** What EXIF data says, with its mark `Exif` before it or without; 1 where it says nothing that is an orientation. */
export function orientationOf(exif: Uint8Array): Orientation {
  const marked = exif[0] === 0x45 && exif[1] === 0x78
  const bytes = marked ? exif.subarray(6) : exif
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < 8) return 1
  const little = bytes[0] === 0x49
  if (view.getUint16(0) !== (little ? 0x4949 : 0x4d4d) || view.getUint16(2, little) !== 42) return 1
  const directory = view.getUint32(4, little)
  if (directory + 2 > bytes.length) return 1
  const count = view.getUint16(directory, little)
  for (let entry = 0; entry < count; entry++) {
    const at = directory + 2 + entry * bytesOfEntry
    if (at + bytesOfEntry > bytes.length) return 1
    if (view.getUint16(at, little) !== orientationTag) continue
    if (view.getUint16(at + 2, little) !== shortType) return 1
    const value = view.getUint16(at + 8, little)
    return orientations.find((known) => known === value) ?? 1
  }
  return 1
}

/** The picture upright. */
export function turned(picture: Picture, orientation: Orientation): Picture {
  if (orientation === 1) return picture
  const swaps = orientation >= 5
  const [width, height] = swaps ? [picture.height, picture.width] : [picture.width, picture.height]
  // From which side the kept picture is read, for each direction of the upright one.
  const fromRight = [2, 3, 7, 8].includes(orientation)
  const fromBottom = [3, 4, 6, 7].includes(orientation)
  const data = new Uint8Array(picture.data.length)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [across, down] = swaps ? [y, x] : [x, y]
      const column = fromRight ? picture.width - 1 - across : across
      const row = fromBottom ? picture.height - 1 - down : down
      const from = (row * picture.width + column) * 3
      const to = (y * width + x) * 3
      data[to] = picture.data[from] ?? 0
      data[to + 1] = picture.data[from + 1] ?? 0
      data[to + 2] = picture.data[from + 2] ?? 0
    }
  }
  return { width, height, data }
}
