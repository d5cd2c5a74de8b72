/**
 * What training adds to Winograd's F(4×4, 3×3) (arXiv:1509.09308): filters transformed in every step, since they change, and
 * the gradient of the weights. With V = Bᵀ x B and U = G w Gᵀ the forward pass is Aᵀ (U · V) A, so the gradient of U at each
 * of the 36 places is Vᵀ · (A dy Aᵀ), summed over tiles, and dw = Gᵀ dU G.
 */
import { winogradPlan } from '../src/engines/wasm/descriptors.ts'
import type { Level } from '../src/engines/wasm/levels.ts'
import { rowBytes, vectorsOf } from './tiles.ts'
import {
  add,
  type Code,
  field,
  forUnits,
  get,
  int,
  kernel,
  lines,
  local,
  loop,
  mul,
  range,
  set,
  sub,
  vector,
  when,
} from './wat.ts'
import { broadcast, getWide, loadWide, minus, plus, product, times, type Wide, wideCode } from './wide.ts'
import { transformShared, transformWidth } from './winograd.ts'
import { e, o, type Transform, transformTiles, vectorNames, x, y } from './winograd-transforms.ts'

const { places, blockFilters } = winogradPlan

/** y = A x: six vectors from four. */
const gradientTransform: Transform = ({ set }) =>
  lines(
    set('y0', x(0)),
    set('e', plus(x(0), x(2))),
    set('o', plus(x(1), x(3))),
    set('y1', plus(e, o)),
    set('y2', minus(e, o)),
    set('e', plus(x(0), times(4, x(2)))),
    set('o', plus(x(1), times(4, x(3)))),
    set('o', plus(o, o)),
    set('y3', plus(e, o)),
    set('y4', minus(e, o)),
    set('y5', x(3)),
  )

/** y = G x: six vectors from three. */
const filterTransform: Transform = ({ set }) =>
  lines(
    set('y0', times(1 / 4, x(0))),
    set('y5', x(2)),
    set('e', times(-1 / 6, plus(x(0), x(2)))),
    set('o', times(1 / 6, x(1))),
    set('y1', minus(e, o)),
    set('y2', plus(e, o)),
    set('e', plus(times(1 / 24, x(0)), times(1 / 6, x(2)))),
    set('o', times(1 / 12, x(1))),
    set('y3', plus(e, o)),
    set('y4', minus(e, o)),
  )

/** y = Gᵀ x: three vectors from six. */
const filterGradientTransform: Transform = ({ set }) =>
  lines(
    set('e', times(1 / 6, plus(x(1), x(2)))),
    set('o', plus(x(3), x(4))),
    set('y0', plus(minus(times(1 / 4, x(0)), e), times(1 / 24, o))),
    set('y1', plus(times(1 / 6, minus(x(2), x(1))), times(1 / 12, minus(x(3), x(4))))),
    set('y2', plus(minus(times(1 / 6, o), e), x(5))),
  )

/** Filters are read and written lane by lane, so they go through one vector at a time. */
const single = wideCode(1)
const filterLocals = single.local(...vectorNames, ...range(18).map((i) => `h${i}`))
const h = (i: number): Wide => getWide(`h${i}`)

/** Loads one float of each of four filters, `step` bytes apart, into the lanes of a vector. */
const gatherFour = (address: Code): Wide =>
  broadcast(
    range(4).reduce(
      (value, lane) =>
        `(v128.load32_lane ${lane} ${add(address, mul(get('filterStep'), int(lane)))} ${value})`,
      vector(0),
    ),
  )

