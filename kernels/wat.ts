/** A little vocabulary for WebAssembly text, so that kernels read as what they compute. */
import { type DescriptorName, type Field, fieldOffset } from '../src/engines/wasm/descriptors.ts'

/** An expression or a list of statements. */
export type Code = string

export const lines = (...parts: readonly (Code | readonly Code[])[]): Code => parts.flat().join('\n')
export const range = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index)

export const get = (local: string): Code => `(local.get $${local})`
export const set = (local: string, value: Code): Code => `(local.set $${local} ${value})`
export const int = (value: number): Code => `(i32.const ${value})`
export const add = (a: Code, b: Code): Code => `(i32.add ${a} ${b})`
export const sub = (a: Code, b: Code): Code => `(i32.sub ${a} ${b})`
export const mul = (a: Code, b: Code): Code => `(i32.mul ${a} ${b})`
export const bytesOfFloats = (count: Code): Code => `(i32.shl ${count} (i32.const 2))`
export const load = (pointer: Code, offset = 0): Code => `(i32.load offset=${offset} ${pointer})`
export const loadFloat = (pointer: Code, offset = 0): Code => `(f32.load offset=${offset} ${pointer})`
export const storeFloat = (pointer: Code, value: Code, offset = 0): Code =>
  `(f32.store offset=${offset} ${pointer} ${value})`
export const loadVector = (pointer: Code, offset = 0): Code => `(v128.load offset=${offset} ${pointer})`
export const storeVector = (pointer: Code, value: Code, offset = 0): Code =>
  `(v128.store offset=${offset} ${pointer} ${value})`
export const splat = (value: Code): Code => `(f32x4.splat ${value})`
export const float = (value: number): Code =>
  `(f32.const ${value === Number.NEGATIVE_INFINITY ? '-inf' : value})`
export const vector = (value: number): Code =>
  `(v128.const f32x4 ${range(4)
    .map(() => value)
    .join(' ')})`
export const addVectors = (a: Code, b: Code): Code => `(f32x4.add ${a} ${b})`
export const multiplyVectors = (a: Code, b: Code): Code => `(f32x4.mul ${a} ${b})`
export const when = (condition: Code, yes: Code, no?: Code): Code =>
  `(if ${condition} (then ${yes})${no === undefined ? '' : ` (else ${no})`})`

export const local = (type: 'i32' | 'f32' | 'v128', ...names: readonly string[]): Code =>
  names.map((name) => `(local $${name} ${type})`).join(' ')

/** for (counter = from; counter < to; counter += step) body */
export function loop(counter: string, from: Code, to: Code, step: Code, body: Code): Code {
  return lines(
    set(counter, from),
    `(block $end_${counter} (loop $next_${counter}`,
    `(br_if $end_${counter} (i32.ge_s ${get(counter)} ${to}))`,
    body,
    set(counter, add(get(counter), step)),
    `(br $next_${counter})))`,
  )
}

/** A field of the descriptor that parameter `d` points to. */
export const field = <D extends DescriptorName>(descriptor: D, name: Field<D>): Code =>
  load(get('d'), fieldOffset(descriptor, name))

/** An exported kernel: units `from` to `to` of the work that descriptor `d` tells. */
export function kernel(name: string, locals: Code, body: Code): Code {
  return lines(`(func (export "${name}") (param $d i32) (param $from i32) (param $to i32)`, locals, body, ')')
}

/** Reads descriptor fields into locals of the same names. */
export function readFields<D extends DescriptorName>(
  descriptor: D,
  names: readonly Field<D>[],
): { locals: Code; code: Code } {
  return {
    locals: local('i32', ...names),
    code: lines(names.map((name) => set(name, field(descriptor, name)))),
  }
}

/** Goes over a kernel's units in local `unit`. */
export const forUnits = (body: Code): Code => loop('unit', get('from'), get('to'), int(1), body)

/** The same for units that are rows of maps `height` high: image in local `n`, row in local `r`. */
export const forRows = (height: Code, body: Code): Code =>
  forUnits(
    lines(
      set('n', `(i32.div_u ${get('unit')} ${height})`),
      set('r', `(i32.rem_u ${get('unit')} ${height})`),
      body,
    ),
  )

/** Goes over the pixels of a row in local `q`. */
export const forPixels = (body: Code): Code => loop('q', int(0), get('width'), int(1), body)

/** Goes over vectors of four floats in local `counter`, up to local `bytes`. */
export const forVectors = (counter: string, body: Code): Code =>
  loop(counter, int(0), get('bytes'), int(16), body)
