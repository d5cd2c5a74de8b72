/** Kernels that go over the rows of maps: affine and activation, sums and products, copies, layout. */

import type { DescriptorName, Field } from '../src/engines/wasm/descriptors.ts'
import {
  add,
  addVectors,
  bytesOfFloats,
  type Code,
  field,
  forPixels,
  forRows,
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
  storeFloat,
  storeVector,
  vector,
} from './wat.ts'

/** The address of row `r` of image `n` of an operand. */
export function rowAddress<D extends DescriptorName>(
  descriptor: D,
  base: Field<D>,
  image: Field<D>,
  row: Field<D>,
): Code {
  return add(
    field(descriptor, base),
    add(mul(get('n'), field(descriptor, image)), mul(get('r'), field(descriptor, row))),
  )
}

const same = (x: Code): Code => x

/** What acts on a vector when it is done, by the name's ending. */
const activations: Readonly<Record<string, (x: Code) => Code>> = {
  none: same,
  relu: (x) => `(f32x4.pmax ${x} (v128.const f32x4 0 0 0 0))`,
  relu6: (x) => `(f32x4.pmin (f32x4.pmax ${x} (v128.const f32x4 0 0 0 0)) (v128.const f32x4 6 6 6 6))`,
  sigmoid: (x) => `(call $sigmoid ${x})`,
  silu: (x) => `(call $silu ${x})`,
}

/** y = act(x · scale + shift), or of that and a second map. */
function affine(activation: string, act: (x: Code) => Code, { summed }: { readonly summed: boolean }): Code {
  const fields = readFields('affine', ['height', 'width', 'channels'])
  const plusSum = (y: Code) => (summed ? addVectors(y, loadVector(add(get('sum'), get('c')))) : y)
  const perChannel = (vector: 'scale' | 'shift', image: 'scaleImage' | 'shiftImage') =>
    add(field('affine', vector), mul(get('n'), field('affine', image)))
  return kernel(
    `${summed ? 'affineSum' : 'affine'}_${activation}`,
    lines(
      fields.locals,
      local('i32', 'unit', 'n', 'r', 'x', 'y', 'sum', 'scale', 'shift', 'q', 'c', 'bytes'),
    ),
    lines(
      fields.code,
      set('bytes', bytesOfFloats(get('channels'))),
      forRows(
        get('height'),
        lines(
          set('x', rowAddress('affine', 'xBase', 'xImage', 'xRow')),
          set('y', rowAddress('affine', 'yBase', 'yImage', 'yRow')),
          summed ? set('sum', rowAddress('affine', 'sumBase', 'sumImage', 'sumRow')) : '',
          set('scale', perChannel('scale', 'scaleImage')),
          set('shift', perChannel('shift', 'shiftImage')),
          forPixels(
            lines(
              forVectors(
                'c',
                storeVector(
                  add(get('y'), get('c')),
                  act(
                    plusSum(
                      addVectors(
                        multiplyVectors(
                          loadVector(add(get('x'), get('c'))),
                          loadVector(add(get('scale'), get('c'))),
                        ),
                        loadVector(add(get('shift'), get('c'))),
                      ),
                    ),
                  ),
                ),
              ),
              set('x', add(get('x'), get('bytes'))),
              set('y', add(get('y'), get('bytes'))),
              summed ? set('sum', add(get('sum'), get('bytes'))) : '',
            ),
          ),
        ),
      ),
    ),
  )
}

function binary(name: string, combine: (a: Code, b: Code) => Code): Code {
  const fields = readFields('binary', ['height', 'count'])
  return kernel(
    name,
    lines(fields.locals, local('i32', 'unit', 'n', 'r', 'a', 'b', 'y', 'i', 'bytes')),
    lines(
      fields.code,
      set('bytes', bytesOfFloats(get('count'))),
      forRows(
        get('height'),
        lines(
          set('a', rowAddress('binary', 'aBase', 'aImage', 'aRow')),
          set('b', rowAddress('binary', 'bBase', 'bImage', 'bRow')),
          set('y', rowAddress('binary', 'yBase', 'yImage', 'yRow')),
          forVectors(
            'i',
            storeVector(
              add(get('y'), get('i')),
              combine(loadVector(add(get('a'), get('i'))), loadVector(add(get('b'), get('i')))),
            ),
          ),
        ),
      ),
    ),
  )
}

