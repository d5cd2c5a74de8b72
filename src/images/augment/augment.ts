import type { Preprocessing } from '../../architecture/preprocessing.ts'
import type { Picture } from '../picture.ts'
import { croppedPixels } from '../preprocess.ts'
import type { Random } from './random.ts'
import type { Augmentation } from './settings.ts'
export function augment(picture: Picture, a: Augmentation, p: Preprocessing, random: Random): Picture {
  const base = croppedPixels(picture, p)
  if (a.crop.kind !== 'pad') return base
  const pad = a.crop.padding
  const { width, height, data } = base
  const top = random.integer(2 * pad + 1) - pad
  const left = random.integer(2 * pad + 1) - pad
  const flip = random.chance(a.flip)
  const out = new Uint8Array(width * height * 3)
  for (let y = 0; y < height; y++) {
    const from = y + top
    if (from < 0 || from >= height) continue
    for (let x = 0; x < width; x++) {
      const fx = (flip ? width - 1 - x : x) + left
      if (fx < 0 || fx >= width) continue
      const s = (from * width + fx) * 3
      const d = (y * width + x) * 3
      out[d] = data[s] ?? 0
      out[d + 1] = data[s + 1] ?? 0
      out[d + 2] = data[s + 2] ?? 0
    }
  }
  return { width, height, data: out }
}
