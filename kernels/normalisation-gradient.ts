/** The gradient of batch normalisation in training, through the statistics too. */
import {
  closeStrip,
  each,
  forBlock,
  forBlocks,
  forStrips,
  numbered,
  openBlock,
  subtractVectors,
  widest,
} from './blocks.ts'
import { double, doubles, promoted, storeDouble } from './doubles.ts'
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
  kernel,
  lines,
  loadVector,
  local,
  multiplyVectors,
  readFields,
  set,
  storeVector,
  vector,
  when,
} from './wat.ts'

/**
 * Gradients that reach the normalised map, with an activation behind it taken back: where x · scale + shift, which the
 * forward pass computed in just this way, was cut off, nothing arrives.
 */
const arriving: Readonly<Record<string, (dy: Code, y: Code) => Code>> = {
  none: (dy) => dy,
  relu: (dy, y) => `(v128.andnot ${dy} (f32x4.le ${y} ${vector(0)}))`,
  relu6: (dy, y) => `(v128.andnot ${dy} (v128.or (f32x4.le ${y} ${vector(0)}) (f32x4.ge ${y} ${vector(6)})))`,
}

/** Sums of dy and dy · (x - mean) of each channel over a block. */
function normGradientSums(activation: string, arrives: (dy: Code, y: Code) => Code): Code {
  const fields = readFields('normGradientSums', ['height', 'width', 'channels'])
  const perChannel = (name: 'mean' | 'scale' | 'shift') => add(field('normGradientSums', name), get('c'))
  const strip = (vectors: number): Code =>
    lines(
      set('scale', perChannel('scale')),
      set('shift', perChannel('shift')),
      set('p', perChannel('mean')),
      each(vectors, (v) =>
        lines(set(`k${v}`, loadVector(get('p'), 16 * v)), set(`s${v}`, vector(0)), set(`t${v}`, vector(0))),
      ),
      forBlock(
        lines(
          set('x', add(rowAddress('normGradientSums', 'xBase', 'xImage', 'xRow'), get('c'))),
          set('dy', add(rowAddress('normGradientSums', 'dyBase', 'dyImage', 'dyRow'), get('c'))),
        ),
        lines(
          each(vectors, (v) =>
            lines(
              set('value', loadVector(get('x'), 16 * v)),
              set(
                'gradient',
                arrives(
                  loadVector(get('dy'), 16 * v),
                  addVectors(
                    multiplyVectors(get('value'), loadVector(get('scale'), 16 * v)),
                    loadVector(get('shift'), 16 * v),
                  ),
                ),
              ),
              set(`s${v}`, addVectors(get(`s${v}`), get('gradient'))),
              set(
                `t${v}`,
                addVectors(
                  get(`t${v}`),
                  multiplyVectors(get('gradient'), subtractVectors(get('value'), get(`k${v}`))),
                ),
              ),
            ),
          ),
          set('x', add(get('x'), get('bytes'))),
          set('dy', add(get('dy'), get('bytes'))),
        ),
      ),
      closeStrip(vectors),
    )
  return kernel(
    `normGradientSums_${activation}`,
    lines(
      fields.locals,
      local('i32', 'unit', 'first', 'end', 'row', 'n', 'r', 'x', 'dy', 'q', 'c', 'p', 'out', 'bytes'),
      local('i32', 'scale', 'shift'),
      local('v128', ...numbered(widest, 'k', 's', 't'), 'value', 'gradient'),
    ),
    lines(
      fields.code,
      set('bytes', bytesOfFloats(get('channels'))),
      forUnits(lines(openBlock('normGradientSums'), forStrips(strip))),
    ),
  )
}

/**
 * From the sums: the gradients of scale and shift, and the three factors of dx = a · dy + b · x + c
 * (arXiv:1502.03167, section 3, with all that is constant in a channel drawn together). Statistics that are fixed do not
 * move with x: b = c = 0. Units are channels.
 */
const combineNormGradient: Code = (() => {
  const d = (name: Parameters<typeof field<'combineNormGradient'>>[1]) => field('combineNormGradient', name)
  const at = (name: Parameters<typeof field<'combineNormGradient'>>[1]) => add(d(name), get('channel'))
  const overCount = (value: Code) =>
    `(f64.neg ${double('div', double('mul', get('a'), value), get('count'))})`
  return kernel(
    'combineNormGradient',
    lines(
      local('i32', 'unit', 'channel', 'block', 'p', 'q'),
      doubles('sum', 'product', 'count', 'inverse', 'a', 'b'),
    ),
    lines(
      set('count', `(f64.convert_i32_u ${d('pixels')})`),
      forUnits(
        lines(
          set('channel', bytesOfFloats(get('unit'))),
          set('sum', '(f64.const 0)'),
          set('product', '(f64.const 0)'),
          forBlocks(
            d('partial'),
            d('blocks'),
            d('pitch'),
            lines(
              set('sum', double('add', get('sum'), promoted(get('p')))),
              set('product', double('add', get('product'), promoted(get('q')))),
            ),
          ),
          set('inverse', promoted(at('inverse'))),
          set('product', double('mul', get('product'), get('inverse'))),
          storeDouble(at('dScale'), get('product')),
          storeDouble(at('dShift'), get('sum')),
          set('a', double('mul', get('inverse'), promoted(at('gamma')))),
          storeDouble(at('a'), get('a')),
          when(
            `(i32.eqz ${d('fixed')})`,
            lines(
              set('b', overCount(double('mul', get('product'), get('inverse')))),
              storeDouble(at('b'), get('b')),
              storeDouble(
                at('c'),
                double('sub', overCount(get('sum')), double('mul', get('b'), promoted(at('mean')))),
              ),
            ),
          ),
        ),
      ),
    ),
  )
})()

/** dx = a · dy + b · x + c, with an activation behind it taken back. Units are rows. */
function normGradientInput(activation: string, arrives: (dy: Code, y: Code) => Code): Code {
  const fields = readFields('normGradientInput', [
    'height',
    'width',
    'channels',
    'scale',
    'shift',
    'a',
    'b',
    'c',
  ])
  const channel = (address: string) => loadVector(add(get(address), get('i')))
  return kernel(
    `normGradientInput_${activation}`,
    lines(
      fields.locals,
      local('i32', 'unit', 'n', 'r', 'x', 'dy', 'y', 'q', 'i', 'bytes'),
      local('v128', 'value'),
    ),
    lines(
      fields.code,
      set('bytes', bytesOfFloats(get('channels'))),
      forRows(
        get('height'),
        lines(
          set('x', rowAddress('normGradientInput', 'xBase', 'xImage', 'xRow')),
          set('dy', rowAddress('normGradientInput', 'dyBase', 'dyImage', 'dyRow')),
          set('y', rowAddress('normGradientInput', 'yBase', 'yImage', 'yRow')),
          forPixels(
            lines(
              forVectors(
                'i',
                lines(
                  set('value', loadVector(add(get('x'), get('i')))),
                  storeVector(
                    add(get('y'), get('i')),
                    addVectors(
                      addVectors(
                        multiplyVectors(
                          channel('a'),
                          arrives(
                            loadVector(add(get('dy'), get('i'))),
                            addVectors(multiplyVectors(get('value'), channel('scale')), channel('shift')),
                          ),
                        ),
                        multiplyVectors(channel('b'), get('value')),
                      ),
                      channel('c'),
                    ),
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
}

export const normalisationGradient: Code = lines(
  Object.entries(arriving).map(([name, arrives]) => normGradientSums(name, arrives)),
  combineNormGradient,
  Object.entries(arriving).map(([name, arrives]) => normGradientInput(name, arrives)),
)
