/** What the tiles of matrix products have in common: their width, their multiply-adds, their counted loops. */
import type { Level } from '../src/engines/wasm/levels.ts'
import { type Code, get, int, lines, range, set, when } from './wat.ts'

/** Bytes of a panel's floats for one input channel, or of one pixel's sums. */
export const rowBytes = ({ columns }: Level): number => 4 * columns
/** Numbers of the vectors that make up a row of a tile. */
export const vectorsOf = ({ columns }: Level): readonly number[] => range(columns / 4)

export function multiplyAdd(sum: string, x: string, b: string, relaxed: boolean): Code {
  const value = relaxed
    ? `(f32x4.relaxed_madd ${get(x)} ${get(b)} ${get(sum)})`
    : `(f32x4.add ${get(sum)} (f32x4.mul ${get(x)} ${get(b)}))`
  return set(sum, value)
}

/** Loops `k` down from a count of steps; nothing when it is 0. */
export function countDown(label: string, count: Code, body: readonly Code[]): Code {
  const again = `(br_if $${label} (local.tee $k (i32.sub ${get('k')} ${int(1)})))`
  return lines(set('k', count), when(get('k'), lines(`(loop $${label}`, body, again, ')')))
}
