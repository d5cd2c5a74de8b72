/** The optimisers' steps, and the moving average of what they make. Vectors are whole: places past a tensor's count are zeros. */
import { type DescriptorName, type Field, fieldOffset } from '../src/engines/wasm/descriptors.ts'
import { double, doubles, promoted, storeDouble } from './doubles.ts'
import {
  add,
  addVectors,
  bytesOfFloats,
  type Code,
  field,
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
  set,
  splat,
  storeVector,
  vector,
  when,
} from './wat.ts'

/** Bytes of a unit. */
const unitBytes = 4096

/** Goes over the vectors of a kernel's units, at byte `i` of a tensor of so many floats. */
const forBlocks = (count: Code, body: Code): Code =>
  lines(
    set('end', mul(get('to'), int(unitBytes))),
    when(`(i32.gt_u ${get('end')} ${bytesOfFloats(count)})`, set('end', bytesOfFloats(count))),
    loop('i', mul(get('from'), int(unitBytes)), get('end'), int(16), body),
  )
const blockLocals = local('i32', 'i', 'end')
const here = (tensor: string): Code => add(get(tensor), get('i'))
const subtract = (a: Code, b: Code): Code => `(f32x4.sub ${a} ${b})`
/** The number at the address in a field, in all places of a vector. */
const number = <D extends DescriptorName>(descriptor: D, name: Field<D>): Code =>
  set(name, splat(loadFloat(field(descriptor, name))))

/** PyTorch's rule: v = keep · v + (scale · g + decay · p); p = p - rate · v, or with Nesterov's step p - rate · (g + keep · v). */
const sgd: Code = (() => {
  const d = (name: Field<'sgd'>) => field('sgd', name)
  return kernel(
    'sgd',
    lines(
      blockLocals,
      local('i32', 'p', 'v', 'g', 'nesterov'),
      local('v128', 'rate', 'decay', 'scale', 'keep', 'gradient', 'moved'),
    ),
    lines(
      number('sgd', 'rate'),
      number('sgd', 'decay'),
      number('sgd', 'scale'),
      number('sgd', 'keep'),
      set('p', d('parameter')),
      set('v', d('momentum')),
      set('g', d('gradient')),
      set('nesterov', d('nesterov')),
      forBlocks(
        d('count'),
        lines(
          set(
            'gradient',
            addVectors(
              multiplyVectors(get('scale'), loadVector(here('g'))),
              multiplyVectors(get('decay'), loadVector(here('p'))),
            ),
          ),
          set('moved', addVectors(multiplyVectors(get('keep'), loadVector(here('v'))), get('gradient'))),
          storeVector(here('v'), get('moved')),
          when(
            get('nesterov'),
            set('moved', addVectors(get('gradient'), multiplyVectors(get('keep'), get('moved')))),
          ),
          storeVector(here('p'), subtract(loadVector(here('p')), multiplyVectors(get('rate'), get('moved')))),
        ),
      ),
    ),
  )
})()

/** base^n, by squaring. */
const power: Code = lines(
  '(func $power (param $base f64) (param $n i32) (result f64) (local $product f64)',
  set('product', '(f64.const 1)'),
  '(block $end (loop $next',
  `(br_if $end (i32.eqz ${get('n')}))`,
  when(`(i32.and ${get('n')} ${int(1)})`, set('product', double('mul', get('product'), get('base')))),
  set('base', double('mul', get('base'), get('base'))),
  set('n', `(i32.shr_u ${get('n')} ${int(1)})`),
  `(br $next))) ${get('product')})`,
)

