/**
 * Batch normalisation in training (arXiv:1502.03167, algorithm 1): statistics over the batch and the gradient through them.
 * Each goes over the map once by blocks of rows and leaves two vectors of sums a block; the blocks are then put together in
 * their order, in double precision, so that the result does not depend on who summed which.
 */
import { fieldOffset } from '../src/engines/wasm/descriptors.ts'
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
  forUnits,
  get,
  kernel,
  lines,
  loadVector,
  local,
  mul,
  multiplyVectors,
  readFields,
  set,
  splat,
  sub,
  vector,
  when,
} from './wat.ts'

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

export const normalisation: Code = lines(moments, combineMoments)
