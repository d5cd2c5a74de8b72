/**
 * The product aᵀ · b of two matrices whose rows are pixels: the gradient of a convolution's weights. Each tile of R rows × a
 * panel of columns stays in registers while pixels run by: `a` gives R neighbouring floats of each (channels of one or more
 * taps, which lie in a row), `b` a panel of filters. Pixels come in lines of equal steps; blocks of lines stay in the
 * second-level cache while all tiles of a thread go over them. A tile belongs to one thread and sums its pixels in their
 * order, so that the result is the same for any number of threads.
 *
 * The fences are those of the convolution's tile; as all rows of the tile share one address, each has its own constant.
 */
import { productPlan } from '../src/engines/wasm/descriptors.ts'
import type { Level } from '../src/engines/wasm/levels.ts'
import { callTile, countDown, multiplyAdd, rowBytes, takeTile, unroll, vectorsOf } from './tiles.ts'
import {
  add,
  type Code,
  field,
  forUnits,
  get,
  int,
  kernel,
  lines,
  load,
  loadVector,
  local,
  loop,
  mul,
  range,
  set,
  storeVector,
  sub,
  when,
} from './wat.ts'

const { unitRows } = productPlan
const d = (name: Parameters<typeof field<'transposedProduct'>>[1]) => field('transposedProduct', name)

/** One pixel: a vector row of `b`, one broadcast float of `a` for each row of sums. */
function pixelStep(rows: number, index: number, level: Level): readonly Code[] {
  const vectors = vectorsOf(level)
  return [
    ...vectors.map((v) => set(`b${v}`, loadVector(get('b'), 16 * v))),
    ...range(rows).flatMap((row) => [
      set('x', `(v128.load32_splat offset=${row * 4} ${get('a')})`),
      ...vectors.map((v) => multiplyAdd(`c${row}${v}`, 'x', `b${v}`, level.relaxed)),
      (row + 1) % level.fenceEvery === 0 || row === rows - 1
        ? `(br_if $out (i32.eq ${get('a')} ${int(2 * (index * rows + row) + 1)}))`
        : '',
    ]),
    set('a', add(get('a'), get('aStep'))),
    set('b', add(get('b'), get('bStep'))),
  ]
}

function tile(rows: number, level: Level): Code {
  const vectors = vectorsOf(level)
  const forSums = (code: (sum: string, offset: number) => Code) =>
    lines(
      range(rows).map((row) =>
        lines(vectors.map((v) => code(`c${row}${v}`, row * rowBytes(level) + 16 * v))),
      ),
    )
  return lines(
    `(func $gradientTile${rows} (param $d i32) (param $aBase i32) (param $bBase i32) (param $c i32) (param $line i32) (param $end i32) (param $fresh i32)`,
    local('i32', 'a', 'b', 'k', 'aStep', 'bStep', 'aLines', 'bLines', 'width'),
    local('v128', ...range(rows).flatMap((row) => vectors.map((v) => `c${row}${v}`))),
    local('v128', ...vectors.map((v) => `b${v}`), 'x'),
    when(
      `(i32.eqz ${get('fresh')})`,
      forSums((sum, offset) => set(sum, loadVector(get('c'), offset))),
    ),
    set('aStep', d('aStep')),
    set('bStep', d('bStep')),
    set('aLines', add(d('aLines'), mul(get('line'), int(4)))),
    set('bLines', add(d('bLines'), mul(get('line'), int(4)))),
    set('width', d('width')),
    '(block $out (loop $lines',
    set('a', add(get('aBase'), load(get('aLines')))),
    set('b', add(get('bBase'), load(get('bLines')))),
    countDown('fours', `(i32.shr_u ${get('width')} (i32.const 2))`, [
      ...range(unroll).flatMap((index) => pixelStep(rows, index, level)),
    ]),
    countDown('ones', `(i32.and ${get('width')} (i32.const 3))`, pixelStep(rows, unroll, level)),
    set('aLines', add(get('aLines'), int(4))),
    set('bLines', add(get('bLines'), int(4))),
    `(br_if $lines (i32.lt_s (local.tee $line ${add(get('line'), int(1))}) ${get('end')}))))`,
    forSums((sum, offset) => storeVector(get('c'), get(sum), offset)),
    ')',
  )
}

/** Rows `row` to `endRow` in tiles over one block of lines; a tail of up to two tiles is halved. */
function rowTiles(level: Level): Code {
  const { rows } = level
  return lines(
    '(func $gradientTiles (param $d i32) (param $a i32) (param $b i32) (param $c i32) (param $rows i32) (param $line i32) (param $end i32) (param $fresh i32)',
    local('i32', 'left'),
    '(loop $next',
    takeTile(get('rows'), rows),
    callTile('gradientTile', rows, ['d', 'a', 'b', 'c', 'line', 'end', 'fresh']),
    set('a', add(get('a'), mul(get('left'), int(4)))),
    set('c', add(get('c'), mul(get('left'), int(rowBytes(level))))),
    `(br_if $next (local.tee $rows ${sub(get('rows'), get('left'))}))))`,
  )
}

/** Units are panels of groups of rows of segments of places, the panels innermost. */
const decodeUnit: Code = lines(
  set('panel', `(i32.rem_u ${get('unit')} ${d('panels')})`),
  set('rest', `(i32.div_u ${get('unit')} ${d('panels')})`),
  set('row', mul(`(i32.rem_u ${get('rest')} ${d('groups')})`, int(unitRows))),
  set('rest', `(i32.div_u ${get('rest')} ${d('groups')})`),
  set('segment', `(i32.rem_u ${get('rest')} ${d('segmentCount')})`),
  set('place', `(i32.div_u ${get('rest')} ${d('segmentCount')})`),
  set('rows', sub(d('segmentLength'), get('row'))),
  when(`(i32.gt_s ${get('rows')} ${int(unitRows)})`, set('rows', int(unitRows))),
)

function product(level: Level): Code {
  const bytes = rowBytes(level)
  const a = add(
    add(d('aBase'), mul(get('place'), d('aPlace'))),
    add(load(add(d('segments'), mul(get('segment'), int(4)))), mul(get('row'), int(4))),
  )
  const b = add(add(d('bBase'), mul(get('place'), d('bPlace'))), mul(get('panel'), int(bytes)))
  const c = add(
    add(add(d('cBase'), mul(get('place'), d('cPlace'))), mul(get('panel'), d('cPanel'))),
    mul(add(mul(get('segment'), d('segmentLength')), get('row')), int(bytes)),
  )
  return kernel(
    'transposedProduct',
    local('i32', 'unit', 'line', 'end', 'fresh', 'panel', 'rest', 'row', 'rows', 'segment', 'place'),
    loop(
      'line',
      int(0),
      d('lines'),
      d('blockLines'),
      lines(
        set('end', add(get('line'), d('blockLines'))),
        when(`(i32.gt_s ${get('end')} ${d('lines')})`, set('end', d('lines'))),
        set('fresh', `(i32.and (i32.eqz ${get('line')}) (i32.eqz ${d('accumulate')}))`),
        forUnits(
          lines(
            decodeUnit,
            `(call $gradientTiles ${get('d')} ${a} ${b} ${c} ${['rows', 'line', 'end', 'fresh'].map(get).join(' ')})`,
          ),
        ),
      ),
    ),
  )
}

export function weightGradient(level: Level): Code {
  return lines(
    range(level.rows).map((row) => tile(row + 1, level)),
    rowTiles(level),
    product(level),
  )
}
