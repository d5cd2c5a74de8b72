/** The optimiser's step, and the moving average of what it makes. */
import type { Field } from '../src/engines/wasm/descriptors.ts'
import {
  add,
  addVectors,
  bytesOfFloats,
  type Code,
  field,
  float,
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
  when,
} from './wat.ts'

/** Bytes of a unit. */
const unitBytes = 4096

/** PyTorch's rule: v = keep · v + (scale · g + decay · p); p = p - rate · v, or with Nesterov's step p - rate · (g + keep · v). */
export const sgd: Code = (() => {
  const d = (name: Field<'sgd'>) => field('sgd', name)
  const number = (name: 'rate' | 'decay' | 'scale' | 'keep') => set(name, splat(loadFloat(d(name))))
  const at = (name: 'p' | 'v' | 'g') => add(get(name), get('i'))
  return kernel(
    'sgd',
    lines(
      local('i32', 'i', 'end', 'p', 'v', 'g', 'nesterov'),
      local('v128', 'rate', 'decay', 'scale', 'keep', 'gradient', 'moved'),
    ),
    lines(
      number('rate'),
      number('decay'),
      number('scale'),
      number('keep'),
      set('p', d('parameter')),
      set('v', d('momentum')),
      set('g', d('gradient')),
      set('nesterov', d('nesterov')),
      set('end', mul(get('to'), int(unitBytes))),
      when(`(i32.gt_u ${get('end')} ${bytesOfFloats(d('count'))})`, set('end', bytesOfFloats(d('count')))),
      // In whole vectors: places past the count are padding.
      loop(
        'i',
        mul(get('from'), int(unitBytes)),
        get('end'),
        int(16),
        lines(
          set(
            'gradient',
            addVectors(
              multiplyVectors(get('scale'), loadVector(at('g'))),
              multiplyVectors(get('decay'), loadVector(at('p'))),
            ),
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

/** average = keep · average + (1 - keep) · x. */
export const movingAverage: Code = (() => {
  const d = (name: Field<'movingAverage'>) => field('movingAverage', name)
  const at = (name: 'average' | 'x') => add(get(name), get('i'))
  return kernel(
    'movingAverage',
    lines(local('i32', 'i', 'end', 'average', 'x'), local('v128', 'keep', 'take')),
    lines(
      set('keep', splat(loadFloat(d('keep')))),
      set('take', `(f32x4.sub ${splat(float(1))} ${get('keep')})`),
      set('average', d('average')),
      set('x', d('x')),
      set('end', mul(get('to'), int(unitBytes))),
      when(`(i32.gt_u ${get('end')} ${bytesOfFloats(d('count'))})`, set('end', bytesOfFloats(d('count')))),
      loop(
        'i',
        mul(get('from'), int(unitBytes)),
        get('end'),
        int(16),
        storeVector(
          at('average'),
          addVectors(
            multiplyVectors(get('keep'), loadVector(at('average'))),
            multiplyVectors(get('take'), loadVector(at('x'))),
          ),
        ),
      ),
    ),
  )
})()
