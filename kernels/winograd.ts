/**
 * Winograd's F(4×4, 3×3) (arXiv:1509.09308, section 4): 4×4 outputs of a 3×3 filter from 6×6 inputs by 36 products where the
 * definition takes 144. Input tiles are transformed (Bᵀ d B), each of the 36 places becomes a matrix product over channels
 * with the transformed filters, and the results are transformed back (Aᵀ m A) with bias, residual sum and activation.
 *
 * Large maps: each thread takes blocks of 24 tiles through all three steps, all in its second-level cache. Small ones: the
 * threads first share out the tiles' transforms, then the filters, so that each reads only its part of the weights.
 */

import { descriptors, fieldOffset, winogradPlan, winogradScratch } from '../src/engines/wasm/descriptors.ts'
import type { Level } from '../src/engines/wasm/levels.ts'
import {
  add,
  addVectors,
  type Code,
  field,
  get,
  int,
  kernel,
  lines,
  loadVector,
  local,
  loop,
  mul,
  range,
  set,
  storeVector,
  sub,
  vector,
  when,
} from './wat.ts'

const { blockTiles, blockFilters, productPlane } = winogradPlan

const d = (name: Parameters<typeof field<'winograd'>>[1]) => field('winograd', name)
export const minus = (a: Code, b: Code) => `(f32x4.sub ${a} ${b})`
export const times = (factor: number, x: Code) => `(f32x4.mul ${vector(factor)} ${x})`

/** y = Bᵀ x for six vectors; statements that set y0..y5 from x0..x5. */
const inputTransform: Code = lines(
  set('e', minus(get('x4'), times(4, get('x2')))),
  set('o', minus(get('x3'), times(4, get('x1')))),
  set('y1', addVectors(get('e'), get('o'))),
  set('y2', minus(get('e'), get('o'))),
  set('e', minus(get('x4'), get('x2'))),
  set('o', times(2, minus(get('x3'), get('x1')))),
  set('y3', addVectors(get('e'), get('o'))),
  set('y4', minus(get('e'), get('o'))),
  set('y0', addVectors(minus(times(4, get('x0')), times(5, get('x2'))), get('x4'))),
  set('y5', addVectors(minus(times(4, get('x1')), times(5, get('x3'))), get('x5'))),
)

/** y = Aᵀ x: four vectors from six. */
const outputTransform: Code = lines(
  set('e', addVectors(get('x1'), get('x2'))),
  set('o', minus(get('x1'), get('x2'))),
  set('y4', addVectors(get('x3'), get('x4'))),
  set('y5', minus(get('x3'), get('x4'))),
  set('y0', addVectors(addVectors(get('x0'), get('e')), get('y4'))),
  set('y1', addVectors(get('o'), times(2, get('y5')))),
  set('y2', addVectors(get('e'), times(4, get('y4')))),
  set('y3', addVectors(addVectors(get('o'), times(8, get('y5'))), get('x5'))),
)

const vectorLocals = local('v128', ...range(6).flatMap((i) => [`x${i}`, `y${i}`]), 'e', 'o')
const threadScratch = add(d('scratch'), mul('(global.get $thread)', d('scratchBytes')))

/** Splits tile `tile` into image `n` and its place `tileRow`, `tileColumn`. */
const splitTile: Code = lines(
  set('n', `(i32.div_u ${get('tile')} ${d('tilesPerImage')})`),
  set('tileRow', `(i32.div_u (i32.rem_u ${get('tile')} ${d('tilesPerImage')}) ${d('tilesAcross')})`),
  set('tileColumn', `(i32.rem_u (i32.rem_u ${get('tile')} ${d('tilesPerImage')}) ${d('tilesAcross')})`),
)

/**
 * Transforms tiles of `size` × `size` pixels, `from`..`to` - 1, into 36 places each; tile `from` becomes row 0 of the planes
 * at `v`. `one` sets y0..y5 from x0..x`size - 1`.
 */
