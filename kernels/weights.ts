/**
 * Weights that change from step to step, put in the order of the kernels and their gradients put back. The state keeps them
 * as [K, C / groups, R, S]; the same walk with other steps reads a filter turned round, or filters and channels exchanged.
 */
import type { Level } from '../src/engines/wasm/levels.ts'
import { rowBytes } from './tiles.ts'
import {
  add,
  bytesOfFloats,
  type Code,
  field,
  forUnits,
  get,
  int,
  kernel,
  lines,
  load,
  loadFloat,
  local,
  loop,
  mul,
  set,
  storeFloat,
  when,
} from './wat.ts'

const d = (name: Parameters<typeof field<'weights'>>[1]) => field('weights', name)
const locals = local('i32', 'unit', 'filter', 'group', 'lane', 'tap', 'c', 'p', 'q', 'step', 'first', 'panel')

/** Address in the state of the filter's first element, and its first input among those of the groups merged with its own. */
const findFilter = lines(
  set('group', `(i32.div_u ${get('filter')} ${d('groupFilters')})`),
  set('first', mul(`(i32.rem_u ${get('group')} ${d('merged')})`, d('channels'))),
  set(
    'p',
    add(
      add(d('source'), mul(get('group'), d('groupStep'))),
      mul(`(i32.rem_u ${get('filter')} ${d('groupFilters')})`, d('filterStep')),
    ),
  ),
)

/** Goes over the filter's taps and channels, with `q` at the element in the state and `step` at the row of a panel. */
const forElements = (body: Code): Code =>
  loop(
    'tap',
    int(0),
    d('taps'),
    int(1),
    lines(
      set('q', add(get('p'), load(add(d('tapTable'), bytesOfFloats(get('tap')))))),
      set('step', add(mul(get('tap'), d('inputs')), get('first'))),
      loop(
        'c',
        int(0),
        d('channels'),
        int(1),
        lines(body, set('q', add(get('q'), d('channelStep'))), set('step', add(get('step'), int(1)))),
      ),
    ),
  )

const pack = (level: Level): Code =>
  kernel(
    'packPanels',
    lines(locals, local('f32', 'factor')),
    forUnits(
      lines(
        set('panel', add(d('panels'), mul(get('unit'), d('panelBytes')))),
        `(memory.fill ${get('panel')} ${int(0)} ${d('panelBytes')})`,
        loop(
          'lane',
          int(0),
          int(level.columns),
          int(1),
          lines(
            set('filter', add(mul(get('unit'), int(level.columns)), get('lane'))),
            when(
              `(i32.lt_u ${get('filter')} ${d('filters')})`,
              lines(
                findFilter,
                set('factor', loadFloat(add(d('factor'), bytesOfFloats(get('filter'))))),
                forElements(
                  storeFloat(
                    add(
                      add(get('panel'), bytesOfFloats(get('lane'))),
                      mul(get('step'), int(rowBytes(level))),
                    ),
                    `(f32.mul ${loadFloat(get('q'))} ${get('factor')})`,
                  ),
                ),
              ),
            ),
          ),
        ),
      ),
    ),
  )

const unpack = (level: Level): Code =>
  kernel(
    'unpackPanels',
    locals,
    forUnits(
      lines(
        set('filter', get('unit')),
        findFilter,
        set('lane', `(i32.rem_u ${get('filter')} ${d('setFilters')})`),
        set(
          'panel',
          add(
            add(d('panels'), mul(`(i32.div_u ${get('filter')} ${d('setFilters')})`, d('setBytes'))),
            add(
              mul(`(i32.div_u ${get('lane')} ${int(level.columns)})`, d('panelBytes')),
              bytesOfFloats(`(i32.rem_u ${get('lane')} ${int(level.columns)})`),
            ),
          ),
        ),
        forElements(
          storeFloat(get('q'), loadFloat(add(get('panel'), mul(get('step'), int(rowBytes(level)))))),
        ),
      ),
    ),
  )

/** Floats of a unit of `copy`. */
const copy: Code = kernel(
  'copy',
  local('i32', 'first', 'end'),
  lines(
    set('first', mul(get('from'), int(4096))),
    set('end', mul(get('to'), int(4096))),
    when(
      `(i32.gt_u ${get('end')} ${bytesOfFloats(field('copy', 'count'))})`,
      set('end', bytesOfFloats(field('copy', 'count'))),
    ),
    `(memory.copy ${add(field('copy', 'y'), get('first'))} ${add(field('copy', 'x'), get('first'))} (i32.sub ${get('end')} ${get('first')}))`,
  ),
)

export const weights = (level: Level): Code => lines(pack(level), unpack(level), copy)
