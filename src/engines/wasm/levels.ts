/** The levels of the kernels: one module of WebAssembly each, generated from the same source. */

/** The tile of convolutions, of which everything follows in which the levels differ. */
export interface Level {
  /** What its vectors are called, for people. */
  readonly title: string
  /** Fused multiply-add of relaxed SIMD, or multiplication and addition. */
  readonly relaxed: boolean
  /** Output pixels of the largest tile. */
  readonly rows: number
  /** Filters of a tile, and so of a panel of packed weights. */
  readonly columns: number
  /** A fence after every so many rows. */
  readonly fenceEvery: number
}

/**
 * Tiles that keep the registers full: 6×8 with fused multiply-add, one row fewer where a product needs a register; 6×16 where
 * V8 revectorizes, that is, fuses pairs of 128-bit operations into one of 256 bits.
 */
export const levels = {
  simd: { title: 'SIMD', relaxed: false, rows: 5, columns: 8, fenceEvery: 2 },
  relaxed: { title: 'relaxed SIMD', relaxed: true, rows: 6, columns: 8, fenceEvery: 1 },
  wide: { title: 'revectorized SIMD', relaxed: true, rows: 6, columns: 16, fenceEvery: 6 },
} as const satisfies Record<string, Level>

export type LevelName = keyof typeof levels
