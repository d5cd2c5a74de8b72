/** How many pictures go at a time where nothing is trained. */

/** Values of a batch's images together, so that small pictures go many at a time. */
const batchValues = 1_000_000
const largestBatch = 64

/** For pictures of so many values each. */
export function batchFor(values: number): number {
  return Math.min(largestBatch, Math.max(1, Math.floor(batchValues / values)))
}
