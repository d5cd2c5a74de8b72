/**
 * The kernel of convolutions and linear layers: a tile of output pixels × filters kept in registers while the input runs
 * by. A pixel's inputs are `segmentCount` runs of `segmentLength` floats (a 3×3 over channels-last rows: three runs of 3·C),
 * so neither patches are copied nor borders tested. Filters come in panels as wide as a tile, packed in the order of use.
 * The epilogue adds the bias (it is what the sums start from) and a residual, and activates.
 *
 * V8's optimising compiler moves the multiply-adds of a basic block to its end and spills every load to the stack. So each
 * row of the tile ends its block by a branch that is never taken: an address is a multiple of 4, the constant is odd.
 */
import type { Field } from '../src/engines/wasm/descriptors.ts'
import { pitchStep } from '../src/engines/wasm/layout.ts'
import type { Level } from '../src/engines/wasm/levels.ts'
import { advance, callTile, countDown, rowBytes, step, takeTile, unroll, vectorsOf } from './tiles.ts'
import {
  add,
  addVectors,
  type Code,
  field,
  get,
  int,
  lines,
  load,
  loadVector,
  local,
  mul,
  range,
  set,
  storeVector,
  when,
} from './wat.ts'

const d = (name: Field<'convolution'>) => field('convolution', name)

function tile(rows: number, level: Level): Code {
  const vectors = vectorsOf(level)
  const sums = range(rows).flatMap((row) => vectors.map((v) => `c${row}${v}`))
  const forRows = (code: (row: number) => Code) => lines(range(rows).map(code))
  const forVectors = (code: (v: number) => Code) => lines(vectors.map(code))
  const tableEntry = (row: number) => load(get('t'), row * 4)
  return lines(
    `(func $tile${rows} (param $d i32) (param $m i32) (param $n i32)`,
    local('i32', 'b', 's', 'k', 'segment', 'p', 'q', 't'),
    local('i32', ...range(rows).flatMap((row) => [`a${row}`, `w${row}`])),
    local('v128', ...sums, ...vectors.map((v) => `b${v}`), 'x', 'zero', 'six'),
    set('p', add(d('bias'), mul(get('n'), int(rowBytes(level))))),
    forRows((row) => forVectors((v) => set(`c${row}${v}`, loadVector(get('p'), 16 * v)))),
    set('b', add(d('panels'), mul(get('n'), d('panelBytes')))),
    set('t', add(d('xTable'), mul(get('m'), int(4)))),
    set('q', add(d('xBase'), load(add(d('panelOffsets'), mul(get('n'), int(4)))))),
    forRows((row) => set(`w${row}`, add(get('q'), tableEntry(row)))),
    set('segment', d('segments')),
    set('s', d('segmentCount')),
    '(block $out (loop $segments',
    set('q', load(get('segment'))),
    forRows((row) => set(`a${row}`, add(get(`w${row}`), get('q')))),
    countDown('fours', `(i32.shr_u ${d('segmentLength')} (i32.const 2))`, [
      ...range(unroll).flatMap((offset) => step(rows, offset, 4 * offset + 1, level)),
      ...advance(rows, unroll, level),
    ]),
    countDown('ones', `(i32.and ${d('segmentLength')} (i32.const 3))`, [
      ...step(rows, 0, 4 * unroll + 1, level),
      ...advance(rows, 1, level),
    ]),
    set('segment', add(get('segment'), int(4))),
    `(br_if $segments (local.tee $s (i32.sub ${get('s')} ${int(1)})))))`,
    set('n', mul(get('n'), int(rowBytes(level)))),
    // Pixels are multiples of 8 floats: of a panel twice as wide, the last one may have only its first half to write.
    range(level.columns / pitchStep).map((half) => {
      const finished = finish(rows, [2 * half, 2 * half + 1])
      const begins = add(get('n'), int(half * pitchStep * 4))
      return half === 0 ? finished : when(`(i32.lt_u ${begins} ${d('pixelBytes')})`, finished)
    }),
    ')',
  )
}

