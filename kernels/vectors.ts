/** Kernels for the small vectors of attention and for the statistics of group normalisation, in plain scalar loops. */
import { fieldOffset } from '../src/engines/wasm/descriptors.ts'
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

const vectorConvolution: Code = (() => {
  const fields = readFields('vectorConvolution', ['length', 'weights', 'taps', 'before'])
  return kernel(
    'vectorConvolution',
    lines(fields.locals, local('i32', 'unit', 'x', 'y', 'i', 'k', 'at'), local('f32', 'sum')),
    lines(
      fields.code,
      forUnits(
        lines(
          set(
            'x',
            add(field('vectorConvolution', 'x'), mul(get('unit'), field('vectorConvolution', 'xImage'))),
          ),
          set(
            'y',
            add(field('vectorConvolution', 'y'), mul(get('unit'), field('vectorConvolution', 'yImage'))),
          ),
          loop(
            'i',
            int(0),
            get('length'),
            int(1),
            lines(
              set('sum', float(0)),
              loop(
                'k',
                int(0),
                get('taps'),
                int(1),
                lines(
                  set('at', sub(add(get('i'), get('k')), get('before'))),
                  // One unsigned comparison covers both ends.
                  when(
                    `(i32.lt_u ${get('at')} ${get('length')})`,
                    set(
                      'sum',
                      `(f32.add ${get('sum')} (f32.mul ${loadFloat(add(get('x'), bytesOfFloats(get('at'))))} ${loadFloat(add(get('weights'), bytesOfFloats(get('k'))))}))`,
                    ),
                  ),
                ),
              ),
              storeFloat(add(get('y'), bytesOfFloats(get('i'))), get('sum')),
            ),
          ),
        ),
      ),
    ),
  )
})()

/** Two passes over each group: mean, then variance; out come the scale and shift of each channel of the image. */
const groupStatistics: Code = (() => {
  const d = (name: Parameters<typeof field<'groupStatistics'>>[1]) => field('groupStatistics', name)
  const fields = readFields('groupStatistics', ['height', 'width', 'channels', 'groupChannels', 'xRow'])
  const overGroup = (body: Code) =>
    loop(
      'i',
      int(0),
      get('height'),
      int(1),
      loop(
        'j',
        int(0),
        get('width'),
        int(1),
        lines(
          set(
            'p',
            add(
              add(get('image'), mul(get('i'), get('xRow'))),
              bytesOfFloats(add(mul(get('j'), get('channels')), get('g'))),
            ),
          ),
          loop('c', int(0), get('groupChannels'), int(1), body),
        ),
      ),
    )
  const value = `(f64.promote_f32 ${loadFloat(add(get('p'), bytesOfFloats(get('c'))))})`
  const channel = (base: Code) => add(base, bytesOfFloats(add(get('g'), get('c'))))
  return kernel(
    'groupStatistics',
    lines(
      fields.locals,
      local('i32', 'unit', 'image', 'g', 'i', 'j', 'c', 'p', 'outScale', 'outShift'),
      '(local $mean f64) (local $variance f64) (local $count f64) (local $scale f32)',
    ),
    lines(
      fields.code,
      set('count', `(f64.convert_i32_u ${mul(mul(get('height'), get('width')), get('groupChannels'))})`),
      forUnits(
        lines(
          set('image', add(d('xBase'), mul(get('unit'), d('xImage')))),
          set('outScale', add(d('outScale'), mul(get('unit'), d('outImage')))),
          set('outShift', add(d('outShift'), mul(get('unit'), d('outImage')))),
          loop(
            'g',
            int(0),
            get('channels'),
            get('groupChannels'),
            lines(
              set('mean', '(f64.const 0)'),
              overGroup(set('mean', `(f64.add ${get('mean')} ${value})`)),
              set('mean', `(f64.div ${get('mean')} ${get('count')})`),
              set('variance', '(f64.const 0)'),
              overGroup(
                set(
                  'variance',
                  `(f64.add ${get('variance')} (f64.mul (f64.sub ${value} ${get('mean')}) (f64.sub ${value} ${get('mean')})))`,
                ),
              ),
              set(
                'variance',
                `(f64.sqrt (f64.add (f64.div ${get('variance')} ${get('count')}) (f64.promote_f32 ${loadFloat(get('d'), fieldOffset('groupStatistics', 'epsilon'))})))`,
              ),
              loop(
                'c',
                int(0),
                get('groupChannels'),
                int(1),
                lines(
                  set(
                    'scale',
                    `(f32.demote_f64 (f64.div (f64.promote_f32 ${loadFloat(channel(d('scale')))}) ${get('variance')}))`,
                  ),
                  storeFloat(channel(get('outScale')), get('scale')),
                  storeFloat(
                    channel(get('outShift')),
                    `(f32.sub ${loadFloat(channel(d('shift')))} (f32.mul ${get('scale')} (f32.demote_f64 ${get('mean')})))`,
                  ),
                ),
              ),
            ),
          ),
        ),
      ),
    ),
  )
})()

export const vectors: Code = lines(softmax, vectorConvolution, groupStatistics)
