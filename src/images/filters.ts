/** The kernels of Pillow's resampling filters: weight of a sample at distance x, zero from `support` on. */
import type { Interpolation } from '../architecture/preprocessing.ts'

export interface Filter {
  readonly support: number
  weight(x: number): number
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x)
}

const lanczosLobes = 3

/** a of Keys' cubic; the field's other libraries take -0.75. */
const cubic = -0.5

export const filters: Readonly<Record<Exclude<Interpolation, 'nearest'>, Filter>> = {
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: {
    support: 2,
    weight(signed) {
      const x = Math.abs(signed)
      if (x < 1) return ((cubic + 2) * x - (cubic + 3)) * x * x + 1
      return x < 2 ? (((x - 5) * x + 8) * x - 4) * cubic : 0
    },
  },
  lanczos: {
    support: lanczosLobes,
    weight: (x) => (Math.abs(x) < lanczosLobes ? sinc(x) * sinc(x / lanczosLobes) : 0),
  },
}
