/**
 * Group normalisation (arXiv:1803.08494) and its gradient. Sums go over an image's pixels channel by channel, at the speed of
 * memory; what a group makes of its channels' sums is computed in double precision, image by image.
 */
import { type Field, fieldOffset } from '../src/engines/wasm/descriptors.ts'
import { double, promoted } from './doubles.ts'
import { rowAddress } from './rows.ts'
import {
  add,
  addVectors,
  bytesOfFloats,
  type Code,
  field,
  forPixels,
  forRows,
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
  multiplyVectors,
  readFields,
  set,
  storeFloat,
  storeVector,
  vector,
} from './wat.ts'

/** Sums over pixels of (x - centre) · other, where other is dy, or x - centre itself. */
function groupProducts(name: string, other: Code): Code {
  const d = (name: Field<'groupProducts'>) => field('groupProducts', name)
  const fields = readFields('groupProducts', ['height', 'width', 'channels'])
  const groups = `(i32.shr_u ${get('channels')} (i32.const 2))`
  return kernel(
    name,
    lines(
      fields.locals,
      local('i32', 'unit', 'n', 'r', 'q', 'c', 'x', 'dy', 'bytes', 'vectors'),
      local('v128', 'centre', 'difference', 'sum', 'ofRow'),
    ),
    lines(
      fields.code,
      set('bytes', bytesOfFloats(get('channels'))),
      forUnits(
        lines(
          set('n', `(i32.div_u ${get('unit')} ${groups})`),
          set('c', mul(`(i32.rem_u ${get('unit')} ${groups})`, int(16))),
          set('vectors', add(mul(get('n'), get('bytes')), get('c'))),
          set('centre', loadVector(add(d('centre'), get('vectors')))),
          set('sum', vector(0)),
          loop(
            'r',
            int(0),
            get('height'),
            int(1),
            lines(
              set('x', add(rowAddress('groupProducts', 'xBase', 'xImage', 'xRow'), get('c'))),
              set('dy', add(rowAddress('groupProducts', 'dyBase', 'dyImage', 'dyRow'), get('c'))),
              set('ofRow', vector(0)),
              forPixels(
                lines(
                  set('difference', `(f32x4.sub ${loadVector(get('x'))} ${get('centre')})`),
                  set('ofRow', addVectors(get('ofRow'), multiplyVectors(get('difference'), other))),
                  set('x', add(get('x'), get('bytes'))),
                  set('dy', add(get('dy'), get('bytes'))),
                ),
              ),
              set('sum', addVectors(get('sum'), get('ofRow'))),
            ),
          ),
          storeVector(add(d('sums'), get('vectors')), get('sum')),
        ),
      ),
    ),
  )
}

const d = (name: Field<'groupStatistics'>) => field('groupStatistics', name)
const plus = (sum: string, value: Code): Code => set(sum, double('add', get(sum), value))
/** A channel's number in a vector, of its image where there is one for each. */
const parameter = (name: Field<'groupStatistics'>): Code => promoted(add(d(name), get('c')))
const ofImage = (name: Field<'groupStatistics'>): Code => add(add(d(name), get('image')), get('c'))
const read = (name: Field<'groupStatistics'>): Code => promoted(ofImage(name))
const write = (name: Field<'groupStatistics'>, value: Code): Code =>
  storeFloat(ofImage(name), `(f32.demote_f64 ${value})`)

/** Goes over an image's groups; `code` may go over the group's channels, byte offset in local `c`. */
function statistics(name: string, code: (overGroup: (body: Code) => Code) => Code): Code {
  const overGroup = (body: Code): Code =>
    loop('c', get('group'), add(get('group'), get('groupBytes')), int(4), body)
  return kernel(
    name,
    lines(
      local('i32', 'unit', 'image', 'group', 'groupBytes', 'bytes', 'c'),
      '(local $count f64) (local $sum f64) (local $product f64) (local $mean f64) (local $inverse f64) (local $b f64)',
    ),
    lines(
      set('groupBytes', bytesOfFloats(d('groupChannels'))),
      set('bytes', bytesOfFloats(d('channels'))),
      set('count', `(f64.convert_i32_u ${mul(d('pixels'), d('groupChannels'))})`),
      forUnits(
        lines(
          set('image', mul(get('unit'), d('vectorBytes'))),
          loop('group', int(0), get('bytes'), get('groupBytes'), code(overGroup)),
        ),
      ),
    ),
  )
}

