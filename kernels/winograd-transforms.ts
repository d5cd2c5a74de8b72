/**
 * The transforms of Winograd's F(4×4, 3×3) (arXiv:1509.09308, section 4.2): tiles of a map into 36 places, and products back
 * into a map. Some channels go through at once, side by side.
 */
import { type Field, winogradPlan } from '../src/engines/wasm/descriptors.ts'
import {
  add,
  type Code,
  field,
  get,
  int,
  lines,
  local,
  loop,
  mul,
  range,
  set,
  sub,
  vector,
  when,
} from './wat.ts'
import {
  broadcast,
  getWide,
  greater,
  lesser,
  loadWide,
  minus,
  plus,
  times,
  type Wide,
  type WideCode,
} from './wide.ts'

const { blockFilters } = winogradPlan
const d = (name: Field<'winograd'>) => field('winograd', name)

/**
 * Statements that set y0, y1, ... from x0, x1, ... With 4 as their only constant, V8 keeps it in a register; it makes others
 * anew at each use.
 */
export type Transform = (wide: WideCode) => Code

export const x = (i: number): Wide => getWide(`x${i}`)
export const y = (i: number): Wide => getWide(`y${i}`)
export const [e, o] = [getWide('e'), getWide('o')]

/** y = Bᵀ x: six vectors from six. */
export const inputTransform: Transform = ({ set }) =>
  lines(
    set('e', minus(x(4), times(4, x(2)))),
    set('o', minus(x(3), times(4, x(1)))),
    set('y1', plus(e, o)),
    set('y2', minus(e, o)),
    set('e', minus(x(4), x(2))),
    set('o', minus(x(3), x(1))),
    set('o', plus(o, o)),
    set('y3', plus(e, o)),
    set('y4', minus(e, o)),
    set('y0', plus(times(4, minus(x(0), x(2))), e)),
    set('y5', minus(minus(x(5), x(3)), plus(o, o))),
  )

/** y = Aᵀ x: four vectors from six. */
const outputTransform: Transform = ({ set }) =>
  lines(
    set('e', plus(x(1), x(2))),
    set('o', minus(x(1), x(2))),
    set('y4', plus(x(3), x(4))),
    set('y5', minus(x(3), x(4))),
    set('y5', plus(y(5), y(5))),
    set('y0', plus(plus(x(0), e), y(4))),
    set('y1', plus(o, y(5))),
    set('y2', plus(e, times(4, y(4)))),
    set('y3', plus(plus(o, times(4, y(5))), x(5))),
  )

/** Names of the vectors that transforms use. */
export const vectorNames = [...range(6).flatMap((i) => [`x${i}`, `y${i}`]), 'e', 'o']

/** Where the square of a tile's vectors, in the thread's scratch between columns and rows, keeps one of them. */
const square = (row: number, column: number, { bytes }: WideCode) => (row * 6 + column) * bytes

/** Splits tile `tile` into image `n` and its place `tileRow`, `tileColumn`. */
const splitTile: Code = lines(
  set('n', `(i32.div_u ${get('tile')} ${d('tilesPerImage')})`),
  set('tileRow', `(i32.div_u (i32.rem_u ${get('tile')} ${d('tilesPerImage')}) ${d('tilesAcross')})`),
  set('tileColumn', `(i32.rem_u (i32.rem_u ${get('tile')} ${d('tilesPerImage')}) ${d('tilesAcross')})`),
)

/**
 * Transforms tiles of `size` × `size` pixels, `from`..`to` - 1, into 36 places each; tile `from` becomes row 0 of the planes
 * at `v`. `transform` sets y0..y5 from x0..x`size - 1`.
 */
export function transformTiles(name: string, size: number, transform: Transform, wide: WideCode): Code {
  return lines(
    `(func $${name} (param $d i32) (param $from i32) (param $to i32) (param $v i32) (param $plane i32) (param $scratch i32)`,
    local('i32', 'tile', 'n', 'tileRow', 'tileColumn', 'c', 'p', 'q', 'row', 'pixel', 'bytes', 'out'),
    wide.local(...vectorNames),
    set('pixel', d('xPixelBytes')),
    set('bytes', mul(d('channels'), int(4))),
    set('row', d('xRow')),
    loop(
      'tile',
      get('from'),
      get('to'),
      int(1),
      lines(
        splitTile,
        set(
          'p',
          add(
            add(d('xBase'), mul(get('n'), d('xImage'))),
            add(
              mul(mul(get('tileRow'), int(4)), get('row')),
              mul(mul(get('tileColumn'), int(4)), get('pixel')),
            ),
          ),
        ),
        set('out', add(get('v'), mul(sub(get('tile'), get('from')), d('tileBytes')))),
        loop(
          'c',
          int(0),
          get('bytes'),
          int(wide.bytes),
          lines(
            // Columns of the tile first, by way of memory: 36 vectors are more than there are registers.
            range(size).map((column) =>
              lines(
                set('q', add(add(get('p'), get('c')), mul(get('pixel'), int(column)))),
                range(size).map((row) =>
                  lines(
                    wide.set(`x${row}`, loadWide(get('q'))),
                    row < size - 1 ? set('q', add(get('q'), get('row'))) : '',
                  ),
                ),
                transform(wide),
                range(6).map((row) =>
                  wide.store(get('scratch'), getWide(`y${row}`), square(row, column, wide)),
                ),
              ),
            ),
            set('q', add(get('out'), get('c'))),
            range(6).map((row) =>
              lines(
                range(size).map((column) =>
                  wide.set(`x${column}`, loadWide(get('scratch'), square(row, column, wide))),
                ),
                transform(wide),
                range(6).map((column) =>
                  lines(wide.store(get('q'), getWide(`y${column}`)), set('q', add(get('q'), get('plane')))),
                ),
              ),
            ),
          ),
        ),
      ),
    ),
    ')',
  )
}

