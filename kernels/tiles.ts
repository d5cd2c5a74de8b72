/** What the tiles of matrix products have in common: their width, their multiply-adds, their counted loops. */
import type { Level } from '../src/engines/wasm/levels.ts'
import { add, type Code, get, int, lines, loadVector, range, set, when } from './wat.ts'

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

/** Channels that a tile takes before it moves its addresses. */
export const unroll = 4

/** One input channel: a row of weights, one broadcast input for each row of sums. */
export function step(rows: number, offset: number, fence: number, level: Level): readonly Code[] {
  const { relaxed, fenceEvery } = level
  const vectors = vectorsOf(level)
  return [
    ...vectors.map((v) => set(`b${v}`, loadVector(get('b'), offset * rowBytes(level) + 16 * v))),
    ...range(rows).flatMap((row) => [
      set('x', `(v128.load32_splat offset=${offset * 4} ${get(`a${row}`)})`),
      ...vectors.map((v) => multiplyAdd(`c${row}${v}`, 'x', `b${v}`, relaxed)),
      (row + 1) % fenceEvery === 0 || row === rows - 1
        ? `(br_if $out (i32.eq ${get(`a${row}`)} ${int(fence)}))`
        : '',
    ]),
  ]
}

/** Moves the addresses on by so many channels. */
export function advance(rows: number, channels: number, level: Level): readonly Code[] {
  return [
    ...range(rows).map((row) => set(`a${row}`, add(get(`a${row}`), int(channels * 4)))),
    set('b', add(get('b'), int(channels * rowBytes(level)))),
  ]
}

/** Sets `left` to the rows of the next tile: whole ones, and of a tail of up to two the half, so that no tile is thin. */
export function takeTile(count: Code, rows: number): Code {
  const take = (rowsTaken: Code) => set('left', rowsTaken)
  return lines(
    take(count),
    when(
      `(i32.ge_s ${get('left')} ${int(2 * rows)})`,
      take(int(rows)),
      when(
        `(i32.gt_s ${get('left')} ${int(rows)})`,
        take(`(i32.shr_u ${add(get('left'), int(1))} (i32.const 1))`),
      ),
    ),
  )
}

/** Calls the tile of `left` rows, of those called `name` and a number, with these locals. */
export function callTile(name: string, rows: number, given: readonly string[]): Code {
  return lines(
    [...range(rows)]
      .reverse()
      .map((row) =>
        when(
          `(i32.eq ${get('left')} ${int(row + 1)})`,
          `(call $${name}${row + 1} ${given.map(get).join(' ')})`,
        ),
      ),
  )
}
