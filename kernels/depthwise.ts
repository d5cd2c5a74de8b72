/** Convolutions in which each channel has a filter of its own, and the gradient of such filters. */
import type { Field } from '../src/engines/wasm/descriptors.ts'
import { rowAddress } from './rows.ts'
import {
  add,
  addVectors,
  bytesOfFloats,
  type Code,
  field,
  float,
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
  splat,
  storeVector,
  vector,
  when,
} from './wat.ts'

const depthwise: Code = (() => {
  const fields = readFields('depthwise', [
    'height',
    'width',
    'channels',
    'kernelHeight',
    'kernelWidth',
    'columnStep',
    'tapRow',
    'tapColumn',
    'yPixel',
    'weights',
    'activation',
  ])
  return kernel(
    'depthwise',
    lines(
      fields.locals,
      local('i32', 'unit', 'n', 'r', 'x', 'y', 'q', 'c', 'i', 'j', 'p', 'w', 'bytes'),
      local('v128', 'sum'),
    ),
    lines(
      fields.code,
      set('bytes', bytesOfFloats(get('channels'))),
      forRows(
        get('height'),
        lines(
          set(
            'x',
            add(
              add(field('depthwise', 'xBase'), mul(get('n'), field('depthwise', 'xImage'))),
              mul(get('r'), field('depthwise', 'rowStep')),
            ),
          ),
          set('y', rowAddress('depthwise', 'yBase', 'yImage', 'yRow')),
          forPixels(
            lines(
              forVectors(
                'c',
                lines(
                  set('sum', loadVector(add(field('depthwise', 'bias'), get('c')))),
                  set('w', add(get('weights'), get('c'))),
                  loop(
                    'i',
                    int(0),
                    get('kernelHeight'),
                    int(1),
                    lines(
                      set('p', add(add(get('x'), get('c')), mul(get('i'), get('tapRow')))),
                      loop(
                        'j',
                        int(0),
                        get('kernelWidth'),
                        int(1),
                        lines(
                          set(
                            'sum',
                            addVectors(
                              get('sum'),
                              multiplyVectors(loadVector(get('p')), loadVector(get('w'))),
                            ),
                          ),
                          set('p', add(get('p'), get('tapColumn'))),
                          set('w', add(get('w'), get('bytes'))),
                        ),
                      ),
                    ),
                  ),
                  when(get('activation'), set('sum', `(f32x4.pmax ${get('sum')} ${splat(float(0))})`)),
                  when(
                    `(i32.eq ${get('activation')} ${int(2)})`,
                    set('sum', `(f32x4.pmin ${get('sum')} ${splat(float(6))})`),
                  ),
                  storeVector(add(get('y'), get('c')), get('sum')),
                ),
              ),
              set('x', add(get('x'), get('columnStep'))),
              set('y', add(get('y'), get('yPixel'))),
            ),
          ),
        ),
      ),
    ),
  )
})()

/** Sums of x · dy over a block of rows, for each tap and channel. */
const depthwiseGradient: Code = (() => {
  const d = (name: Field<'depthwiseGradient'>) => field('depthwiseGradient', name)
  const fields = readFields('depthwiseGradient', [
    'height',
    'width',
    'channels',
    'kernelHeight',
    'kernelWidth',
    'columnStep',
  ])
  const forBlockRows = (body: Code) =>
    loop(
      'row',
      get('first'),
      get('end'),
      int(1),
      lines(
        set('n', `(i32.div_u ${get('row')} ${get('height')})`),
        set('r', `(i32.rem_u ${get('row')} ${get('height')})`),
        set('x', add(add(d('xBase'), mul(get('n'), d('xImage'))), mul(get('r'), d('rowStep')))),
        set('x', add(get('x'), add(get('tap'), get('c')))),
        set('dy', add(rowAddress('depthwiseGradient', 'dyBase', 'dyImage', 'dyRow'), get('c'))),
        body,
      ),
    )
  return kernel(
    'depthwiseGradient',
    lines(
      fields.locals,
      local('i32', 'unit', 'first', 'end', 'row', 'n', 'r', 'q', 'c', 'i', 'j', 'tap', 'x', 'dy', 'out'),
      local('i32', 'bytes'),
      local('v128', 'sum'),
    ),
    lines(
      fields.code,
      set('bytes', bytesOfFloats(get('channels'))),
      forUnits(
        lines(
          set('first', mul(get('unit'), d('blockRows'))),
          set('end', add(get('first'), d('blockRows'))),
          when(`(i32.gt_s ${get('end')} ${d('rows')})`, set('end', d('rows'))),
          forVectors(
            'c',
            lines(
              set(
                'out',
                add(
                  add(d('partial'), get('c')),
                  mul(get('unit'), mul(mul(get('kernelHeight'), get('kernelWidth')), get('bytes'))),
                ),
              ),
              loop(
                'i',
                int(0),
                get('kernelHeight'),
                int(1),
                loop(
                  'j',
                  int(0),
                  get('kernelWidth'),
                  int(1),
                  lines(
                    set('tap', add(mul(get('i'), d('tapRow')), mul(get('j'), d('tapColumn')))),
                    set('sum', vector(0)),
                    forBlockRows(
                      forPixels(
                        lines(
                          set(
                            'sum',
                            addVectors(
                              get('sum'),
                              multiplyVectors(loadVector(get('x')), loadVector(get('dy'))),
                            ),
                          ),
                          set('x', add(get('x'), get('columnStep'))),
                          set('dy', add(get('dy'), get('bytes'))),
                        ),
                      ),
                    ),
                    storeVector(get('out'), get('sum')),
                    set('out', add(get('out'), get('bytes'))),
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

export const depthwiseKernels: Code = lines(depthwise, depthwiseGradient)
