/** Kernels for the small vectors of attention, in plain scalar loops. */
import {
  add,
  bytesOfFloats,
  type Code,
  field,
  float,
  forUnits,
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
  sub,
  when,
} from './wat.ts'

const scalarExponential = (x: Code) => `(f32x4.extract_lane 0 (call $exponential (f32x4.splat ${x})))`

const softmax: Code = (() => {
  const fields = readFields('softmax', ['count', 'inner'])
  const at = (base: string) => add(get(base), bytesOfFloats(add(mul(get('k'), get('inner')), get('i'))))
  const overCount = (body: Code) => loop('k', int(0), get('count'), int(1), body)
  return kernel(
    'softmax',
    lines(fields.locals, local('i32', 'unit', 'x', 'y', 'i', 'k'), local('f32', 'greatest', 'sum', 'value')),
    lines(
      fields.code,
      forUnits(
        lines(
          set('x', add(field('softmax', 'x'), mul(get('unit'), field('softmax', 'xOuter')))),
          set('y', add(field('softmax', 'y'), mul(get('unit'), field('softmax', 'yOuter')))),
          loop(
            'i',
            int(0),
            get('inner'),
            int(1),
            lines(
              set('greatest', float(Number.NEGATIVE_INFINITY)),
              overCount(set('greatest', `(f32.max ${get('greatest')} ${loadFloat(at('x'))})`)),
              set('sum', float(0)),
              overCount(
                lines(
                  set('value', scalarExponential(`(f32.sub ${loadFloat(at('x'))} ${get('greatest')})`)),
                  set('sum', `(f32.add ${get('sum')} ${get('value')})`),
                  storeFloat(at('y'), get('value')),
                ),
              ),
              overCount(storeFloat(at('y'), `(f32.div ${loadFloat(at('y'))} ${get('sum')})`)),
            ),
          ),
        ),
      ),
    ),
  )
})()

/** The address of an image's vector. */
const vectorOf = (vector: 'x' | 'y'): Code =>
  add(field('vectorConvolution', vector), mul(get('image'), field('vectorConvolution', `${vector}Image`)))
const convolutionFields = readFields('vectorConvolution', ['length', 'taps', 'before'])
const convolutionLocals = lines(
  convolutionFields.locals,
  local('i32', 'unit', 'image', 'x', 'y', 'i', 'k', 'at', 'tap'),
  '(local $sum f64)',
)
/** `body` where tap `k` at element `i` falls on an element `at`: one unsigned comparison covers both ends. */
const whereInside = (body: Code): Code =>
  lines(
    set('at', sub(add(get('i'), get('k')), get('before'))),
    when(`(i32.lt_u ${get('at')} ${get('length')})`, body),
  )
const element = (vector: 'x' | 'y', index: string): Code =>
  loadFloat(add(get(vector), bytesOfFloats(get(index))))
const addTo = (a: Code, b: Code): Code =>
  set('sum', `(f64.add ${get('sum')} (f64.promote_f32 (f32.mul ${a} ${b})))`)

const vectorConvolution: Code = kernel(
  'vectorConvolution',
  convolutionLocals,
  lines(
    convolutionFields.code,
    forUnits(
      lines(
        set('image', get('unit')),
        set('x', vectorOf('x')),
        set('y', vectorOf('y')),
        loop(
          'i',
          int(0),
          get('length'),
          int(1),
          lines(
            set('sum', '(f64.const 0)'),
            set('tap', field('vectorConvolution', 'weights')),
            loop(
              'k',
              int(0),
              get('taps'),
              int(1),
              lines(
                whereInside(addTo(element('x', 'at'), loadFloat(get('tap')))),
                set('tap', add(get('tap'), field('vectorConvolution', 'tapStep'))),
              ),
            ),
            storeFloat(add(get('y'), bytesOfFloats(get('i'))), `(f32.demote_f64 ${get('sum')})`),
          ),
        ),
      ),
    ),
  ),
)

/** The gradient of its weights: x · dy summed over elements and images, tap by tap. */
const vectorConvolutionGradient: Code = kernel(
  'vectorConvolutionGradient',
  convolutionLocals,
  lines(
    convolutionFields.code,
    forUnits(
      lines(
        set('k', get('unit')),
        set('sum', '(f64.const 0)'),
        loop(
          'image',
          int(0),
          field('vectorConvolution', 'images'),
          int(1),
          lines(
            set('x', vectorOf('x')),
            set('y', vectorOf('y')),
            loop(
              'i',
              int(0),
              get('length'),
              int(1),
              whereInside(addTo(element('x', 'at'), element('y', 'i'))),
            ),
          ),
        ),
        storeFloat(
          add(field('vectorConvolution', 'weights'), bytesOfFloats(get('k'))),
          `(f32.demote_f64 ${get('sum')})`,
        ),
      ),
    ),
  ),
)

export const vectors: Code = lines(softmax, vectorConvolution, vectorConvolutionGradient)