const groupMeans: Code = statistics('groupMeans', (overGroup) =>
  lines(
    set('sum', '(f64.const 0)'),
    overGroup(plus('sum', read('sums'))),
    overGroup(write('means', double('div', get('sum'), get('count')))),
  ),
)

/** Local `inverse` from the squares: 1 / sqrt(variance + epsilon). */
const findInverse = (overGroup: (body: Code) => Code): Code =>
  lines(
    set('sum', '(f64.const 0)'),
    overGroup(plus('sum', read('squares'))),
    set(
      'inverse',
      double(
        'div',
        '(f64.const 1)',
        `(f64.sqrt ${double('add', double('div', get('sum'), get('count')), promoted(get('d'), fieldOffset('groupStatistics', 'epsilon')))})`,
      ),
    ),
  )

/** y = x · scale + shift. */
const groupScales: Code = statistics('groupScales', (overGroup) =>
  lines(
    findInverse(overGroup),
    overGroup(
      lines(
        set('b', double('mul', get('inverse'), parameter('gamma'))),
        write('scale', get('b')),
        write('shift', double('sub', parameter('beta'), double('mul', get('b'), read('means')))),
      ),
    ),
  ),
)

/**
 * dx = inverse · (du - mean(du) - u · mean(du · u)) with du = gamma · dy, drawn together as a · dy + b · x + c; and what each
 * image adds to the gradient of the scale, in the products' place.
 */
const groupFactors: Code = statistics('groupFactors', (overGroup) =>
  lines(
    findInverse(overGroup),
    set('sum', '(f64.const 0)'),
    set('product', '(f64.const 0)'),
    overGroup(
      lines(
        plus('sum', double('mul', parameter('gamma'), read('dySums'))),
        plus('product', double('mul', parameter('gamma'), read('products'))),
      ),
    ),
    // All cubed: the products are of x - mean, not yet divided by the deviation.
    set(
      'b',
      `(f64.neg ${double('div', double('mul', get('product'), double('mul', get('inverse'), double('mul', get('inverse'), get('inverse')))), get('count'))})`,
    ),
    overGroup(
      lines(
        write('products', double('mul', get('inverse'), read('products'))),
        write('a', double('mul', get('inverse'), parameter('gamma'))),
        write('b', get('b')),
        write(
          'c',
          `(f64.neg ${double('add', double('div', double('mul', get('inverse'), get('sum')), get('count')), double('mul', get('b'), read('means')))})`,
        ),
      ),
    ),
  ),
)

const groupNormInput: Code = (() => {
  const d = (name: Field<'groupNormInput'>) => field('groupNormInput', name)
  const fields = readFields('groupNormInput', ['height', 'width', 'channels'])
  const factors = (['a', 'b', 'c'] as const).map((name) =>
    set(name, add(d(name), mul(get('n'), d('vectorBytes')))),
  )
  const at = (pointer: string) => loadVector(add(get(pointer), get('i')))
  return kernel(
    'groupNormInput',
    lines(fields.locals, local('i32', 'unit', 'n', 'r', 'q', 'i', 'x', 'dy', 'y', 'a', 'b', 'c', 'bytes')),
    lines(
      fields.code,
      set('bytes', bytesOfFloats(get('channels'))),
      forRows(
        get('height'),
        lines(
          set('x', rowAddress('groupNormInput', 'xBase', 'xImage', 'xRow')),
          set('dy', rowAddress('groupNormInput', 'dyBase', 'dyImage', 'dyRow')),
          set('y', rowAddress('groupNormInput', 'yBase', 'yImage', 'yRow')),
          factors,
          forPixels(
            lines(
              forVectors(
                'i',
                storeVector(
                  add(get('y'), get('i')),
                  addVectors(
                    addVectors(multiplyVectors(at('a'), at('dy')), multiplyVectors(at('b'), at('x'))),
                    at('c'),
                  ),
                ),
              ),
              set('x', add(get('x'), get('bytes'))),
              set('dy', add(get('dy'), get('bytes'))),
              set('y', add(get('y'), get('bytes'))),
            ),
          ),
        ),
      ),
    ),
  )
})()

export const groupNormalisation: Code = lines(
  groupProducts('groupSquares', get('difference')),
  groupProducts('groupProducts', loadVector(get('dy'))),
  groupMeans,
  groupScales,
  groupFactors,
  groupNormInput,
)
