/**
 * Batch normalisation in training (arXiv:1502.03167, algorithm 1): statistics over the batch and the gradient through them.
 * Each goes over the map once by blocks of rows and leaves two vectors of sums a block; the blocks are then put together in
 * their order, in double precision, so that the result does not depend on who summed which.
 */
import { fieldOffset } from '../src/engines/wasm/descriptors.ts'
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
  loadFloat,
  loadVector,
  local,
  loop,
  mul,
  multiplyVectors,
  range,
  readFields,
  set,
  splat,
  storeFloat,
  storeVector,
  sub,
  vector,
  when,
} from './wat.ts'

const subtractVectors = (a: Code, b: Code): Code => `(f32x4.sub ${a} ${b})`

/** Vectors of a strip of channels: two sums and a constant for each of four fit into the registers. */
const widest = 4
const each = (vectors: number, code: (v: number) => Code): Code => lines(range(vectors).map(code))
const numbered = (vectors: number, ...names: readonly string[]): readonly string[] =>
  names.flatMap((name) => range(vectors).map((v) => `${name}${v}`))

/** Goes over the channels of a pixel in strips, byte offset in local `c`; their count is a multiple of 8. */
const forStrips = (body: (vectors: number) => Code): Code =>
  lines(
    set('c', int(0)),
    '(block $done (loop $strips',
    `(br_if $done (i32.gt_s ${add(get('c'), int(16 * widest))} ${get('bytes')}))`,
    body(widest),
    set('c', add(get('c'), int(16 * widest))),
    '(br $strips)))',
    when(`(i32.lt_s ${get('c')} ${get('bytes')})`, body(2)),
  )

/** Goes over the pixels of a block's rows; `start` sets the operands' addresses at a row's beginning, `body` moves them. */
const forBlock = (start: Code, body: Code): Code =>
  loop(
    'row',
    get('first'),
    get('end'),
    int(1),
    lines(
      set('n', `(i32.div_u ${get('row')} ${get('height')})`),
      set('r', `(i32.rem_u ${get('row')} ${get('height')})`),
      start,
      forPixels(body),
    ),
  )

/** The rows of block `unit`, and where its sums go. */
const openBlock = (descriptor: 'moments' | 'normGradientSums'): Code =>
  lines(
    set('first', mul(get('unit'), field(descriptor, 'blockRows'))),
    set('end', add(get('first'), field(descriptor, 'blockRows'))),
    when(`(i32.gt_s ${get('end')} ${field(descriptor, 'rows')})`, set('end', field(descriptor, 'rows'))),
    set('out', add(field(descriptor, 'partial'), mul(get('unit'), mul(get('bytes'), int(2))))),
  )

/** Writes sums `s` and `t` of a strip. */
const closeStrip = (vectors: number): Code =>
  lines(
    set('p', add(get('out'), get('c'))),
    each(vectors, (v) => storeVector(get('p'), get(`s${v}`), 16 * v)),
    set('p', add(get('p'), get('bytes'))),
    each(vectors, (v) => storeVector(get('p'), get(`t${v}`), 16 * v)),
  )

/**
 * Sums of x and x² of each channel over a block. Both are taken from the block's first pixel, so that a mean far from zero
 * costs no digits; out go the block's mean and its squared deviations.
 */
const moments: Code = (() => {
  const fields = readFields('moments', ['height', 'width', 'channels'])
  const strip = (vectors: number): Code =>
    lines(
      set('row', get('first')),
      set('n', `(i32.div_u ${get('row')} ${get('height')})`),
      set('r', `(i32.rem_u ${get('row')} ${get('height')})`),
      set('x', add(rowAddress('moments', 'xBase', 'xImage', 'xRow'), get('c'))),
      each(vectors, (v) =>
        lines(set(`k${v}`, loadVector(get('x'), 16 * v)), set(`s${v}`, vector(0)), set(`t${v}`, vector(0))),
      ),
      forBlock(
        set('x', add(rowAddress('moments', 'xBase', 'xImage', 'xRow'), get('c'))),
        lines(
          each(vectors, (v) =>
            lines(
              set('value', subtractVectors(loadVector(get('x'), 16 * v), get(`k${v}`))),
              set(`s${v}`, addVectors(get(`s${v}`), get('value'))),
              set(`t${v}`, addVectors(get(`t${v}`), multiplyVectors(get('value'), get('value')))),
            ),
          ),
          set('x', add(get('x'), get('bytes'))),
        ),
      ),
      each(vectors, (v) =>
        lines(
          set('value', `(f32x4.div ${get(`s${v}`)} ${get('count')})`),
          set(`t${v}`, subtractVectors(get(`t${v}`), multiplyVectors(get('value'), get(`s${v}`)))),
          set(`s${v}`, addVectors(get('value'), get(`k${v}`))),
        ),
      ),
      closeStrip(vectors),
    )
  return kernel(
    'moments',
    lines(
      fields.locals,
      local('i32', 'unit', 'first', 'end', 'row', 'n', 'r', 'x', 'q', 'c', 'p', 'out', 'bytes'),
      local('v128', ...numbered(widest, 'k', 's', 't'), 'value', 'count'),
    ),
    lines(
      fields.code,
      set('bytes', bytesOfFloats(get('channels'))),
      forUnits(
        lines(
          openBlock('moments'),
          set('count', splat(`(f32.convert_i32_u ${mul(sub(get('end'), get('first')), get('width'))})`)),
          forStrips(strip),
        ),
      ),
    ),
  )
})()