/** The epilogue of some of each row's vectors: residual, activation, and out. */
function finish(rows: number, vectors: readonly number[]): Code {
  const sums = range(rows).flatMap((row) => vectors.map((v) => `c${row}${v}`))
  const forRows = (base: Field<'convolution'>, table: Field<'convolution'>, code: (row: number) => Code) =>
    lines(
      set('t', add(d(table), mul(get('m'), int(4)))),
      set('q', add(d(base), get('n'))),
      range(rows).map((row) => lines(set('p', add(get('q'), load(get('t'), row * 4))), code(row))),
    )
  return lines(
    when(
      d('sumBase'),
      forRows('sumBase', 'sumTable', (row) =>
        lines(
          vectors.map((v) =>
            set(`c${row}${v}`, addVectors(get(`c${row}${v}`), loadVector(get('p'), 16 * v))),
          ),
        ),
      ),
    ),
    // pmax(x, 0) is one instruction in V8, where max is several.
    when(d('activation'), lines(sums.map((sum) => set(sum, `(f32x4.pmax ${get(sum)} ${get('zero')})`)))),
    when(
      `(i32.eq ${d('activation')} ${int(2)})`,
      lines(
        set('six', '(v128.const f32x4 6 6 6 6)'),
        sums.map((sum) => set(sum, `(f32x4.pmin ${get(sum)} ${get('six')})`)),
      ),
    ),
    forRows('yBase', 'yTable', (row) =>
      lines(vectors.map((v) => storeVector(get('p'), get(`c${row}${v}`), 16 * v))),
    ),
  )
}

/** Pixels m to `end` of one panel in tiles; a tail of up to two tiles is halved, so that no tile is thin. */
function pixelTiles(rows: number): Code {
  return lines(
    '(func $pixels (param $d i32) (param $m i32) (param $end i32) (param $n i32)',
    local('i32', 'left'),
    '(loop $next',
    takeTile(`(i32.sub ${get('end')} ${get('m')})`, rows),
    callTile('tile', rows, ['d', 'm', 'n']),
    set('m', add(get('m'), get('left'))),
    `(br_if $next (i32.lt_s ${get('m')} ${get('end')}))))`,
  )
}

/** Blocks of 48 pixels, and all panels within: the pixels stay in the first-level cache, the weights stream by. */
const blocked = lines(
  '(func $convolve (param $d i32) (param $m0 i32) (param $m1 i32) (param $n0 i32) (param $n1 i32)',
  local('i32', 'end', 'n'),
  `(if (i32.or (i32.ge_s ${get('m0')} ${get('m1')}) (i32.ge_s ${get('n0')} ${get('n1')})) (then (return)))`,
  '(loop $blocks',
  set('end', add(get('m0'), int(48))),
  when(`(i32.gt_s ${get('end')} ${get('m1')})`, set('end', get('m1'))),
  set('n', get('n0')),
  '(loop $panels',
  `(call $pixels ${get('d')} ${get('m0')} ${get('end')} ${get('n')})`,
  `(br_if $panels (i32.lt_s (local.tee $n ${add(get('n'), int(1))}) ${get('n1')})))`,
  `(br_if $blocks (i32.lt_s (local.tee $m0 ${get('end')}) ${get('m1')}))))`,
)

/** `convolutionByPixels` shares out the output's pixels, `convolutionByPanels` its filters. */
export function convolution(level: Level): Code {
  return lines(
    range(level.rows).map((row) => tile(row + 1, level)),
    pixelTiles(level.rows),
    blocked,
    '(func (export "convolutionByPixels") (param $d i32) (param $from i32) (param $to i32)',
    `(call $convolve ${get('d')} ${get('from')} ${get('to')} ${int(0)} ${d('panelCount')}))`,
    '(func (export "convolutionByPanels") (param $d i32) (param $from i32) (param $to i32)',
    `(call $convolve ${get('d')} ${int(0)} ${d('pixels')} ${get('from')} ${get('to')}))`,
  )
}
