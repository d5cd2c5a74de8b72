/**
 * Plain loops over values of any layout: copies, products that repeat dimensions, sums over dimensions. Each operand is told
 * by its steps along image, row, column and channel; a step of 0 repeats. For what is small, or seldom.
 */
import type { Field } from '../src/engines/wasm/descriptors.ts'
import {
  add,
  type Code,
  field,
  forRows,
  get,
  int,
  kernel,
  lines,
  loadFloat,
  local,
  loop,
  mul,
  readFields,
  set,
  storeFloat,
} from './wat.ts'

type Operand = 'a' | 'b' | 'y'

const step = (operand: Operand, axis: 'Base' | 'Image' | 'Row' | 'Column' | 'Channel'): Code => {
  const name: Field<'strided'> = `${operand}${axis}`
  return field('strided', name)
}
const advance = (local: string, by: Code): Code => set(local, add(get(local), by))

/** Each element of y: `compute` leaves it in local `value`, from what locals of the operands' names point to. */
function strided(name: string, operands: readonly Operand[], compute: Code): Code {
  const each = (code: (operand: Operand) => Code): Code => lines(operands.map(code))
  const fields = readFields('strided', ['height', 'width', 'channels'])
  return kernel(
    name,
    lines(
      fields.locals,
      local('i32', 'unit', 'n', 'r', 'q', 'c', 'i', 'j', 'k', 'm', 'p', 'image', 'row', 'pixel'),
      local('i32', 'a', 'b', 'y', 'aPixel', 'bPixel', 'yPixel'),
      local('f32', 'value'),
      '(local $sum f64)',
    ),
    lines(
      fields.code,
      forRows(
        get('height'),
        lines(
          each((operand) =>
            set(
              `${operand}Pixel`,
              add(
                step(operand, 'Base'),
                add(mul(get('n'), step(operand, 'Image')), mul(get('r'), step(operand, 'Row'))),
              ),
            ),
          ),
          loop(
            'q',
            int(0),
            get('width'),
            int(1),
            lines(
              each((operand) => set(operand, get(`${operand}Pixel`))),
              loop(
                'c',
                int(0),
                get('channels'),
                int(1),
                lines(
                  compute,
                  storeFloat(get('y'), get('value')),
                  each((operand) => advance(operand, step(operand, 'Channel'))),
                ),
              ),
              each((operand) => advance(`${operand}Pixel`, step(operand, 'Column'))),
            ),
          ),
        ),
      ),
    ),
  )
}

/** Sums, in double precision, over the extents that y lacks. */
const sumOverExtents: Code = lines(
  set('sum', '(f64.const 0)'),
  set('image', get('a')),
  loop(
    'm',
    int(0),
    field('strided', 'sumImages'),
    int(1),
    lines(
      set('row', get('image')),
      loop(
        'i',
        int(0),
        field('strided', 'sumHeight'),
        int(1),
        lines(
          set('pixel', get('row')),
          loop(
            'j',
            int(0),
            field('strided', 'sumWidth'),
            int(1),
            lines(
              set('p', get('pixel')),
              loop(
                'k',
                int(0),
                field('strided', 'sumChannels'),
                int(1),
                lines(
                  set('sum', `(f64.add ${get('sum')} (f64.promote_f32 ${loadFloat(get('p'))}))`),
                  advance('p', step('a', 'Channel')),
                ),
              ),
              advance('pixel', step('a', 'Column')),
            ),
          ),
          advance('row', step('a', 'Row')),
        ),
      ),
      advance('image', step('a', 'Image')),
    ),
  ),
  set('value', `(f32.demote_f64 ${get('sum')})`),
)

export const stridedKernels: Code = lines(
  strided('stridedCopy', ['a', 'y'], set('value', loadFloat(get('a')))),
  strided(
    'stridedProduct',
    ['a', 'b', 'y'],
    set('value', `(f32.mul ${loadFloat(get('a'))} ${loadFloat(get('b'))})`),
  ),
  strided('stridedSum', ['a', 'y'], sumOverExtents),
)
