/** Arithmetic in double precision, for sums that many numbers go into. */
import { type Code, loadFloat, storeFloat } from './wat.ts'

export const promoted = (address: Code, offset = 0): Code => `(f64.promote_f32 ${loadFloat(address, offset)})`
export const double = (operator: string, a: Code, b: Code): Code => `(f64.${operator} ${a} ${b})`
export const doubles = (...names: readonly string[]): Code =>
  names.map((name) => `(local $${name} f64)`).join(' ')
export const storeDouble = (address: Code, value: Code): Code =>
  storeFloat(address, `(f32.demote_f64 ${value})`)
