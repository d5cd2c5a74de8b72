/**
 * Winograd's F(4×4, 3×3) (arXiv:1509.09308, section 4): 4×4 outputs of a 3×3 filter from 6×6 inputs by 36 products where the
 * definition takes 144. Input tiles are transformed (Bᵀ d B), each of the 36 places becomes a matrix product over channels
 * with the transformed filters, and the results are transformed back (Aᵀ m A) with bias, residual sum and activation.
 *
 * Large maps: each thread takes blocks of 24 tiles through all three steps, all in its second-level cache. Small ones: the
 * threads first share out the tiles' transforms, then the filters, so that each reads only its part of the weights.
 */

import { type Field, winogradPlan, winogradScratch } from '../src/engines/wasm/descriptors.ts'
import { pitchStep } from '../src/engines/wasm/layout.ts'
import type { Level } from '../src/engines/wasm/levels.ts'
import { placeProduct } from './place-product.ts'
import { add, type Code, field, get, int, kernel, lines, local, loop, mul, set, sub, when } from './wat.ts'
import { type WideCode, wideCode } from './wide.ts'
import { inputTransform, transformBack, transformTiles } from './winograd-transforms.ts'

const { blockTiles, blockFilters, productPlane } = winogradPlan

const d = (name: Field<'winograd'>) => field('winograd', name)
const threadScratch = add(d('scratch'), mul('(global.get $thread)', d('scratchBytes')))

/** Products and back-transform of tiles `from`..`to` - 1 (planes at `v`) for the filters of block `block`. */
const multiplyBlock = ({ columns }: Level): Code =>
  lines(
    '(func $multiplyBlock (param $d i32) (param $from i32) (param $to i32) (param $v i32) (param $plane i32) (param $block i32) (param $scratch i32)',
    local('i32', 'panels', 'n', 'place', 'weights', 'm', 'panelBytes', 'first', 'bytes', 'channels', 'step'),
    set('channels', d('channels')),
    set('step', d('tileBytes')),
    set('n', mul(get('block'), int(blockFilters / columns))),
    set('panels', sub(d('panelCount'), get('n'))),
    when(
      `(i32.gt_s ${get('panels')} ${int(blockFilters / columns)})`,
      set('panels', int(blockFilters / columns)),
    ),
    set('panelBytes', mul(get('channels'), int(4 * columns))),
    set('weights', add(d('weights'), mul(mul(get('n'), get('panelBytes')), int(36)))),
    set('m', add(get('scratch'), int(winogradScratch.products))),
    loop(
      'place',
      int(0),
      int(36),
      int(1),
      lines(
        loop(
          'n',
          int(0),
          get('panels'),
          int(1),
          lines(
            `(call $placeProduct ${get('v')} ${get('step')} ${get('weights')} ${get('channels')} ${add(get('m'), mul(get('n'), int(4 * columns)))} ${sub(get('to'), get('from'))})`,
            set('weights', add(get('weights'), get('panelBytes'))),
          ),
        ),
        set('v', add(get('v'), get('plane'))),
        set('m', add(get('m'), int(productPlane))),
      ),
    ),
    set('first', mul(get('block'), int(blockFilters * 4))),
    set('bytes', sub(d('pixelBytes'), get('first'))),
    when(`(i32.gt_s ${get('bytes')} ${int(blockFilters * 4)})`, set('bytes', int(blockFilters * 4))),
    `(call $transformBack ${get('d')} ${get('from')} ${get('to')} ${add(get('scratch'), int(winogradScratch.products))} ${int(productPlane)} ${get('first')} ${get('bytes')} ${add(get('scratch'), int(winogradScratch.vectors))})`,
    ')',
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
      set('scratch', threadScratch),
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
    set('scratch', threadScratch),
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

/** Vectors that go through the transforms side by side: pairs where V8 fuses them. */
export const transformWidth = ({ columns }: Level): WideCode => wideCode(columns / pitchStep)

export function winograd(level: Level): Code {
  const wide = transformWidth(level)
  return lines(
    '(global $thread (mut i32) (i32.const 0))',
    '(func (export "setThread") (param $index i32) (global.set $thread (local.get $index)))',
    transformTiles('transform', 6, inputTransform, wide),
    transformBack(wide),
    placeProduct(level),
    multiplyBlock(level),
    byTiles(level),
    transformShared('winogradTransform', 'transform'),
    byFilters,
  )
}
