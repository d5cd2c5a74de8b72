/**
 * Walks over a map by blocks of rows that leave two vectors of sums each, and over those of all blocks: who summed which does
 * not show in the result.
 */
import {
  add,
  bytesOfFloats,
  type Code,
  field,
  forPixels,
  get,
  int,
  lines,
  loop,
  mul,
  range,
  set,
  storeVector,
  when,
} from './wat.ts'

/** Vectors of a strip of channels: two sums and a constant for each of four fit into the registers. */
export const widest = 4
export const each = (vectors: number, code: (v: number) => Code): Code => lines(range(vectors).map(code))
export const numbered = (vectors: number, ...names: readonly string[]): readonly string[] =>
  names.flatMap((name) => range(vectors).map((v) => `${name}${v}`))

/** Goes over the channels of a pixel in strips, byte offset in local `c`; their count is a multiple of 8. */
export const forStrips = (body: (vectors: number) => Code): Code =>
  lines(
    set('c', int(0)),
    '(block $done (loop $strips',
    `(br_if $done (i32.gt_s ${add(get('c'), int(16 * widest))} ${get('bytes')}))`,
    body(widest),
    set('c', add(get('c'), int(16 * widest))),
    '(br $strips)))',
    when(`(i32.lt_s ${get('c')} ${get('bytes')})`, body(2)),
  )

/** Goes over the pixels of a block's rows; `start` sets the operands' addresses at a row's beginning, `body` moves them. */
export const forBlock = (start: Code, body: Code): Code =>
  loop(
    'row',
    get('first'),
    get('end'),
    int(1),
    lines(
      set('n', `(i32.div_u ${get('row')} ${get('height')})`),
      set('r', `(i32.rem_u ${get('row')} ${get('height')})`),
      start,
      forPixels(body),
    ),
  )

/** The rows of block `unit`, and where its sums go. */
export const openBlock = (descriptor: 'moments' | 'normGradientSums'): Code =>
  lines(
    set('first', mul(get('unit'), field(descriptor, 'blockRows'))),
    set('end', add(get('first'), field(descriptor, 'blockRows'))),
    when(`(i32.gt_s ${get('end')} ${field(descriptor, 'rows')})`, set('end', field(descriptor, 'rows'))),
    set('out', add(field(descriptor, 'partial'), mul(get('unit'), mul(get('bytes'), int(2))))),
  )

/** Writes sums `s` and `t` of a strip. */
export const closeStrip = (vectors: number): Code =>
  lines(
    set('p', add(get('out'), get('c'))),
    each(vectors, (v) => storeVector(get('p'), get(`s${v}`), 16 * v)),
    set('p', add(get('p'), get('bytes'))),
    each(vectors, (v) => storeVector(get('p'), get(`t${v}`), 16 * v)),
  )

/** Sums over blocks in local `block`, with `p` at the first of the block's two vectors and `q` at the second. */
export const forBlocks = (partial: Code, blocks: Code, channels: Code, body: Code): Code =>
  lines(
    set('p', add(partial, get('channel'))),
    loop(
      'block',
      int(0),
      blocks,
      int(1),
      lines(
        set('q', add(get('p'), bytesOfFloats(channels))),
        body,
        set('p', add(get('q'), bytesOfFloats(channels))),
      ),
    ),
  )

export const subtractVectors = (a: Code, b: Code): Code => `(f32x4.sub ${a} ${b})`
