/** What training adds besides products and normalisations: gradients of pools, the loss, sums, the optimiser's step. */
import type { DescriptorName, Field } from '../src/engines/wasm/descriptors.ts'
import {
  add,
  addVectors,
  bytesOfFloats,
  type Code,
  field,
  float,
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
  readFields,
  set,
  splat,
  storeFloat,
  storeVector,
  sub,
  vector,
  when,
} from './wat.ts'
import { clip } from './windows.ts'

const pointer = (image: Code, row: Code, column: Code) =>
  add(add(get(image), row), add(mul(column, get('bytes')), get('c')))

/**
 * Windows in their order hand their gradients to the cells that they saw; an image belongs to one thread, so no two write to
 * one cell. `give` acts on a window whose clipped bounds are in locals, with its gradient in `gradient`.
 */
function poolGradient(name: string, give: Code): Code {
  const fields = readFields('poolGradient', [
    'height',
    'width',
    'channels',
    'xHeight',
    'xWidth',
    'kernelHeight',
    'kernelWidth',
    'xRow',
    'dyRow',
    'dxRow',
  ])
  const d = (name: Field<'poolGradient'>) => field('poolGradient', name)
  const imageOf = (base: Field<'poolGradient'>, image: Field<'poolGradient'>) =>
    add(d(base), mul(get('unit'), d(image)))
  return kernel(
    name,
    lines(
      fields.locals,
      local('i32', 'unit', 'r', 'q', 'c', 'i', 'j', 'cell', 'bytes', 'x', 'dy', 'dx'),
      local('i32', 'rowStart', 'columnStart', 'firstRow', 'endRow', 'firstColumn', 'endColumn'),
      local('v128', 'gradient', 'best', 'at', 'value', 'better'),
    ),
    lines(
      fields.code,
      set('bytes', bytesOfFloats(get('channels'))),
      forUnits(
        lines(
          set('x', imageOf('xBase', 'xImage')),
          set('dy', imageOf('dyBase', 'dyImage')),
          set('dx', imageOf('dxBase', 'dxImage')),
          loop(
            'r',
            int(0),
            get('xHeight'),
            int(1),
            `(memory.fill ${add(get('dx'), mul(get('r'), get('dxRow')))} ${int(0)} ${mul(get('xWidth'), get('bytes'))})`,
          ),
          loop(
            'r',
            int(0),
            get('height'),
            int(1),
            lines(
              set('rowStart', sub(mul(get('r'), d('strideDown')), d('top'))),
              clip('firstRow', 'endRow', 'rowStart', get('kernelHeight'), get('xHeight')),
              loop(
                'q',
                int(0),
                get('width'),
                int(1),
                lines(
                  set('columnStart', sub(mul(get('q'), d('strideAcross')), d('left'))),
                  clip('firstColumn', 'endColumn', 'columnStart', get('kernelWidth'), get('xWidth')),
                  forVectors(
                    'c',
                    lines(
                      set('gradient', loadVector(pointer('dy', mul(get('r'), get('dyRow')), get('q')))),
                      give,
                    ),
                  ),
                ),
              ),
            ),
          ),
        ),
      ),
    ),
  )
}

const cellOf = (image: 'x' | 'dx') => pointer(image, mul(get('i'), get(`${image}Row`)), get('j'))
const forCells = (body: Code): Code =>
  loop(
    'i',
    get('firstRow'),
    get('endRow'),
    int(1),
    loop(
      'j',
      get('firstColumn'),
      get('endColumn'),
      int(1),
      lines(body, set('cell', add(get('cell'), int(1)))),
    ),
  )

/** To the window's first greatest cell; `swallow` takes away what padding won. */
const toGreatest = (swallow: Code): Code =>
  lines(
    set('i', get('firstRow')),
    set('j', get('firstColumn')),
    set('best', loadVector(cellOf('x'))),
    set('at', '(v128.const i32x4 0 0 0 0)'),
    set('cell', int(0)),
    forCells(
      lines(
        set('value', loadVector(cellOf('x'))),
        set('better', `(f32x4.gt ${get('value')} ${get('best')})`),
        set('best', `(v128.bitselect ${get('value')} ${get('best')} ${get('better')})`),
        set('at', `(v128.bitselect (i32x4.splat ${get('cell')}) ${get('at')} ${get('better')})`),
      ),
    ),
    swallow,
    set('cell', int(0)),
    forCells(
      storeVector(
        cellOf('dx'),
        addVectors(
          loadVector(cellOf('dx')),
          `(v128.and ${get('gradient')} (i32x4.eq ${get('at')} (i32x4.splat ${get('cell')})))`,
        ),
      ),
    ),
  )

