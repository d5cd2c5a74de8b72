/** Kernels over windows of a map: pools and blurs. */
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
  forVectors,
  get,
  int,
  kernel,
  lines,
  load,
  loadFloat,
  loadVector,
  local,
  loop,
  mul,
  multiplyVectors,
  readFields,
  set,
  splat,
  storeVector,
  sub,
} from './wat.ts'

const maximum = (a: Code, b: Code) => `(select ${a} ${b} (i32.gt_s ${a} ${b}))`
const minimum = (a: Code, b: Code) => `(select ${a} ${b} (i32.lt_s ${a} ${b}))`

/** The part of a window that lies on the map, along one axis: `first` and `end`. */
export const clip = (first: string, end: string, start: string, kernelSize: Code, size: Code): Code =>
  lines(set(first, maximum(get(start), int(0))), set(end, minimum(add(get(start), kernelSize), size)))

interface Pool {
  readonly name: string
  /** What a window's sum starts from. */
  readonly start: Code
  readonly combine: (sum: Code, x: Code) => Code
  readonly finish: Code
}

function pool({ name, start, combine, finish }: Pool): Code {
  const fields = readFields('pool', [
    'height',
    'width',
    'channels',
    'xHeight',
    'xWidth',
    'kernelHeight',
    'kernelWidth',
    'xRow',
  ])
  const bytes = bytesOfFloats(get('channels'))
  const pixel = add(add(get('image'), mul(get('i'), get('xRow'))), add(mul(get('j'), get('bytes')), get('c')))
  return kernel(
    name,
    lines(
      fields.locals,
      local('i32', 'unit', 'n', 'r', 'y', 'q', 'c', 'i', 'j', 'bytes', 'image'),
      local('i32', 'rowStart', 'columnStart', 'firstRow', 'endRow', 'firstColumn', 'endColumn', 'cells'),
      local('v128', 'sum', 'factor'),
    ),
    lines(
      fields.code,
      set('bytes', bytes),
      forRows(
        get('height'),
        lines(
          set('y', rowAddress('pool', 'yBase', 'yImage', 'yRow')),
          set('image', add(field('pool', 'xBase'), mul(get('n'), field('pool', 'xImage')))),
          set('rowStart', sub(mul(get('r'), field('pool', 'strideDown')), field('pool', 'top'))),
          clip('firstRow', 'endRow', 'rowStart', get('kernelHeight'), get('xHeight')),
          forPixels(
            lines(
              set('columnStart', sub(mul(get('q'), field('pool', 'strideAcross')), field('pool', 'left'))),
              clip('firstColumn', 'endColumn', 'columnStart', get('kernelWidth'), get('xWidth')),
              set(
                'cells',
                mul(sub(get('endRow'), get('firstRow')), sub(get('endColumn'), get('firstColumn'))),
              ),
              forVectors(
                'c',
                lines(
                  set('sum', start),
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
                      set('sum', combine(get('sum'), loadVector(pixel))),
                    ),
                  ),
                  finish,
                  storeVector(add(get('y'), get('c')), get('sum')),
                ),
              ),
              set('y', add(get('y'), get('bytes'))),
            ),
          ),
        ),
      ),
    ),
  )
}

const window = mul(get('kernelHeight'), get('kernelWidth'))
const lowest = splat(float(Number.NEGATIVE_INFINITY))
const greater = (sum: Code, x: Code) => `(f32x4.pmax ${sum} ${x})`

const pools: Code = lines(
  pool({ name: 'maxPool', start: lowest, combine: greater, finish: '' }),
  pool({
    name: 'maxPoolOverZeros',
    start: `(select ${splat(float(0))} ${lowest} (i32.lt_s ${get('cells')} ${window}))`,
    combine: greater,
    finish: '',
  }),
  pool({
    name: 'averagePool',
    start: splat(float(0)),
    combine: addVectors,
    finish: set(
      'sum',
      multiplyVectors(
        get('sum'),
        splat(
          `(f32.div ${float(1)} (f32.convert_i32_s (select ${window} ${get('cells')} ${field('pool', 'countPadding')})))`,
        ),
      ),
    ),
  }),
)

/** Sums over rows and columns by tables: a blur with its padding, or its gradient. */
const separableFilter: Code = (() => {
  const d = (name: Field<'separableFilter'>) => field('separableFilter', name)
  const fields = readFields('separableFilter', ['height', 'width', 'channels', 'rowEntries', 'columnEntries'])
  /** Goes over the entries of place `index` of an axis in local `counter`, with the entry's address in local `entry`. */
  const forEntries = (axis: 'row' | 'column', index: string, counter: string, entry: string, body: Code) => {
    const starts = add(d(`${axis}Starts`), bytesOfFloats(get(index)))
    return loop(
      counter,
      load(starts),
      load(starts, 4),
      int(1),
      lines(set(entry, add(get(`${axis}Entries`), mul(get(counter), int(8)))), body),
    )
  }
  return kernel(
    'separableFilter',
    lines(
      fields.locals,
      local('i32', 'unit', 'n', 'r', 'x', 'y', 'q', 'c', 'i', 'j', 'p', 'bytes', 'rowEntry', 'columnEntry'),
      local('v128', 'weight'),
    ),
    lines(
      fields.code,
      set('bytes', bytesOfFloats(get('channels'))),
      forRows(
        get('height'),
        lines(
          set('y', rowAddress('separableFilter', 'yBase', 'yImage', 'yRow')),
          set('x', add(d('xBase'), mul(get('n'), d('xImage')))),
          forPixels(
            lines(
              `(memory.fill ${get('y')} ${int(0)} ${get('bytes')})`,
              forEntries(
                'row',
                'r',
                'i',
                'rowEntry',
                forEntries(
                  'column',
                  'q',
                  'j',
                  'columnEntry',
                  lines(
                    set('p', add(get('x'), add(load(get('rowEntry')), load(get('columnEntry'))))),
                    set(
                      'weight',
                      splat(`(f32.mul ${loadFloat(get('rowEntry'), 4)} ${loadFloat(get('columnEntry'), 4)})`),
                    ),
                    forVectors(
                      'c',
                      storeVector(
                        add(get('y'), get('c')),
                        addVectors(
                          loadVector(add(get('y'), get('c'))),
                          multiplyVectors(get('weight'), loadVector(add(get('p'), get('c')))),
                        ),
                      ),
                    ),
                  ),
                ),
              ),
              set('y', add(get('y'), get('bytes'))),
            ),
          ),
        ),
      ),
    ),
  )
})()

export const windows: Code = lines(pools, separableFilter)