/** Filters of a panel, four at a time; those past the last are zeros. Out goes [block][place][panel][channel][column]. */
const filters = (level: Level): Code => {
  const d = (name: Parameters<typeof field<'winogradFilters'>>[1]) => field('winogradFilters', name)
  const panelsOfBlock = blockFilters / level.columns
  const placeOf = (row: number, column: number) => add(get('out'), mul(get('place'), int(row * 6 + column)))
  return kernel(
    'winogradFilters',
    lines(
      local('i32', 'unit', 'block', 'panels', 'c', 'p', 'q', 'out', 'place', 'filterStep', 'tapStep'),
      filterLocals,
    ),
    lines(
      set('filterStep', d('filterStep')),
      set('tapStep', d('tapStep')),
      forUnits(
        lines(
          set('block', `(i32.div_u ${get('unit')} ${int(panelsOfBlock)})`),
          set('panels', sub(d('panelCount'), mul(get('block'), int(panelsOfBlock)))),
          when(`(i32.gt_u ${get('panels')} ${int(panelsOfBlock)})`, set('panels', int(panelsOfBlock))),
          // Bytes of one place of the block: its panels' channels.
          set('place', mul(mul(get('panels'), d('channels')), int(rowBytes(level)))),
          set(
            'out',
            add(
              add(
                d('weights'),
                mul(mul(get('block'), d('channels')), int(panelsOfBlock * places * rowBytes(level))),
              ),
              mul(
                mul(`(i32.rem_u ${get('unit')} ${int(panelsOfBlock)})`, d('channels')),
                int(rowBytes(level)),
              ),
            ),
          ),
          set('p', add(d('source'), mul(mul(get('unit'), int(level.columns)), get('filterStep')))),
          loop(
            'c',
            int(0),
            d('channels'),
            int(1),
            lines(
              vectorsOf(level).map((v) =>
                lines(
                  set('q', add(get('p'), mul(get('filterStep'), int(4 * v)))),
                  range(3).map((column) =>
                    lines(
                      when(
                        `(i32.lt_u ${add(mul(get('unit'), int(level.columns)), int(4 * v))} ${d('filters')})`,
                        lines(
                          range(3).map((row) =>
                            single.set(
                              `x${row}`,
                              product(
                                gatherFour(add(get('q'), mul(get('tapStep'), int(3 * row + column)))),
                                loadWide(add(d('factor'), mul(get('unit'), int(rowBytes(level)))), 16 * v),
                              ),
                            ),
                          ),
                        ),
                        lines(range(3).map((row) => single.set(`x${row}`, broadcast(vector(0))))),
                      ),
                      filterTransform(single),
                      range(6).map((row) => single.set(`h${row * 3 + column}`, y(row))),
                    ),
                  ),
                  range(6).map((row) =>
                    lines(
                      range(3).map((column) => single.set(`x${column}`, h(row * 3 + column))),
                      filterTransform(single),
                      range(6).map((column) => single.store(placeOf(row, column), y(column), 16 * v)),
                    ),
                  ),
                ),
              ),
              set('p', add(get('p'), d('channelStep'))),
              set('out', add(get('out'), int(rowBytes(level)))),
            ),
          ),
        ),
      ),
    ),
  )
}

/** Places of the weights' gradient [place][panel][channel][column] into [K, C, 3, 3]. */
const gradient = (level: Level): Code => {
  const d = (name: Parameters<typeof field<'winogradGradient'>>[1]) => field('winogradGradient', name)
  return kernel(
    'winogradGradient',
    lines(local('i32', 'unit', 'c', 'p', 'q', 'filterStep', 'placeBytes', 'filter'), filterLocals),
    lines(
      set('filterStep', mul(d('channels'), int(36))),
      set('placeBytes', d('placeBytes')),
      forUnits(
        loop(
          'c',
          int(0),
          d('channels'),
          int(1),
          lines(
            vectorsOf(level).map((v) =>
              lines(
                set('filter', add(mul(get('unit'), int(level.columns)), int(4 * v))),
                when(
                  `(i32.lt_u ${get('filter')} ${d('filters')})`,
                  lines(
                    set(
                      'p',
                      add(
                        add(d('source'), mul(get('unit'), d('panelBytes'))),
                        add(mul(get('c'), int(rowBytes(level))), int(16 * v)),
                      ),
                    ),
                    range(6).map((row) =>
                      lines(
                        range(6).map((column) =>
                          single.set(
                            `x${column}`,
                            loadWide(add(get('p'), mul(get('placeBytes'), int(row * 6 + column)))),
                          ),
                        ),
                        filterGradientTransform(single),
                        range(3).map((column) => single.set(`h${row * 3 + column}`, y(column))),
                      ),
                    ),
                    set(
                      'q',
                      add(add(d('target'), mul(get('filter'), get('filterStep'))), mul(get('c'), int(36))),
                    ),
                    range(3).map((column) =>
                      lines(
                        range(6).map((row) => single.set(`x${row}`, h(row * 3 + column))),
                        filterGradientTransform(single),
                        range(3).map((row) =>
                          lines(
                            range(4).map(
                              (lane) =>
                                `(v128.store32_lane offset=${(3 * row + column) * 4} ${lane} ${add(get('q'), mul(get('filterStep'), int(lane)))} ${y(row)(0)})`,
                            ),
                          ),
                        ),
                      ),
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

export const winogradTraining = (level: Level): Code =>
  lines(
    transformTiles('transformGradient', 4, gradientTransform, transformWidth(level)),
    transformShared('winogradGradientTransform', 'transformGradient'),
    filters(level),
    gradient(level),
  )