export function transformTiles(name: string, size: number, one: Code): Code {
  return lines(
    `(func $${name} (param $d i32) (param $from i32) (param $to i32) (param $v i32) (param $plane i32) (param $scratch i32)`,
    local('i32', 'tile', 'n', 'tileRow', 'tileColumn', 'c', 'p', 'q', 'row', 'pixel', 'bytes', 'out'),
    vectorLocals,
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
          int(16),
          lines(
            // Columns of the tile first, by way of memory: 36 vectors are more than there are registers.
            range(size).map((column) =>
              lines(
                set('q', add(add(get('p'), get('c')), mul(get('pixel'), int(column)))),
                range(size).map((row) =>
                  lines(
                    set(`x${row}`, loadVector(get('q'))),
                    row < size - 1 ? set('q', add(get('q'), get('row'))) : '',
                  ),
                ),
                one,
                range(6).map((row) => storeVector(get('scratch'), get(`y${row}`), (row * 6 + column) * 16)),
              ),
            ),
            set('q', add(get('out'), get('c'))),
            range(6).map((row) =>
              lines(
                range(size).map((column) =>
                  set(`x${column}`, loadVector(get('scratch'), (row * 6 + column) * 16)),
                ),
                one,
                range(6).map((column) =>
                  lines(storeVector(get('q'), get(`y${column}`)), set('q', add(get('q'), get('plane')))),
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
const finishPixel = (column: number): Code =>
  when(
    `(i32.lt_s (i32.add ${get('firstColumn')} ${int(column)}) ${get('width')})`,
    lines(
      set('x0', addVectors(get(`y${column}`), get('bias'))),
      when(
        get('sum'),
        set('x0', addVectors(get('x0'), loadVector(add(get('sumAt'), mul(d('sumPixelBytes'), int(column)))))),
      ),
      when(get('activation'), set('x0', `(f32x4.pmax ${get('x0')} ${vector(0)})`)),
      when(`(i32.eq ${get('activation')} ${int(2)})`, set('x0', `(f32x4.pmin ${get('x0')} ${vector(6)})`)),
      storeVector(add(get('at'), mul(d('pixelBytes'), int(column))), get('x0')),
    ),
  )

/** Transforms the products of tiles `from`..`to` - 1 back into the map: `bytes` of each pixel, from byte `first` on. */
const transformBack: Code = lines(
  '(func $transformBack (param $d i32) (param $from i32) (param $to i32) (param $m i32) (param $plane i32) (param $first i32) (param $bytes i32) (param $scratch i32)',
  local('i32', 'tile', 'n', 'tileRow', 'tileColumn', 'c', 'p', 'q', 'at', 'sum', 'sumAt', 'activation'),
  local('i32', 'width', 'firstColumn', 'row', 'channel'),
  vectorLocals,
  local('v128', 'bias'),
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
        int(16),
        lines(
          set('channel', add(get('first'), get('c'))),
          set('bias', loadVector(add(d('bias'), get('channel')))),
          range(6).map((column) =>
            lines(
              set('q', add(add(get('p'), get('c')), mul(get('plane'), int(column)))),
              range(6).map((row) =>
                lines(
                  set(`x${row}`, loadVector(get('q'))),
                  row < 5 ? set('q', add(get('q'), mul(get('plane'), int(6)))) : '',
                ),
              ),
              outputTransform,
              range(4).map((row) => storeVector(get('scratch'), get(`y${row}`), (row * 6 + column) * 16)),
            ),
          ),
          range(4).map((row) =>
            lines(
              set('row', add(mul(get('tileRow'), int(4)), int(row))),
              when(
                `(i32.lt_s ${get('row')} ${d('height')})`,
                lines(
                  range(6).map((column) =>
                    set(`x${column}`, loadVector(get('scratch'), (row * 6 + column) * 16)),
                  ),
                  outputTransform,
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
                  range(4).map(finishPixel),
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

const setProduct = (name: Parameters<typeof fieldOffset<'convolution'>>[1], value: Code): Code =>
  `(i32.store offset=${fieldOffset('convolution', name)} ${get('product')} ${value})`

/** Products and back-transform of tiles `from`..`to` - 1 (planes at `v`) for the filters of block `block`. */
const multiplyBlock = ({ columns }: Level): Code =>
  lines(
    '(func $multiplyBlock (param $d i32) (param $from i32) (param $to i32) (param $v i32) (param $plane i32) (param $block i32) (param $scratch i32)',
    local('i32', 'panel', 'panels', 'place', 'weights', 'm', 'product', 'panelBytes'),
    set('product', get('scratch')),
    set('panel', mul(get('block'), int(blockFilters / columns))),
    set('panels', sub(d('panelCount'), get('panel'))),
    when(
      `(i32.gt_s ${get('panels')} ${int(blockFilters / columns)})`,
      set('panels', int(blockFilters / columns)),
    ),
    set('panelBytes', mul(d('channels'), int(4 * columns))),
    set('weights', add(d('weights'), mul(mul(get('panel'), get('panelBytes')), int(36)))),
    set('m', add(get('scratch'), int(winogradScratch.products))),
    loop(
      'place',
      int(0),
      int(36),
      int(1),
      lines(
        setProduct('xBase', get('v')),
        setProduct('yBase', get('m')),
        setProduct('panels', get('weights')),
        `(call $convolve ${get('product')} ${int(0)} ${sub(get('to'), get('from'))} ${int(0)} ${get('panels')})`,
        set('v', add(get('v'), get('plane'))),
        set('m', add(get('m'), int(productPlane))),
        set('weights', add(get('weights'), mul(get('panels'), get('panelBytes')))),
      ),
    ),
    `(call $transformBack ${get('d')} ${get('from')} ${get('to')} ${add(get('scratch'), int(winogradScratch.products))} ${int(productPlane)} ${mul(get('panel'), int(4 * columns))} ${mul(get('panels'), int(4 * columns))} ${add(get('scratch'), int(winogradScratch.vectors))})`,
    ')',
  )

const productWords = descriptors.convolution.length
const prepare: Code = lines(
  set('scratch', threadScratch),
  `(memory.copy ${get('scratch')} ${d('product')} ${int(productWords * 4)})`,
)
const endOfBlock = (end: Code) =>
  lines(
    set('end', add(get('first'), int(blockTiles))),
    when(`(i32.gt_s ${get('end')} ${end})`, set('end', end)),
  )

/** Units are blocks of 24 tiles. */
const byTiles = ({ columns }: Level): Code =>
  kernel(
    'winogradByTiles',
    local('i32', 'unit', 'first', 'end', 'block', 'scratch', 'plane', 'v'),
    lines(
      prepare,
      set('plane', add(mul(d('tileBytes'), int(blockTiles)), int(64))),
      set('v', add(get('scratch'), int(winogradScratch.transformed))),
      loop(
        'unit',
        get('from'),
        get('to'),
        int(1),
        lines(
          set('first', mul(get('unit'), int(blockTiles))),
          endOfBlock(d('tiles')),
          `(call $transform ${get('d')} ${get('first')} ${get('end')} ${get('v')} ${get('plane')} ${add(get('scratch'), int(winogradScratch.vectors))})`,
          loop(
            'block',
            int(0),
            `(i32.div_u ${add(mul(d('panelCount'), int(columns)), int(blockFilters - 1))} ${int(blockFilters)})`,
            int(1),
            `(call $multiplyBlock ${get('d')} ${get('first')} ${get('end')} ${get('v')} ${get('plane')} ${get('block')} ${get('scratch')})`,
          ),
        ),
      ),
    ),
  )

/** Units are tiles: their transforms go where all threads see them. */
export const transformShared = (name: string, transform: string): Code =>
  kernel(
    name,
    '',
    `(call $${transform} ${get('d')} ${get('from')} ${get('to')} ${add(d('transformed'), mul(get('from'), d('tileBytes')))} ${d('planeBytes')} ${add(threadScratch, int(winogradScratch.vectors))})`,
  )

/** Units are blocks of 32 filters. */
const byFilters: Code = kernel(
  'winogradByFilters',
  local('i32', 'unit', 'first', 'end', 'scratch'),
  lines(
    prepare,
    loop(
      'unit',
      get('from'),
      get('to'),
      int(1),
      loop(
        'first',
        int(0),
        d('tiles'),
        int(blockTiles),
        lines(
          endOfBlock(d('tiles')),
          `(call $multiplyBlock ${get('d')} ${get('first')} ${get('end')} ${add(d('transformed'), mul(get('first'), d('tileBytes')))} ${d('planeBytes')} ${get('unit')} ${get('scratch')})`,
        ),
      ),
    ),
  ),
)

export const winograd = (level: Level): Code =>
  lines(
    '(global $thread (mut i32) (i32.const 0))',
    '(func (export "setThread") (param $index i32) (global.set $thread (local.get $index)))',
    transformTiles('transform', 6, inputTransform),
    transformBack,
    multiplyBlock(level),
    byTiles(level),
    transformShared('winogradTransform', 'transform'),
    byFilters,
  )