const promoted = (address: Code, offset = 0): Code => `(f64.promote_f32 ${loadFloat(address, offset)})`
const double = (operator: string, a: Code, b: Code): Code => `(f64.${operator} ${a} ${b})`
const doubles = (...names: readonly string[]): Code => names.map((name) => `(local $${name} f64)`).join(' ')
const storeDouble = (address: Code, value: Code): Code => storeFloat(address, `(f32.demote_f64 ${value})`)

/** Sums over blocks in local `block`, with `p` at the first of the block's two vectors and `q` at the second. */
const forBlocks = (partial: Code, blocks: Code, channels: Code, body: Code): Code =>
  lines(
    set('p', add(partial, get('channel'))),
    loop(
      'block',
      int(0),
      blocks,
      int(1),
      lines(
        set('q', add(get('p'), bytesOfFloats(channels))),
        body,
        set('p', add(get('q'), bytesOfFloats(channels))),
      ),
    ),
  )

/** Moments of all blocks as one (Chan, Golub and LeVeque 1979), and what follows from them. Units are channels. */
const combineMoments: Code = (() => {
  const d = (name: Parameters<typeof field<'combineMoments'>>[1]) => field('combineMoments', name)
  const at = (name: Parameters<typeof field<'combineMoments'>>[1]) => add(d(name), get('channel'))
  const constant = (name: 'epsilon' | 'momentum') => promoted(get('d'), fieldOffset('combineMoments', name))
  const next = (running: 'runningMean' | 'runningVariance', value: Code): Code =>
    double(
      'add',
      double('mul', double('sub', '(f64.const 1)', get('share')), promoted(at(running))),
      double('mul', get('share'), value),
    )
  const blockCount = lines(
    set('left', sub(d('pixels'), mul(get('block'), d('blockPixels')))),
    when(`(i32.gt_s ${get('left')} ${d('blockPixels')})`, set('left', d('blockPixels'))),
    set('weight', `(f64.convert_i32_u ${get('left')})`),
  )
  const overBlocks = (body: Code): Code =>
    forBlocks(d('partial'), d('blocks'), d('pitch'), lines(blockCount, body))
  return kernel(
    'combineMoments',
    lines(
      local('i32', 'unit', 'channel', 'block', 'left', 'p', 'q'),
      doubles('mean', 'squares', 'count', 'weight', 'distance', 'share', 'scale'),
    ),
    lines(
      set('count', `(f64.convert_i32_u ${d('pixels')})`),
      set('share', constant('momentum')),
      forUnits(
        lines(
          set('channel', bytesOfFloats(get('unit'))),
          set('mean', '(f64.const 0)'),
          overBlocks(
            set('mean', double('add', get('mean'), double('mul', get('weight'), promoted(get('p'))))),
          ),
          set('mean', double('div', get('mean'), get('count'))),
          set('squares', '(f64.const 0)'),
          overBlocks(
            lines(
              set('distance', double('sub', promoted(get('p')), get('mean'))),
              set(
                'squares',
                double(
                  'add',
                  double('add', get('squares'), promoted(get('q'))),
                  double('mul', get('weight'), double('mul', get('distance'), get('distance'))),
                ),
              ),
            ),
          ),
          storeDouble(at('mean'), get('mean')),
          storeDouble(at('nextMean'), next('runningMean', get('mean'))),
          storeDouble(
            at('nextVariance'),
            next(
              'runningVariance',
              double('div', get('squares'), double('sub', get('count'), '(f64.const 1)')),
            ),
          ),
          set(
            'scale',
            double(
              'div',
              '(f64.const 1)',
              `(f64.sqrt ${double('add', double('div', get('squares'), get('count')), constant('epsilon'))})`,
            ),
          ),
          storeDouble(at('inverse'), get('scale')),
          set('scale', double('mul', get('scale'), promoted(at('gamma')))),
          storeDouble(at('scale'), get('scale')),
          storeDouble(
            at('shift'),
            double('sub', promoted(at('beta')), double('mul', get('scale'), get('mean'))),
          ),
        ),
      ),
    ),
  )
})()

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

export const normalisation: Code = lines(
  moments,
  combineMoments,
  Object.entries(arriving).map(([name, arrives]) => normGradientSums(name, arrives)),
  combineNormGradient,
  Object.entries(arriving).map(([name, arrives]) => normGradientInput(name, arrives)),
)
