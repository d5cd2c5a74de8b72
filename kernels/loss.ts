/** The loss of classifiers, cross-entropy behind a softmax, and its gradient. */
import type { DescriptorName, Field } from '../src/engines/wasm/descriptors.ts'
import { promoted } from './doubles.ts'
import { sumOf } from './sums.ts'
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
  set,
  storeFloat,
} from './wat.ts'

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

export const loss: Code = lines(
  logarithm,
  crossEntropy,
  sumOf('lossSum', 'crossEntropy', ['losses', 'images', 'loss']),
  crossEntropyGradient,
)
