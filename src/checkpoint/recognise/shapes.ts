/** The names and shapes of a checkpoint as recognition asks about them. */
export class Shapes {
  readonly #shapes: ReadonlyMap<string, readonly number[]>

  constructor(shapes: Iterable<readonly [string, readonly number[]]>) {
    this.#shapes = new Map(shapes)
  }

  get size(): number {
    return this.#shapes.size
  }

  has(name: string): boolean {
    return this.#shapes.has(name)
  }

  entries(): Iterable<readonly [string, readonly number[]]> {
    return this.#shapes
  }

  /** Size of an axis of a tensor, or undefined where there is no such tensor or axis. */
  axis(name: string, axis: number): number | undefined {
    return this.#shapes.get(name)?.[axis]
  }

  rank(name: string): number {
    return this.#shapes.get(name)?.length ?? 0
  }

  /** How many of `name(0)`, `name(1)`, ... are there in a row. */
  count(name: (index: number) => string): number {
    let index = 0
    while (this.#shapes.has(name(index))) index++
    return index
  }
}

/** A convolution's weight [out, in / groups, kernel, kernel] as numbers. */
export interface ConvolutionShape {
  readonly out: number
  readonly inGroup: number
  readonly kernel: number
}

/** The convolution of a layer, or undefined where the file has none of that name. */
export function convolutionAt(shapes: Shapes, layer: string): ConvolutionShape | undefined {
  const weight = `${layer}.weight`
  if (shapes.rank(weight) !== 4) return undefined
  const [out = 0, inGroup = 0, kernel = 0] = [0, 1, 2].map((axis) => shapes.axis(weight, axis) ?? 0)
  return { out, inGroup, kernel }
}
