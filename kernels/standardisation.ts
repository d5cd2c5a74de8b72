/**
 * Weight standardisation (arXiv:1903.10520) and its gradient: each filter less its mean, over its deviation. Filters lie one
 * after another at any length, so these are plain loops, in double precision.
 */
import { type Field, fieldOffset } from '../src/engines/wasm/descriptors.ts'
import { double, promoted } from './doubles.ts'
import {
  add,
  bytesOfFloats,
  type Code,
  field,
  forUnits,
  get,
  int,
  kernel,
  lines,
  local,
  loop,
  mul,
  set,
  storeFloat,
} from './wat.ts'

const d = (name: Field<'standardise'>) => field('standardise', name)
const read = (pointer: 'weight' | 'dy'): Code => promoted(add(get(pointer), get('i')))
const overFilter = (body: Code): Code => loop('i', int(0), get('bytes'), int(4), body)
/** Local `name` as the mean over the filter. */
const mean = (name: string, value: Code): Code =>
  lines(
    set(name, '(f64.const 0)'),
    overFilter(set(name, double('add', get(name), value))),
    set(name, double('div', get(name), get('count'))),
  )
const centred = double('sub', read('weight'), get('mean'))
const normalised = double('mul', centred, get('inverse'))
const write = (value: Code): Code =>
  overFilter(storeFloat(add(get('y'), get('i')), `(f32.demote_f64 ${value})`))

/** Acts on each filter, its mean and inverse deviation in locals. */
function standardise(name: string, act: Code): Code {
  const pointer = (of: 'weight' | 'dy' | 'y') => set(of, add(d(of), mul(get('unit'), get('bytes'))))
  return kernel(
    name,
    lines(
      local('i32', 'unit', 'i', 'bytes', 'weight', 'dy', 'y'),
      '(local $count f64) (local $mean f64) (local $inverse f64) (local $meanGradient f64) (local $meanProduct f64)',
    ),
    lines(
      set('bytes', bytesOfFloats(d('length'))),
      set('count', `(f64.convert_i32_u ${d('length')})`),
      forUnits(
        lines(
          pointer('weight'),
          pointer('dy'),
          pointer('y'),
          mean('mean', read('weight')),
          mean('inverse', double('mul', centred, centred)),
          set(
            'inverse',
            double(
              'div',
              '(f64.const 1)',
              `(f64.sqrt ${double('add', get('inverse'), promoted(get('d'), fieldOffset('standardise', 'epsilon')))})`,
            ),
          ),
          act,
        ),
      ),
    ),
  )
}

export const standardisation: Code = lines(
  standardise('standardiseWeight', write(normalised)),
  // inverse · (dy - mean(dy) - u · mean(dy · u)), u the standardised weight.
  standardise(
    'standardiseWeightGradient',
    lines(
      mean('meanGradient', read('dy')),
      mean('meanProduct', double('mul', read('dy'), normalised)),
      write(
        double(
          'mul',
          get('inverse'),
          double(
            'sub',
            double('sub', read('dy'), get('meanGradient')),
            double('mul', normalised, get('meanProduct')),
          ),
        ),
      ),
    ),
  ),
)