const cells = mul(sub(get('endRow'), get('firstRow')), sub(get('endColumn'), get('firstColumn')))
const windowSize = mul(get('kernelHeight'), get('kernelWidth'))
const whereClipped = (code: Code): Code => when(`(i32.lt_s ${cells} ${windowSize})`, code)

const evenly: Code = lines(
  set(
    'gradient',
    `(f32x4.div ${get('gradient')} ${splat(`(f32.convert_i32_s (select ${windowSize} ${cells} ${field('poolGradient', 'countPadding')}))`)})`,
  ),
  forCells(storeVector(cellOf('dx'), addVectors(loadVector(cellOf('dx')), get('gradient')))),
)

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
          storeVector(add(add(d('y'), mul(get('n'), d('yImage'))), get('group')), get('sum')),
        ),
      ),
    ),
  )
})()

/**
 * Natural logarithm of a normal positive number: x = m · 2^e with m around 1, and ln m = 2 · artanh((m - 1) / (m + 1)) as a
 * series, whose first left-out term is below 1e-13.
 */
const logarithm: Code = lines(
  '(func $logarithm (param $x f64) (result f64) (local $e i64) (local $s f64) (local $t f64) (local $sum f64)',
  // The exponent after division by sqrt(1 / 2), so that m lies between sqrt(1 / 2) and sqrt(2).
  set(
    'e',
    `(i64.sub (i64.shr_u (i64.reinterpret_f64 (f64.mul ${get('x')} (f64.const ${Math.SQRT2}))) (i64.const 52)) (i64.const 1023))`,
  ),
  set(
    'x',
    `(f64.mul ${get('x')} (f64.reinterpret_i64 (i64.shl (i64.sub (i64.const 1023) ${get('e')}) (i64.const 52))))`,
  ),
  set('s', `(f64.div (f64.sub ${get('x')} (f64.const 1)) (f64.add ${get('x')} (f64.const 1)))`),
  set('t', `(f64.mul ${get('s')} ${get('s')})`),
  set('sum', '(f64.const 0)'),
  [15, 13, 11, 9, 7, 5, 3, 1].map((power) =>
    set('sum', `(f64.add (f64.mul ${get('sum')} ${get('t')}) (f64.const ${1 / power}))`),
  ),
  `(f64.add (f64.mul (f64.const ${Math.LN2}) (f64.convert_i64_s ${get('e')})) (f64.mul (f64.mul (f64.const 2) ${get('s')}) ${get('sum')})))`,
)

const promoted = (address: Code): Code => `(f64.promote_f32 ${loadFloat(address)})`
const ofImage = <D extends DescriptorName>(descriptor: D, base: Field<D>, image: Field<D>): Code =>
  add(field(descriptor, base), mul(get('unit'), field(descriptor, image)))
const exponential = (x: Code): Code => `(f32x4.extract_lane 0 (call $exponential (f32x4.splat ${x})))`

/** The image's greatest logit and the sum of exp(z - greatest). */
const greatestAndSum: Code = lines(
  set('z', ofImage('crossEntropy', 'logits', 'logitsImage')),
  set('t', ofImage('crossEntropy', 'targets', 'targetsImage')),
  set('end', bytesOfFloats(field('crossEntropy', 'classes'))),
  set('greatest', float(Number.NEGATIVE_INFINITY)),
  loop(
    'k',
    int(0),
    get('end'),
    int(4),
    set('greatest', `(f32.max ${get('greatest')} ${loadFloat(add(get('z'), get('k')))})`),
  ),
  set('sum', '(f64.const 0)'),
  loop(
    'k',
    int(0),
    get('end'),
    int(4),
    set(
      'sum',
      `(f64.add ${get('sum')} (f64.promote_f32 ${exponential(`(f32.sub ${loadFloat(add(get('z'), get('k')))} ${get('greatest')})`)}))`,
    ),
  ),
)
const lossLocals = lines(
  local('i32', 'unit', 'k', 'z', 't', 'y', 'end'),
  local('f32', 'greatest', 'factor'),
  '(local $sum f64)',
)
const weightOfImage = loadFloat(ofImage('crossEntropy', 'weights', 'weightsImage'))

