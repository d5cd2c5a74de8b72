/** Pieces of random area and proportions: what is cut out (Inception's crop) or erased. */
import type { Rectangle } from '../cut.ts'
import type { Random } from './random.ts'

export interface PieceRange {
  /** Least and greatest share of the picture's area. */
  readonly area: readonly [number, number]
  /** Least and greatest width as a multiple of the height; wide and tall ones are as likely. */
  readonly ratio: readonly [number, number]
}

const tries = 10

/** A piece that lies in the picture; undefined where ten drawn ones do not fit. */
export function randomPiece(
  { width, height }: { readonly width: number; readonly height: number },
  { area, ratio }: PieceRange,
  random: Random,
): Rectangle | undefined {
  for (let tried = 0; tried < tries; tried++) {
    const pixels = width * height * random.between(...area)
    const proportion = Math.exp(random.between(Math.log(ratio[0]), Math.log(ratio[1])))
    const across = Math.round(Math.sqrt(pixels * proportion))
    const down = Math.round(Math.sqrt(pixels / proportion))
    if (across < 1 || across > width || down < 1 || down > height) continue
    const top = random.integer(height - down + 1)
    const left = random.integer(width - across + 1)
    return { top, left, height: down, width: across }
  }
  return undefined
}
