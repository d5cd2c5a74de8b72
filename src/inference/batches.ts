/** Pictures through a network in which nothing is trained, many at a time. */

/** Values of a batch's images together, so that small pictures go many at a time. */
const batchValues = 1_000_000
const largestBatch = 64

/** How many pictures go at a time, of so many values each. */
export function batchFor(values: number): number {
  return Math.min(largestBatch, Math.max(1, Math.floor(batchValues / values)))
}

export interface Walk<T> {
  readonly items: readonly T[]
  /** Of the network's input, for one picture. */
  readonly values: number
  /** How many go at a time (default: `batchFor`). */
  readonly batch?: number
  /** Writes the input of an item, which stands at a place; answers false where it cannot be read. */
  write(item: T, place: number, to: Float32Array): Promise<boolean>
  /** Answers for the inputs `[batch, values]` as many rows; those of missing pictures are not looked at. */
  run(inputs: Float32Array, batch: number): Promise<Float32Array>
}

export interface Answered<T> {
  readonly item: T
  /** Undefined for a picture that cannot be read. */
  readonly answer: Float32Array | undefined
}

/**
 * What the network answers for each picture, batch by batch in their order. Decoding and the engine take turns: each uses
 * all cores, and beside the other neither gets done sooner.
 */
export async function* answersOf<T>(walk: Walk<T>): AsyncGenerator<readonly Answered<T>[], void, undefined> {
  const { items, values, batch = batchFor(walk.values), write, run } = walk
  for (let start = 0; start < items.length; start += batch) {
    const taken = items.slice(start, start + batch)
    const inputs = new Float32Array(batch * values)
    const readable = await Promise.all(
      taken.map((item, i) => write(item, start + i, inputs.subarray(i * values, (i + 1) * values))),
    )
    const answers = await run(inputs, batch)
    const row = answers.length / batch
    yield taken.map((item, i) => ({
      item,
      answer: readable[i] === true ? answers.subarray(i * row, (i + 1) * row) : undefined,
    }))
  }
}
