/**
 * Values of several vectors side by side, which V8 fuses in pairs where it revectorizes: loads and stores lie next to each
 * other, and all parts go through the same operations.
 */
import { type Code, get, lines, loadVector, local, range, set, storeVector, vector } from './wat.ts'

/** The code of each part. */
export type Wide = (part: number) => Code

const partOf = (name: string, part: number) => `${name}_${part}`

export const getWide =
  (name: string): Wide =>
  (part) =>
    get(partOf(name, part))
export const loadWide =
  (pointer: Code, offset = 0): Wide =>
  (part) =>
    loadVector(pointer, offset + 16 * part)
/** The same vector in all parts. */
export const broadcast =
  (code: Code): Wide =>
  () =>
    code

const lift =
  (operation: string) =>
  (...values: readonly Wide[]): Wide =>
  (part) =>
    `(${operation} ${values.map((value) => value(part)).join(' ')})`

export const plus = lift('f32x4.add')
export const minus = lift('f32x4.sub')
export const product = lift('f32x4.mul')
export const times = (factor: number, value: Wide): Wide => product(broadcast(vector(factor)), value)
/** The greater, the lesser: one instruction in V8, where max and min are several. */
export const greater = lift('f32x4.pmax')
export const lesser = lift('f32x4.pmin')

/** Statements on values of so many vectors. */
export function wideCode(vectors: number) {
  const parts = range(vectors)
  return {
    bytes: 16 * vectors,
    local: (...names: readonly string[]): Code =>
      local('v128', ...names.flatMap((name) => parts.map((part) => partOf(name, part)))),
    set: (name: string, value: Wide): Code =>
      lines(parts.map((part) => set(partOf(name, part), value(part)))),
    store: (pointer: Code, value: Wide, offset = 0): Code =>
      lines(parts.map((part) => storeVector(pointer, value(part), offset + 16 * part))),
  }
}

export type WideCode = ReturnType<typeof wideCode>