/** Copies a run of channels, pixel by pixel. */
const copyChannels = (() => {
  const fields = readFields('copyChannels', ['height', 'width', 'count', 'xPixel', 'yPixel'])
  const at = (pointer: 'x' | 'y') => add(get(pointer), get('i'))
  return kernel(
    'copyChannels',
    lines(fields.locals, local('i32', 'unit', 'n', 'r', 'x', 'y', 'q', 'i', 'bytes', 'whole')),
    lines(
      fields.code,
      set('bytes', bytesOfFloats(get('count'))),
      set('whole', `(i32.and ${get('bytes')} ${int(-16)})`),
      forRows(
        get('height'),
        lines(
          set('x', rowAddress('copyChannels', 'xBase', 'xImage', 'xRow')),
          set('y', rowAddress('copyChannels', 'yBase', 'yImage', 'yRow')),
          forPixels(
            lines(
              loop('i', int(0), get('whole'), int(16), storeVector(at('y'), loadVector(at('x')))),
              loop('i', get('whole'), get('bytes'), int(4), storeFloat(at('y'), loadFloat(at('x')))),
              set('x', add(get('x'), get('xPixel'))),
              set('y', add(get('y'), get('yPixel'))),
            ),
          ),
        ),
      ),
    ),
  )
})()

/** One element of a plane and of a map, for the walk below. */
function planes(name: string, move: (plane: Code, pixel: Code) => Code): Code {
  const fields = readFields('planes', ['height', 'width', 'channels', 'pixelBytes'])
  return kernel(
    name,
    lines(fields.locals, local('i32', 'unit', 'n', 'r', 'y', 'p', 'q', 'c', 'planeBytes')),
    lines(
      fields.code,
      set('planeBytes', bytesOfFloats(mul(get('height'), get('width')))),
      forRows(
        get('height'),
        lines(
          loop(
            'c',
            int(0),
            get('channels'),
            int(1),
            lines(
              set('y', add(rowAddress('planes', 'yBase', 'yImage', 'yRow'), bytesOfFloats(get('c')))),
              set(
                'p',
                add(
                  add(field('planes', 'planes'), mul(get('n'), field('planes', 'planesImage'))),
                  add(mul(get('c'), get('planeBytes')), bytesOfFloats(mul(get('r'), get('width')))),
                ),
              ),
              forPixels(
                lines(
                  move(get('p'), get('y')),
                  set('p', add(get('p'), int(4))),
                  set('y', add(get('y'), get('pixelBytes'))),
                ),
              ),
            ),
          ),
        ),
      ),
    ),
  )
}

/** dx from an activation's input (for those that cut off, its output tells as much) and dy. A NaN lets dy pass. */
const activationGradients: Readonly<Record<string, (x: Code, dy: Code) => Code>> = {
  relu: (x, dy) => `(v128.andnot ${dy} (f32x4.le ${x} ${vector(0)}))`,
  relu6: (x, dy) => `(v128.andnot ${dy} (v128.or (f32x4.le ${x} ${vector(0)}) (f32x4.ge ${x} ${vector(6)})))`,
  sigmoid: (x, dy) => `(call $sigmoidGradient ${x} ${dy})`,
  silu: (x, dy) => `(call $siluGradient ${x} ${dy})`,
}

export const rows: Code = lines(
  Object.entries(activations).map(([name, act]) => affine(name, act, { summed: false })),
  // What follows a residual sum, in networks that normalise before it.
  ['none', 'relu', 'relu6'].map((name) => affine(name, activations[name] ?? same, { summed: true })),
  binary('add_none', addVectors),
  binary('add_relu', (a, b) => `(f32x4.pmax ${addVectors(a, b)} (v128.const f32x4 0 0 0 0))`),
  binary('multiply', multiplyVectors),
  Object.entries(activationGradients).map(([name, gradient]) => binary(`${name}Gradient`, gradient)),
  copyChannels,
  planes('fromPlanes', (plane, pixel) => storeFloat(pixel, loadFloat(plane))),
  planes('toPlanes', (plane, pixel) => storeFloat(plane, loadFloat(pixel))),
)