/** One output pixel: bias, residual, activation, and out, unless it lies over the edge. */
function finishPixel(column: number, wide: WideCode): Code {
  const x = getWide('x0')
  return when(
    `(i32.lt_s (i32.add ${get('firstColumn')} ${int(column)}) ${get('width')})`,
    lines(
      wide.set('x0', plus(getWide(`y${column}`), getWide('bias'))),
      when(
        get('sum'),
        lines(
          set('q', add(get('sumAt'), mul(d('sumPixelBytes'), int(column)))),
          wide.set('x0', plus(x, loadWide(get('q')))),
        ),
      ),
      when(get('activation'), wide.set('x0', greater(x, broadcast(vector(0))))),
      when(`(i32.eq ${get('activation')} ${int(2)})`, wide.set('x0', lesser(x, broadcast(vector(6))))),
      set('q', add(get('at'), mul(d('pixelBytes'), int(column)))),
      wide.store(get('q'), x),
    ),
  )
}

/** Transforms the products of tiles `from`..`to` - 1 back into the map: `bytes` of each pixel, from byte `first` on. */
export const transformBack = (wide: WideCode): Code =>
  lines(
    '(func $transformBack (param $d i32) (param $from i32) (param $to i32) (param $m i32) (param $plane i32) (param $first i32) (param $bytes i32) (param $scratch i32)',
    local('i32', 'tile', 'n', 'tileRow', 'tileColumn', 'c', 'p', 'q', 'at', 'sum', 'sumAt', 'activation'),
    local('i32', 'width', 'firstColumn', 'row', 'channel'),
    wide.local(...vectorNames, 'bias'),
    set('sum', d('sumBase')),
    set('activation', d('activation')),
    set('width', d('width')),
    loop(
      'tile',
      get('from'),
      get('to'),
      int(1),
      lines(
        splitTile,
        set('p', add(get('m'), mul(sub(get('tile'), get('from')), int(blockFilters * 4)))),
        set('firstColumn', mul(get('tileColumn'), int(4))),
        loop(
          'c',
          int(0),
          get('bytes'),
          int(wide.bytes),
          lines(
            set('channel', add(get('first'), get('c'))),
            set('q', add(d('bias'), get('channel'))),
            wide.set('bias', loadWide(get('q'))),
            range(6).map((column) =>
              lines(
                set('q', add(add(get('p'), get('c')), mul(get('plane'), int(column)))),
                range(6).map((row) =>
                  lines(
                    wide.set(`x${row}`, loadWide(get('q'))),
                    row < 5 ? set('q', add(get('q'), mul(get('plane'), int(6)))) : '',
                  ),
                ),
                outputTransform(wide),
                range(4).map((row) =>
                  wide.store(get('scratch'), getWide(`y${row}`), square(row, column, wide)),
                ),
              ),
            ),
            range(4).map((row) =>
              lines(
                set('row', add(mul(get('tileRow'), int(4)), int(row))),
                when(
                  `(i32.lt_s ${get('row')} ${d('height')})`,
                  lines(
                    range(6).map((column) =>
                      wide.set(`x${column}`, loadWide(get('scratch'), square(row, column, wide))),
                    ),
                    outputTransform(wide),
                    set(
                      'at',
                      add(
                        add(add(d('yBase'), mul(get('n'), d('yImage'))), mul(get('row'), d('yRow'))),
                        add(mul(get('firstColumn'), d('pixelBytes')), get('channel')),
                      ),
                    ),
                    set(
                      'sumAt',
                      add(
                        add(add(get('sum'), mul(get('n'), d('sumImage'))), mul(get('row'), d('sumRow'))),
                        add(mul(get('firstColumn'), d('sumPixelBytes')), get('channel')),
                      ),
                    ),
                    range(4).map((column) => finishPixel(column, wide)),
                  ),
                ),
              ),
            ),
          ),
        ),
      ),
    ),
    ')',
  )
