/** The module of one level: everything that the engine runs, over one imported memory. */
import { convolution, type TileOptions } from './convolution.ts'
import { functions } from './functions.ts'
import { rows } from './rows.ts'
import { vectors } from './vectors.ts'
import { type Code, lines } from './wat.ts'
import { windows } from './windows.ts'
import { winograd } from './winograd.ts'

/** Tiles that keep 128-bit registers full: 6×8 with fused multiply-add; one row fewer where a product needs a register. */
export const levels = {
  simd: { relaxed: false, rows: 5, fenceEvery: 2 },
  relaxed: { relaxed: true, rows: 6, fenceEvery: 1 },
} as const satisfies Record<string, TileOptions>

/** `shared`: whether the memory is one that threads share. */
export function moduleText(options: TileOptions & { readonly shared: boolean }): Code {
  return lines(
    `(module (import "env" "memory" (memory 1 65536${options.shared ? ' shared' : ''}))`,
    functions,
    convolution(options),
    winograd,
    rows,
    windows,
    vectors,
    ')',
  )
}
