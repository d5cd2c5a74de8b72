/** Sums: of channels over pixels, of squares, of numbers that others left. */
import type { Field } from '../src/engines/wasm/descriptors.ts'
import { promoted } from './doubles.ts'
import {
  add,
  addVectors,
  bytesOfFloats,
  type Code,
  field,
  forUnits,
  get,
  int,
  kernel,
  lines,
  loadVector,
  local,
  loop,
  mul,
  multiplyVectors,
  readFields,
  set,
  splat,
  storeFloat,
  storeVector,
  vector,
  when,
} from './wat.ts'

/** Sums of channels over pixels, row by row, so that long sums keep their precision; divided, their means. */
const channelSums: Code = (() => {
  const d = (name: Field<'channelSums'>) => field('channelSums', name)
  const groups = `(i32.shr_u ${get('channels')} (i32.const 2))`
  const fields = readFields('channelSums', ['images', 'height', 'width', 'channels', 'xRow'])
  return kernel(
    'channelSums',
    lines(
      fields.locals,
      local('i32', 'unit', 'n', 'm', 'r', 'q', 'p', 'group', 'bytes'),
      local('v128', 'sum', 'ofRow'),
    ),
    lines(
      fields.code,
      set('bytes', bytesOfFloats(get('channels'))),
      forUnits(
        lines(
          set('n', `(i32.div_u ${get('unit')} ${groups})`),
          set('group', mul(`(i32.rem_u ${get('unit')} ${groups})`, int(16))),
          set('sum', vector(0)),
          loop(
            'm',
            int(0),
            get('images'),
            int(1),
            loop(
              'r',
              int(0),
              get('height'),
              int(1),
              lines(
                set(
                  'p',
                  add(
                    add(d('xBase'), get('group')),
                    add(
                      mul(add(mul(get('n'), get('images')), get('m')), d('xImage')),
                      mul(get('r'), get('xRow')),
                    ),
                  ),
                ),
                set('ofRow', vector(0)),
                loop(
                  'q',
                  int(0),
                  get('width'),
                  int(1),
                  lines(
                    set('ofRow', addVectors(get('ofRow'), loadVector(get('p')))),
                    set('p', add(get('p'), get('bytes'))),
                  ),
                ),
                set('sum', addVectors(get('sum'), get('ofRow'))),
              ),
            ),
          ),
          storeVector(
            add(add(d('y'), mul(get('n'), d('yImage'))), get('group')),
            `(f32x4.div ${get('sum')} ${splat(`(f32.convert_i32_u ${d('divisor')})`)})`,
          ),
        ),
      ),
    ),
  )
})()

/** Numbers one after another, summed in double precision. */
export function sumOf<D extends 'crossEntropy' | 'squares'>(
  name: string,
  descriptor: D,
  [numbers, count, total]: readonly [Field<D>, Field<D>, Field<D>],
): Code {
  return kernel(
    name,
    lines(local('i32', 'k'), '(local $sum f64)'),
    lines(
      loop(
        'k',
        int(0),
        field(descriptor, count),
        int(1),
        set(
          'sum',
          `(f64.add ${get('sum')} ${promoted(add(field(descriptor, numbers), bytesOfFloats(get('k'))))})`,
        ),
      ),
      storeFloat(field(descriptor, total), `(f32.demote_f64 ${get('sum')})`),
    ),
  )
}

/** Sum of squares of each block of 4096 floats: four sums of 1024, and those in double precision. */
const squares: Code = kernel(
  'squares',
  lines(local('i32', 'unit', 'i', 'end'), local('v128', 'x', 'sum')),
  loop(
    'unit',
    get('from'),
    get('to'),
    int(1),
    lines(
      set('end', mul(add(get('unit'), int(1)), int(16_384))),
      when(
        `(i32.gt_u ${get('end')} ${bytesOfFloats(field('squares', 'count'))})`,
        set('end', bytesOfFloats(field('squares', 'count'))),
      ),
      set('sum', vector(0)),
      loop(
        'i',
        mul(get('unit'), int(16_384)),
        get('end'),
        int(16),
        lines(
          set('x', loadVector(add(field('squares', 'x'), get('i')))),
          set('sum', addVectors(get('sum'), multiplyVectors(get('x'), get('x')))),
        ),
      ),
      storeFloat(
        add(field('squares', 'partial'), bytesOfFloats(get('unit'))),
        [0, 1, 2, 3]
          .map((lane) => `(f32x4.extract_lane ${lane} ${get('sum')})`)
          .reduce((a, b) => `(f32.add ${a} ${b})`),
      ),
    ),
  ),
)

export const sums: Code = lines(
  channelSums,
  squares,
  sumOf('squaresSum', 'squares', ['partial', 'partials', 'y']),
)
