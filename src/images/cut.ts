/** Pieces of pictures. */
import type { Picture } from './picture.ts'

export interface Rectangle {
  readonly top: number
  readonly left: number
  readonly height: number
  readonly width: number
}

/** A rectangle of a picture; what lies outside is zero. */
export function cut(
  { data, width: from, height: fromHeight }: Picture,
  { top, left, height, width }: Rectangle,
): Picture {
  const out = new Uint8Array(width * height * 3)
  const first = Math.max(0, left)
  const end = Math.min(from, left + width)
  for (let y = 0; y < height; y++) {
    const row = y + top
    if (row < 0 || row >= fromHeight || end <= first) continue
    out.set(data.subarray((row * from + first) * 3, (row * from + end) * 3), (y * width + first - left) * 3)
  }
  return { width, height, data: out }
}