/** Adam's next moments, and the direction m̂ / (√v̂ + epsilon) + decay · p. `betas`: beta1, beta2 and epsilon in double precision. */
const adamDirection: Code = (() => {
  const d = (name: Field<'adam'>) => field('adam', name)
  const single = (value: Code): Code => splat(`(f32.demote_f64 ${value})`)
  const one = '(f64.const 1)'
  const setting = (index: number): Code => `(f64.load offset=${8 * index} ${d('betas')})`
  /** 1 - beta^step, the part of a moment that is there. */
  const correction = (beta: string): Code =>
    double('sub', one, `(call $power ${get(beta)} (i32.trunc_sat_f32_u ${loadFloat(d('step'))}))`)
  return kernel(
    'adamDirection',
    lines(
      blockLocals,
      local('i32', 'p', 'g', 'm', 'v', 'u'),
      doubles('beta1', 'beta2'),
      local('v128', 'decay', 'scale', 'keep1', 'take1', 'keep2', 'take2', 'lead', 'root', 'epsilon'),
      local('v128', 'gradient', 'first', 'second'),
    ),
    lines(
      number('adam', 'decay'),
      number('adam', 'scale'),
      set('beta1', setting(0)),
      set('beta2', setting(1)),
      set('epsilon', single(setting(2))),
      ...(['1', '2'] as const).flatMap((k) => [
        set(`keep${k}`, single(get(`beta${k}`))),
        set(`take${k}`, single(double('sub', one, get(`beta${k}`)))),
      ]),
      set('lead', single(double('div', one, correction('beta1')))),
      set('root', single(double('div', one, `(f64.sqrt ${correction('beta2')})`))),
      set('p', d('parameter')),
      set('g', d('gradient')),
      set('m', d('first')),
      set('v', d('second')),
      set('u', d('direction')),
      forBlocks(
        d('count'),
        lines(
          set('gradient', multiplyVectors(get('scale'), loadVector(here('g')))),
          set(
            'first',
            addVectors(
              multiplyVectors(get('keep1'), loadVector(here('m'))),
              multiplyVectors(get('take1'), get('gradient')),
            ),
          ),
          set(
            'second',
            addVectors(
              multiplyVectors(get('keep2'), loadVector(here('v'))),
              multiplyVectors(get('take2'), multiplyVectors(get('gradient'), get('gradient'))),
            ),
          ),
          storeVector(here('m'), get('first')),
          storeVector(here('v'), get('second')),
          set(
            'second',
            addVectors(multiplyVectors(get('root'), `(f32x4.sqrt ${get('second')})`), get('epsilon')),
          ),
          storeVector(
            here('u'),
            addVectors(
              `(f32x4.div ${multiplyVectors(get('lead'), get('first'))} ${get('second')})`,
              multiplyVectors(get('decay'), loadVector(here('p'))),
            ),
          ),
        ),
      ),
    ),
  )
})()

/** p = p - rate · direction. */
const descend: Code = (() => {
  const d = (name: Field<'descend'>) => field('descend', name)
  return kernel(
    'descend',
    lines(blockLocals, local('i32', 'p', 'u'), local('v128', 'rate')),
    lines(
      number('descend', 'rate'),
      set('p', d('parameter')),
      set('u', d('direction')),
      forBlocks(
        d('count'),
        storeVector(
          here('p'),
          subtract(loadVector(here('p')), multiplyVectors(get('rate'), loadVector(here('u')))),
        ),
      ),
    ),
  )
})()

/** A tensor's trust ratio in local `ratio`: 1 where there is no decay or a norm is zero, else what `ratio` says. */
const trustKernel = (name: string, ratio: Code, answer: Code): Code => {
  const number64 = (of: 'decay' | 'factor') => set(of, promoted(field('trust', of)))
  const zero = '(f64.const 0)'
  const root = (of: Field<'trust'>) => `(f64.sqrt ${promoted(field('trust', of))})`
  return kernel(
    name,
    doubles('decay', 'factor', 'parameter', 'direction', 'ratio'),
    lines(
      number64('decay'),
      number64('factor'),
      set('parameter', root('parameterSquares')),
      set('direction', root('directionSquares')),
      set('ratio', '(f64.const 1)'),
      when(
        `(i32.and ${double('ne', get('decay'), zero)} (i32.and ${double('gt', get('parameter'), zero)} ${double('gt', get('direction'), zero)}))`,
        set('ratio', ratio),
      ),
      answer,
    ),
  )
}
const scaledBy = (value: string): Code => double('mul', get(value), get('ratio'))
const answerAt = field('trust', 'y')

/** LARS: what multiplies a tensor's gradient, and its decay behind it. */
const larsRatio: Code = trustKernel(
  'larsRatio',
  double(
    'div',
    double('mul', promoted(get('d'), fieldOffset('trust', 'coefficient')), get('parameter')),
    double(
      'add',
      double('mul', get('factor'), get('direction')),
      double('mul', get('decay'), get('parameter')),
    ),
  ),
  lines(storeDouble(answerAt, scaledBy('factor')), storeDouble(add(answerAt, int(4)), scaledBy('decay'))),
)

/** LAMB: a tensor's rate. */
const lambRatio: Code = trustKernel(
  'lambRatio',
  double('div', get('parameter'), get('direction')),
  storeDouble(answerAt, scaledBy('factor')),
)

/** average = keep · average + (1 - keep) · x. */
const movingAverage: Code = (() => {
  const d = (name: Field<'movingAverage'>) => field('movingAverage', name)
  return kernel(
    'movingAverage',
    lines(blockLocals, local('i32', 'average', 'x'), local('v128', 'keep', 'take')),
    lines(
      number('movingAverage', 'keep'),
      set('take', subtract(vector(1), get('keep'))),
      set('average', d('average')),
      set('x', d('x')),
      forBlocks(
        d('count'),
        storeVector(
          here('average'),
          addVectors(
            multiplyVectors(get('keep'), loadVector(here('average'))),
            multiplyVectors(get('take'), loadVector(here('x'))),
          ),
        ),
      ),
    ),
  )
})()

export const update: Code = lines(power, sgd, adamDirection, descend, larsRatio, lambRatio, movingAverage)
