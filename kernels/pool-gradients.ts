/** Gradients of pools: each window hands its gradient to the cells that it saw. */
import type { Field } from '../src/engines/wasm/descriptors.ts'
import {
  add,
  addVectors,
  bytesOfFloats,
  type Code,
  field,
  forUnits,
  forVectors,
  get,
  int,
  kernel,
  lines,
  loadVector,
  local,
  loop,
  mul,
  readFields,
  set,
  splat,
  storeVector,
  sub,
  vector,
  when,
} from './wat.ts'
import { clip } from './windows.ts'

const pointer = (image: Code, row: Code, column: Code) =>
  add(add(get(image), row), add(mul(column, get('bytes')), get('c')))

/**
 * Windows in their order hand their gradients to the cells that they saw; an image belongs to one thread, so no two write to
 * one cell. `give` acts on a window whose clipped bounds are in locals, with its gradient in `gradient`.
 */
function poolGradient(name: string, give: Code): Code {
  const fields = readFields('poolGradient', [
    'height',
    'width',
    'channels',
    'xHeight',
    'xWidth',
    'kernelHeight',
    'kernelWidth',
    'xRow',
    'dyRow',
    'dxRow',
  ])
  const d = (name: Field<'poolGradient'>) => field('poolGradient', name)
  const imageOf = (base: Field<'poolGradient'>, image: Field<'poolGradient'>) =>
    add(d(base), mul(get('unit'), d(image)))
  return kernel(
    name,
    lines(
      fields.locals,
      local('i32', 'unit', 'r', 'q', 'c', 'i', 'j', 'cell', 'bytes', 'x', 'dy', 'dx'),
      local('i32', 'rowStart', 'columnStart', 'firstRow', 'endRow', 'firstColumn', 'endColumn'),
      local('v128', 'gradient', 'best', 'at', 'value', 'better'),
    ),
    lines(
      fields.code,
      set('bytes', bytesOfFloats(get('channels'))),
      forUnits(
        lines(
          set('x', imageOf('xBase', 'xImage')),
          set('dy', imageOf('dyBase', 'dyImage')),
          set('dx', imageOf('dxBase', 'dxImage')),
          loop(
            'r',
            int(0),
            get('xHeight'),
            int(1),
            `(memory.fill ${add(get('dx'), mul(get('r'), get('dxRow')))} ${int(0)} ${mul(get('xWidth'), get('bytes'))})`,
          ),
          loop(
            'r',
            int(0),
            get('height'),
            int(1),
            lines(
              set('rowStart', sub(mul(get('r'), d('strideDown')), d('top'))),
              clip('firstRow', 'endRow', 'rowStart', get('kernelHeight'), get('xHeight')),
              loop(
                'q',
                int(0),
                get('width'),
                int(1),
                lines(
                  set('columnStart', sub(mul(get('q'), d('strideAcross')), d('left'))),
                  clip('firstColumn', 'endColumn', 'columnStart', get('kernelWidth'), get('xWidth')),
                  forVectors(
                    'c',
                    lines(
                      set('gradient', loadVector(pointer('dy', mul(get('r'), get('dyRow')), get('q')))),
                      give,
                    ),
                  ),
                ),
              ),
            ),
          ),
        ),
      ),
    ),
  )
}

const cellOf = (image: 'x' | 'dx') => pointer(image, mul(get('i'), get(`${image}Row`)), get('j'))
const forCells = (body: Code): Code =>
  loop(
    'i',
    get('firstRow'),
    get('endRow'),
    int(1),
    loop(
      'j',
      get('firstColumn'),
      get('endColumn'),
      int(1),
      lines(body, set('cell', add(get('cell'), int(1)))),
    ),
  )

/** To the window's first greatest cell; `swallow` takes away what padding won. */
const toGreatest = (swallow: Code): Code =>
  lines(
    set('i', get('firstRow')),
    set('j', get('firstColumn')),
    set('best', loadVector(cellOf('x'))),
    set('at', '(v128.const i32x4 0 0 0 0)'),
    set('cell', int(0)),
    forCells(
      lines(
        set('value', loadVector(cellOf('x'))),
        set('better', `(f32x4.gt ${get('value')} ${get('best')})`),
        set('best', `(v128.bitselect ${get('value')} ${get('best')} ${get('better')})`),
        set('at', `(v128.bitselect (i32x4.splat ${get('cell')}) ${get('at')} ${get('better')})`),
      ),
    ),
    swallow,
    set('cell', int(0)),
    forCells(
      storeVector(
        cellOf('dx'),
        addVectors(
          loadVector(cellOf('dx')),
          `(v128.and ${get('gradient')} (i32x4.eq ${get('at')} (i32x4.splat ${get('cell')})))`,
        ),
      ),
    ),
  )

const cells = mul(sub(get('endRow'), get('firstRow')), sub(get('endColumn'), get('firstColumn')))
const windowSize = mul(get('kernelHeight'), get('kernelWidth'))
const whereClipped = (code: Code): Code => when(`(i32.lt_s ${cells} ${windowSize})`, code)

const evenly: Code = lines(
  set(
    'gradient',
    `(f32x4.div ${get('gradient')} ${splat(`(f32.convert_i32_s (select ${windowSize} ${cells} ${field('poolGradient', 'countPadding')}))`)})`,
  ),
  forCells(storeVector(cellOf('dx'), addVectors(loadVector(cellOf('dx')), get('gradient')))),
)

export const poolGradients: Code = lines(
  poolGradient('maxPoolGradient', toGreatest('')),
  poolGradient(
    'maxPoolOverZerosGradient',
    toGreatest(
      whereClipped(
        set('gradient', `(v128.andnot ${get('gradient')} (f32x4.lt ${get('best')} ${vector(0)}))`),
      ),
    ),
  ),
  poolGradient('averagePoolGradient', evenly),
)
