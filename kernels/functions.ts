/** Exponential and what is made of it, four at a time. */
import { type Code, get, lines, set, vector } from './wat.ts'

/**
 * exp(x): x = k·ln 2 + r with |r| ≤ ln 2 / 2, a polynomial of degree 6 for exp(r) (relative error below 2e-7), and 2^k put
 * together from its bits. Clamped to ±87, where float32 ends.
 */
const exponential: Code = lines(
  '(func $exponential (param $x v128) (result v128) (local $k v128) (local $p v128)',
  set('x', `(f32x4.min (f32x4.max ${get('x')} ${vector(-87)}) ${vector(87)})`),
  set('k', `(f32x4.nearest (f32x4.mul ${get('x')} ${vector(Math.LOG2E)}))`),
  // ln 2 in two parts, so that r keeps its low bits.
  set('x', `(f32x4.sub ${get('x')} (f32x4.mul ${get('k')} ${vector(0.693359375)}))`),
  set('x', `(f32x4.sub ${get('x')} (f32x4.mul ${get('k')} ${vector(-2.1219444e-4)}))`),
  set('p', vector(1 / 720)),
  [1 / 120, 1 / 24, 1 / 6, 1 / 2, 1, 1].map((coefficient) =>
    set('p', `(f32x4.add (f32x4.mul ${get('p')} ${get('x')}) ${vector(coefficient)})`),
  ),
  `(f32x4.mul ${get('p')} (i32x4.shl (i32x4.add (i32x4.trunc_sat_f32x4_s ${get('k')}) (v128.const i32x4 127 127 127 127)) (i32.const 23))))`,
)

export const functions: Code = lines(
  exponential,
  '(func $sigmoid (param $x v128) (result v128)',
  `(f32x4.div ${vector(1)} (f32x4.add ${vector(1)} (call $exponential (f32x4.neg ${get('x')})))))`,
  '(func $silu (param $x v128) (result v128)',
  `(f32x4.mul ${get('x')} (call $sigmoid ${get('x')})))`,
  // dy · s · (1 - s), and for x · s also what x itself carries.
  '(func $sigmoidGradient (param $x v128) (param $dy v128) (result v128)',
  set('x', `(call $sigmoid ${get('x')})`),
  `(f32x4.mul ${get('dy')} (f32x4.mul ${get('x')} (f32x4.sub ${vector(1)} ${get('x')}))))`,
  '(func $siluGradient (param $x v128) (param $dy v128) (result v128) (local $s v128)',
  set('s', `(call $sigmoid ${get('x')})`),
  `(f32x4.mul ${get('dy')} (f32x4.mul ${get('s')} (f32x4.add ${vector(1)} (f32x4.mul ${get('x')} (f32x4.sub ${vector(1)} ${get('s')}))))))`,
)
