/**
 * The product of one of Winograd's places: a block of tiles, each a run of channels, by a panel of filters. It is the tile of
 * convolutions with all that a convolution needs around it left out (tables, segments, epilogue), since with 16 channels a
 * product is as short as the way to it.
 */
import { winogradPlan } from '../src/engines/wasm/descriptors.ts'
import type { Level } from '../src/engines/wasm/levels.ts'
import { advance, callTile, countDown, step, takeTile, unroll, vectorsOf } from './tiles.ts'
import { add, type Code, get, int, lines, local, mul, range, set, storeVector, sub } from './wat.ts'

/** Bytes from one tile's sums to the next. */
const sumBytes = winogradPlan.blockFilters * 4

/** Channels are a multiple of 8, so that steps of four leave none. */
function tile(rows: number, level: Level): Code {
  const vectors = vectorsOf(level)
  return lines(
    `(func $placeTile${rows} (param $a i32) (param $step i32) (param $b i32) (param $channels i32) (param $y i32)`,
    local('i32', 'k', ...range(rows).map((row) => `a${row}`)),
    local('v128', ...range(rows).flatMap((row) => vectors.map((v) => `c${row}${v}`))),
    local('v128', ...vectors.map((v) => `b${v}`), 'x'),
    set('a0', get('a')),
    range(rows - 1).map((row) => set(`a${row + 1}`, add(get(`a${row}`), get('step')))),
    '(block $out',
    countDown('fours', `(i32.shr_u ${get('channels')} (i32.const 2))`, [
      ...range(unroll).flatMap((offset) => step(rows, offset, 4 * offset + 1, level)),
      ...advance(rows, unroll, level),
    ]),
    ')',
    range(rows).map((row) =>
      lines(vectors.map((v) => storeVector(get('y'), get(`c${row}${v}`), row * sumBytes + 16 * v))),
    ),
    ')',
  )
}

export function placeProduct(level: Level): Code {
  const { rows } = level
  return lines(
    range(rows).map((row) => tile(row + 1, level)),
    '(func $placeProduct (param $a i32) (param $step i32) (param $b i32) (param $channels i32) (param $y i32) (param $rows i32)',
    local('i32', 'left'),
    '(loop $next',
    takeTile(get('rows'), rows),
    callTile('placeTile', rows, ['a', 'step', 'b', 'channels', 'y']),
    set('a', add(get('a'), mul(get('left'), get('step')))),
    set('y', add(get('y'), mul(get('left'), int(sumBytes)))),
    `(br_if $next (local.tee $rows ${sub(get('rows'), get('left'))}))))`,
  )
}