/** weight · (ln Σ exp z - Σ t · z) of each image. */
const crossEntropy: Code = kernel(
  'crossEntropy',
  lossLocals,
  forUnits(
    lines(
      greatestAndSum,
      set('sum', `(f64.add (call $logarithm ${get('sum')}) (f64.promote_f32 ${get('greatest')}))`),
      loop(
        'k',
        int(0),
        get('end'),
        int(4),
        set(
          'sum',
          `(f64.sub ${get('sum')} (f64.mul ${promoted(add(get('t'), get('k')))} ${promoted(add(get('z'), get('k')))}))`,
        ),
      ),
      storeFloat(
        add(field('crossEntropy', 'losses'), bytesOfFloats(get('unit'))),
        `(f32.mul ${weightOfImage} (f32.demote_f64 ${get('sum')}))`,
      ),
    ),
  ),
)

/** Numbers one after another, summed in double precision. */
function sumOf<D extends 'crossEntropy' | 'squares'>(
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

/** dloss · weight · (softmax z - t). */
const crossEntropyGradient: Code = kernel(
  'crossEntropyGradient',
  lossLocals,
  forUnits(
    lines(
      greatestAndSum,
      set('y', ofImage('crossEntropy', 'dLogits', 'dLogitsImage')),
      set('factor', `(f32.mul ${weightOfImage} ${loadFloat(field('crossEntropy', 'dLoss'))})`),
      loop(
        'k',
        int(0),
        get('end'),
        int(4),
        storeFloat(
          add(get('y'), get('k')),
          `(f32.mul ${get('factor')} (f32.sub (f32.div ${exponential(`(f32.sub ${loadFloat(add(get('z'), get('k')))} ${get('greatest')})`)} (f32.demote_f64 ${get('sum')})) ${loadFloat(add(get('t'), get('k')))}))`,
        ),
      ),
    ),
  ),
)

/** Byte offsets `i` to `end` of the units' floats in whole vectors; places past the count are padding. */
const unitVectors = (descriptor: 'sgd' | 'squares', unitBytes: number, body: Code): Code =>
  lines(
    set('end', mul(get('to'), int(unitBytes))),
    when(
      `(i32.gt_u ${get('end')} ${bytesOfFloats(field(descriptor, 'count'))})`,
      set('end', bytesOfFloats(field(descriptor, 'count'))),
    ),
    loop('i', mul(get('from'), int(unitBytes)), get('end'), int(16), body),
  )

/** PyTorch's rule: v = keep · v + (g + decay · p); p = p - rate · v, or with Nesterov's step p - rate · (g + keep · v). */
const sgd: Code = (() => {
  const d = (name: Field<'sgd'>) => field('sgd', name)
  const number = (name: 'rate' | 'keep' | 'decay') => set(name, splat(loadFloat(d(name))))
  const at = (name: 'p' | 'v' | 'g') => add(get(name), get('i'))
  return kernel(
    'sgd',
    lines(
      local('i32', 'i', 'end', 'p', 'v', 'g', 'nesterov'),
      local('v128', 'rate', 'keep', 'decay', 'gradient', 'moved'),
    ),
    lines(
      number('rate'),
      number('keep'),
      number('decay'),
      set('p', d('parameter')),
      set('v', d('momentum')),
      set('g', d('gradient')),
      set('nesterov', d('nesterov')),
      unitVectors(
        'sgd',
        4096,
        lines(
          set(
            'gradient',
            addVectors(loadVector(at('g')), multiplyVectors(get('decay'), loadVector(at('p')))),
          ),
          set('moved', addVectors(multiplyVectors(get('keep'), loadVector(at('v'))), get('gradient'))),
          storeVector(at('v'), get('moved')),
          when(
            get('nesterov'),
            set('moved', addVectors(get('gradient'), multiplyVectors(get('keep'), get('moved')))),
          ),
          storeVector(
            at('p'),
            `(f32x4.sub ${loadVector(at('p'))} ${multiplyVectors(get('rate'), get('moved'))})`,
          ),
        ),
      ),
    ),
  )
})()

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

export const gradients: Code = lines(
  poolGradient('maxPoolGradient', toGreatest('')),
  poolGradient(
    'maxPoolOverZerosGradient',
    toGreatest(
      whereClipped(
        set('gradient', `(v128.andnot ${get('gradient')} (f32x4.lt ${get('best')} ${vector(0)}))`),
      ),
    ),
  ),
  poolGradient('averagePoolGradient', evenly),
  channelSums,
  logarithm,
  crossEntropy,
  sumOf('lossSum', 'crossEntropy', ['losses', 'images', 'loss']),
  crossEntropyGradient,
  sgd,
  squares,
  sumOf('squaresSum', 'squares', ['partial', 'partials', 'y']),
)
