/** A labelled set of small pictures that a network learns in seconds: each kind has a colour of its own, in noise. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { randomUniform } from '../src/ops/random-bits.ts'

const kinds = { coral: [230, 110, 90], moss: [90, 140, 70], slate: [100, 110, 150] } as const

export interface SmallPictures {
  /** Pictures of each class. */
  readonly train: number
  readonly test: number
}

/** Writes `train/CLASS/N.png` and `test/CLASS/N.png`, 16 × 16. */
export async function writeSmallPictures(folder: string, counts: SmallPictures): Promise<void> {
  for (const split of ['train', 'test'] as const) {
    for (const [label, colour] of Object.entries(kinds)) {
      const place = join(folder, split, label)
      await mkdir(place, { recursive: true })
      for (let n = 0; n < counts[split]; n++) {
        const path = join(place, `${String(n).padStart(3, '0')}.png`)
        await sharp(noisy(colour, `${split}${label}`.length * 1000 + n), {
          raw: { width: 16, height: 16, channels: 3 },
        })
          .png()
          .toFile(path)
      }
    }
  }
}

function noisy(colour: readonly number[], seed: number): Uint8Array {
  return Uint8Array.from({ length: 16 * 16 * 3 }, (_, i) => {
    const value = (colour[i % 3] ?? 0) + 120 * (randomUniform(seed, i) - 0.5)
    return Math.min(255, Math.max(0, value))
  })
}
